package dev.mica.helper;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.Hold;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import dev.mica.vm.Console;
import dev.mica.vm.Machine;
import dev.mica.vm.share.Share;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The helper VM of this host: it serves the unions that are made {@code via guest}, as many as
 * there are, is started when the first is made, and powers itself off when there has been none for
 * a while.
 */
public final class HelperVm {
  static final Duration IDLE = Duration.ofMinutes(1);

  private final Caller caller;
  private final StateDir home;
  private final Machine machine;
  private final Records records;

  HelperVm(Caller caller, StateDir state, Machine machine, Records records) {
    this.caller = caller;
    this.home = state;
    this.machine = machine;
    this.records = records;
  }

  /** What it is made of, as far as that can be looked at without booting it. */
  public List<Machine.Part> parts() {
    return machine.parts();
  }

  /** Whether it runs: NONE, RUNNING, PAUSED or STUCK. */
  public Machine.State state() {
    return machine.status().state();
  }

  /** QEMU's process id; 0 where it does not run. */
  public long pid() {
    return machine.status().pid();
  }

  /** Since when it runs. */
  public Optional<Instant> started() {
    return machine.status().started();
  }

  /** How its processor is run: {@code kvm} or {@code tcg}; "" where it does not run. */
  public String accel() {
    return machine.status().accel();
  }

  /** The release of its kernel; "" where it does not run. */
  public String kernel() {
    return machine.status().kernel();
  }

  /** What it was given, bytes. */
  public long memory() {
    return machine.status().memory();
  }

  /** The folders of this host that it has. */
  public List<Share> shares() {
    return machine.shares();
  }

  /** The names of the unions it is to serve. */
  public List<String> unions() {
    return home.read(records::names);
  }

  /** What its console said since it was started. */
  public Folder log() {
    return Folder.of(caller, machine.consoleLog());
  }

  /** Its console, live and in both directions; to be closed. One at a time may have it. */
  public Console console() {
    return caller.change(Role.OPERATOR, "attach to", "the helper VM's console", machine::console);
  }

  /** Sees that it runs; making a union does so by itself. */
  public void start() {
    caller.run(Role.OPERATOR, "start", "the helper VM", () -> machine.boot(IDLE));
  }

  /** Powers it off. Fails, naming them, while it serves unions. */
  public void stop() {
    caller.run(Role.OPERATOR, "stop", "the helper VM", this::shutdown);
  }

  private void shutdown() {
    try (Hold _ = home.hold("stop the helper VM", Machine.HELPER)) {
      if (!records.names().isEmpty()) {
        throw MicaException.failed(
                "stop", "the helper VM", "it serves " + String.join(", ", records.names()))
            .hint("remove these unions first");
      }
      machine.shutdown();
    }
  }

  /** Ends it at once; the unions it serves are dead until they are mounted again. */
  public void kill() {
    caller.run(Role.OPERATOR, "kill", "the helper VM", machine::kill);
  }
}
