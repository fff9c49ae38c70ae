package dev.mica.vm;

import dev.mica.MicaException;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import dev.mica.union.Helper;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Serves unions by the helper VM. Of each there is a record, written before anything is done for
 * it; all else is asked of what is really there, so that any process can go on where another died.
 */
public final class HelperServer implements Helper {
  private static final int PORTS = 500;

  private final StateDir state;
  private final Machine machine;
  private final Records records;

  /** By the helper VM of that state directory. */
  public HelperServer(StateDir state) {
    this.state = state;
    this.machine = Machine.of(state);
    this.records = state.records("helper");
  }

  /** The VM itself. */
  public HelperVm vm() {
    return new HelperVm(state, machine, records);
  }

  @Override
  public Optional<String> refusal() {
    return machine.refusal().map(failure -> String.valueOf(failure.getMessage()));
  }

  @Override
  public void start() {
    vm().start();
  }

  @Override
  public void mount(Served union) {
    try (StateDir.Lock _ = state.lock("serve the union " + union.name())) {
      HelperRecord record = HelperRecord.of(union, freePort());
      records.put(union.name(), record.toJson());
      machine.boot();
      try (Agent agent = machine.agent()) {
        bring(agent, record);
        Path socket = machine.plugPort(record.port());
        agent.exportFuse(record.name(), record.port());
        relay(union.name()).start(union, socket);
      }
    }
  }

  private void bring(Agent agent, HelperRecord union) {
    List<Path> lowers =
        union.lowers().stream().map(lower -> Path.of(share(agent, lower, true))).toList();
    if (union.aside() == null) {
      agent.union(union.name(), lowers, null, null);
      return;
    }
    Path aside = Path.of(share(agent, union.aside(), false));
    agent.union(union.name(), lowers, aside.resolve("upper"), aside.resolve("work"));
  }

  /** What the guest calls it. */
  private String share(Agent agent, Path folder, boolean readOnly) {
    Machine.Share share = machine.plugShare(folder, readOnly);
    Agent.Probe probe = agent.mountShare(share.tag(), share.tag(), readOnly);
    if (!readOnly) {
      requireUpper(folder, probe);
    }
    return share.tag();
  }

  /** A share that loses a mark silently would make an upper that means something else. */
  private static void requireUpper(Path folder, Agent.Probe probe) {
    TreeSet<String> missing = new TreeSet<>(List.of("link", "trusted", "whiteout", "xattr"));
    missing.removeAll(probe.can());
    if (!missing.isEmpty()) {
      throw MicaException.failed(
              "have an upper in",
              folder,
              "as the helper VM sees it, it has no " + String.join(", ", missing))
          .hint("take an upper on another file system");
    }
  }

  private String freePort() {
    List<String> taken = all().stream().map(HelperRecord::port).toList();
    for (int i = 0; i < PORTS; i++) {
      String port = "dev.mica.export." + i;
      if (!taken.contains(port)) {
        return port;
      }
    }
    throw MicaException.failed("serve", "another union", "the helper VM serves " + PORTS);
  }

  @Override
  public void flush(String name) {
    try (StateDir.Lock _ = state.lock("flush the union " + name);
        Agent agent = machine.agent()) {
      agent.sync(name);
    }
  }

  @Override
  public void clear(String name) {
    try (StateDir.Lock _ = state.lock("end serving the union " + name)) {
      relay(name).stop();
      Optional<HelperRecord> record = record(name);
      if (record.isPresent()) {
        take(record.get());
        records.remove(name);
      }
    }
  }

  /** Afterwards nothing in the guest can write to the union's upper any more. */
  private void take(HelperRecord union) {
    if (machine.status().state() != Machine.State.RUNNING) {
      machine.kill(); // what is left of it serves nobody
      return;
    }
    try (Agent agent = machine.agent()) {
      take(agent, union);
    } catch (MicaException wedged) {
      machine.kill(); // unions it served besides are dead as well, and can be remounted
    }
  }

  private void take(Agent agent, HelperRecord union) {
    agent.unexport(union.name());
    agent.unmount(union.name());
    machine.unplugPort(union.port());
    for (Machine.Share share : machine.shares()) {
      if (union.uses(share.folder()) && !isUsedByAnother(share.folder(), union)) {
        agent.unmountShare(share.tag());
        machine.unplugShare(share.tag());
      }
    }
  }

  private boolean isUsedByAnother(Path folder, HelperRecord union) {
    return all().stream()
        .anyMatch(other -> !other.name().equals(union.name()) && other.uses(folder));
  }

  @Override
  public Optional<String> problem(String name) {
    return switch (machine.status().state()) {
      case NONE -> Optional.of("the helper VM has ended");
      case STUCK -> Optional.of("the helper VM does not answer");
      case PAUSED -> Optional.of("the helper VM stands still");
      case RUNNING -> record(name).flatMap(this::loss);
    };
  }

  private Optional<String> loss(HelperRecord union) {
    if (!relay(union.name()).isRunning()) {
      return Optional.of("its relay has ended");
    }
    List<Path> served = machine.shares().stream().map(Machine.Share::folder).toList();
    return union.folders().stream()
        .filter(folder -> !served.contains(folder))
        .findFirst()
        .map(folder -> "the file server of " + folder + " has ended");
  }

  private Relay relay(String name) {
    return new Relay(state.path().resolve("relays"), name);
  }

  private List<HelperRecord> all() {
    return records.names().stream().map(this::record).flatMap(Optional::stream).toList();
  }

  private Optional<HelperRecord> record(String name) {
    return records.find(name).map(HelperRecord::of);
  }
}
