package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.core.LayerFlag;
import dev.mica.core.TarLimits;
import dev.mica.core.Tars;
import dev.mica.core.TreeTotals;
import dev.mica.state.Hold;
import dev.mica.state.StateDir;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;

/**
 * Takes what the container of one VM changed over its start folder, as it is at one moment. The
 * guest sends the guest folder of that moment as a stream, with a check of all that is in it; the
 * core makes a layer of it, and there is one only if its check is the same.
 */
final class VmCapture {
  private static final String PORT = "dev.mica.capture";
  private static final int TOKEN = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final StateDir state;
  private final Runner runner;
  private final String doing;

  /** To do {@code doing} with the VM: "commit". */
  VmCapture(StateDir state, Runner runner, String doing) {
    this.state = state;
    this.runner = runner;
    this.doing = doing;
  }

  private Hold lock() {
    String name = runner.vm().name();
    return state.hold(doing + " the VM " + name, Vms.object(name));
  }

  /** The moment that it is at; to be closed. */
  Moment moment() {
    return Moment.of(runner, doing, this::lock);
  }

  /** Makes {@code layer}, a folder that does not exist yet, of what it had changed by then. */
  TreeTotals receive(Moment moment, Path layer, Set<LayerFlag> flags) {
    if (moment.isUntouched()) {
      return empty(layer);
    }
    Machine machine = runner.machine();
    byte[] bytes = new byte[TOKEN];
    RANDOM.nextBytes(bytes);
    String token = HexFormat.of().formatHex(bytes);
    boolean done = false;
    try {
      Path port;
      long peer;
      try (Hold _ = moment.hold();
          Agent agent = machine.agent()) {
        Agent.Answer<Boolean> mounted = moment.mount(agent);
        port = machine.plugPort(PORT);
        peer = machine.status().pid();
        boolean _ = mounted.await();
        agent.capture(moment.disk(), VmStart.UPPER, PORT, token);
      }
      TreeTotals totals = Tars.receive(port, peer, token, layer, limits(), flags);
      done = true;
      return totals;
    } finally {
      if (!done) {
        machine.unplugPort(PORT); // which ends the guest's sending
      }
    }
  }

  /** What the guest would have made of the guest folder at the first start. */
  private TreeTotals empty(Path layer) {
    Core.makeDirectoryLike(runner.vm().lowers().getFirst(), layer);
    return new TreeTotals(1, 0);
  }

  /** A guest that sends more than its disk can have, sends something else. */
  private TarLimits limits() {
    return new TarLimits(4 * runner.diskSize(), 0, 0, 0);
  }
}
