package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.state.Hold;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.agent.AgentFailure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The guest folder of one VM as it was at one moment, to be read in its guest for as long as this
 * is open.
 *
 * <p>Of a VM that is up it is on a snapshot of the VM's disk, beside which the container goes on. A
 * VM that is not up has nobody who writes: its guest is booted to read the disk itself, and ended
 * afterwards.
 */
final class Moment implements AutoCloseable {
  private static final int PLACE = 0;
  private static final String SNAPSHOT = "snapshot";

  /** There is nothing on the disk yet. */
  private static final String UNTOUCHED = "";

  /** The guest lets the container go on after that, whatever becomes of us. */
  private static final Duration DEADLINE = Duration.ofSeconds(10);

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
   * Now of a VM that is up, and the end of one that is not, which cannot be started while this is
   * open.
   *
   * @param doing what it is for: "commit"
   * @param lock locks the VM, for the short while that its machine is changed, or for all the while
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
   * Has the guest mount what is read, in a conversation with its agent and with the VM locked; to
   * be waited for.
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

  /** QEMU gives a snapshot up rather than have the guest's own writes fail. */
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

  /** The container stands still in between, and never longer than the guest lets it. */
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

  /** How long the container stood still for it. */
  Duration held() {
    return held;
  }

  /** Whether it is of a VM that has no guest folder yet. */
  boolean isUntouched() {
    return disk.equals(UNTOUCHED);
  }

  /** Which disk of the guest has it. */
  String disk() {
    return disk;
  }

  /** Locks the VM, for a short while. */
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

  /** Ends one that was cut short with the process that held it. */
  static void end(Runner runner) {
    if (runner.status().isUp()) {
      release(runner);
    } else {
      runner.machine().kill();
    }
  }

  /** Ends the snapshot of a VM, if there is one, at whatever step it is. */
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
