package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.state.Hold;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.agent.AgentFailure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The guest folder of one VM as it was at one moment. It can be read in the VM's guest as long as
 * this is open.
 *
 * <p>If the VM is up, the folder is on a snapshot of the VM's disk, and the container goes on
 * meanwhile. If the VM is not up, nothing writes: its guest is booted to read the disk itself, and
 * is ended afterwards.
 */
final class Moment implements AutoCloseable {
  private static final int PLACE = 0;
  private static final String SNAPSHOT = "snapshot";

  /** The state in which there is nothing on the disk yet. */
  private static final String UNTOUCHED = "";

  /** After this time the guest lets the container go on, whatever happens to this process. */
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  /** How the guest says that a container is not held: it never was, or went on by itself. */
  private static final Set<String> NOT_HELD = Set.of("ESRCH", "ETIMEDOUT");

  private final Runner runner;
  private final String disk;
  private final Duration held;
  private final Supplier<Hold> lock;
  private final Optional<Hold> kept;
  private final String doing;

  private Moment(
      Runner runner,
      String disk,
      Duration held,
      Supplier<Hold> lock,
      Optional<Hold> kept,
      String doing) {
    this.runner = runner;
    this.disk = disk;
    this.held = held;
    this.lock = lock;
    this.kept = kept;
    this.doing = doing;
  }

  /**
   * The current moment of a VM that is up; otherwise its last state. Such a VM cannot be started
   * while this is open.
   *
   * @param doing what it is for: "commit"
   * @param lock locks the VM, either for the short time while its machine is changed, or for the
   *     whole time
   */
  static Moment of(Runner runner, String doing, Supplier<Hold> lock) {
    if (!runner.status().isUp()) {
      Hold hold = lock.get();
      boolean done = false;
      try {
        if (!runner.status().isUp()) { // nobody has started it meanwhile
          Moment moment = atTheEnd(runner, doing, lock, hold);
          done = true;
          return moment;
        }
      } finally {
        if (!done) {
          hold.close();
        }
      }
    }
    return now(runner, doing, lock);
  }

  private static Moment now(Runner runner, String doing, Supplier<Hold> lock) {
    try (Hold _ = lock.get()) {
      runner.status().requireUp(doing);
      new Lowers(runner.home(), runner.vm()).requireSame(doing);
      return new Moment(runner, SNAPSHOT, take(runner), lock, Optional.empty(), doing);
    }
  }

  /**
   * Asks the guest to mount what is read, in a conversation with its agent and with the VM locked.
   * The caller must wait for the result.
   */
  Agent.Answer<Boolean> mount(Agent agent) {
    if (kept.isPresent()) {
      return () -> true; // it is
    }
    Agent.Answer<Boolean> mounted =
        agent.mountSnapshot(runner.machine().plugSnapshot(PLACE), SNAPSHOT);
    return () -> {
      try {
        return mounted.await();
      } catch (MicaException failure) {
        throw isSpoilt(failure) ? spoilt(runner, doing, failure) : failure;
      }
    };
  }

  /** QEMU gives up a snapshot if otherwise the guest's own writes would fail. */
  private static boolean isSpoilt(MicaException failure) {
    return failure.getCause() instanceof AgentFailure agent && agent.errno().equals("EIO");
  }

  private static MicaException spoilt(Runner runner, String doing, MicaException failure) {
    return MicaException.failed(
            doing + " the VM",
            runner.vm().name(),
            "what its disk had at that moment could not be kept while it was written on")
        .hint("see that the file system of Mica's state has room for that")
        .because(failure);
  }

  private static Moment atTheEnd(Runner runner, String doing, Supplier<Hold> lock, Hold hold) {
    new Lowers(runner.home(), runner.vm()).requireSame(doing);
    if (runner.status().isUntouched()) {
      return new Moment(runner, UNTOUCHED, Duration.ZERO, lock, Optional.of(hold), doing);
    }
    boolean done = false;
    try {
      runner.machine().boot(Duration.ZERO);
      try (Agent agent = runner.machine().agent()) {
        boolean _ = agent.mountDisk(VmStart.SERIAL, VmStart.DISK, List.of(VmStart.UPPER)).await();
      }
      done = true;
      return new Moment(runner, VmStart.DISK, Duration.ZERO, lock, Optional.of(hold), doing);
    } finally {
      if (!done) {
        runner.machine().kill();
      }
    }
  }

  /** In between, the container is frozen, and never longer than the guest allows. */
  private static Duration take(Runner runner) {
    Machine machine = runner.machine();
    String id = runner.vm().id();
    try (Agent agent = machine.agent()) {
      agent.unmountDisk(SNAPSHOT); // nothing of an earlier one is taken for this
      Duration held;
      boolean done = false;
      try {
        agent.freeze(id, VmStart.DISK, DEADLINE);
        try {
          machine.takeSnapshot(PLACE);
        } finally {
          held = agent.thaw(id);
        }
        done = true;
        return held;
      } finally {
        if (!done) {
          machine.releaseSnapshot(PLACE);
        }
      }
    }
  }

  /** How long the container was frozen for it. */
  Duration held() {
    return held;
  }

  /** Whether the VM has no guest folder yet. */
  boolean isUntouched() {
    return disk.equals(UNTOUCHED);
  }

  /** The disk of the guest that has it. */
  String disk() {
    return disk;
  }

  /** Locks the VM for a short time. */
  Hold hold() {
    return lock.get();
  }

  @Override
  public void close() {
    try (Hold _ = lock.get()) {
      if (kept.isEmpty()) {
        release(runner);
      } else if (!isUntouched()) {
        runner.machine().shutdown();
      }
    } finally {
      kept.ifPresent(Hold::close);
    }
  }

  /** Ends a moment whose process was killed, perhaps while the container was held for it. */
  static void end(Runner runner) {
    if (runner.status().isUp()) {
      thaw(runner);
      release(runner);
    } else {
      runner.machine().kill();
    }
  }

  private static void thaw(Runner runner) {
    try (Agent agent = runner.machine().agent()) {
      agent.thaw(runner.vm().id());
    } catch (MicaException failure) {
      if (!(failure.getCause() instanceof AgentFailure agent)
          || !NOT_HELD.contains(agent.errno())) {
        throw failure;
      }
    }
  }

  /** Ends the snapshot of a VM at any step, if there is one. */
  private static void release(Runner runner) {
    Machine machine = runner.machine();
    if (machine.status().state() == Machine.State.NONE) {
      return; // with its QEMU it has gone
    }
    MicaException failure = null;
    try (Agent agent = machine.agent()) {
      agent.unmountDisk(SNAPSHOT);
    } catch (MicaException silent) {
      failure = silent;
    }
    try {
      machine.releaseSnapshot(PLACE);
    } catch (MicaException worse) {
      if (failure != null) {
        worse.addSuppressed(failure);
      }
      throw worse;
    }
    if (failure != null) {
      throw failure;
    }
  }
}
