package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.StateDir;
import dev.mica.text.Signals;
import dev.mica.vm.Machine;
import dev.mica.vm.MachineSpec;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.process.Poll;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Runs the container of one VM, and ends it. A caller that changes something has the VM locked. Its
 * state is its {@link VmStatus}.
 */
final class Runner {
  private static final int KILLED = 137;

  /** A killed process is gone soon, unless something hangs. */
  private static final Duration SOON = Duration.ofSeconds(10);

  private static final Duration FOREVER = Duration.ofDays(365);

  private final StateDir state;
  private final VmRecord vm;
  private final VmFiles files;
  private final Machine machine;
  private final Monitor monitor;
  private final Restarting restarting;
  private final VmStatus status;

  Runner(StateDir state, VmRecord vm) {
    this.state = state;
    this.vm = vm;
    this.files = VmFiles.of(state, vm.id());
    this.machine = Machine.of(state, spec(vm, files));
    this.monitor = new Monitor(files);
    this.restarting = new Restarting(vm.restart(), files);
    this.status = new VmStatus(state, vm, machine, monitor, restarting);
  }

  private static MachineSpec spec(VmRecord vm, VmFiles files) {
    return MachineSpec.container(
        vm.name(),
        VmFiles.relative(vm.id()) + "/machine",
        vm.id(),
        vm.memory(),
        vm.processors(),
        List.of(files.disk()));
  }

  VmRecord vm() {
    return vm;
  }

  /** The state directory. */
  Path home() {
    return state.path();
  }

  Restarting restarting() {
    return restarting;
  }

  Machine machine() {
    return machine;
  }

  /** The size to which its guest folder may grow, in bytes. */
  long diskSize() {
    try {
      return Files.size(files.disk());
    } catch (IOException broken) {
      throw MicaException.failed("look at", files.disk(), Why.of(broken)).because(broken);
    }
  }

  /** Its state. */
  VmStatus status() {
    return status;
  }

  /**
   * Its program has ended, and its guest is about to end. Waits until the guest has written what it
   * has to write.
   */
  void awaitShutdown() {
    machine.shutdown();
  }

  /** Somebody ends it, so it must not be started again by its policy. */
  void endRestarts() {
    boolean waits = status.state() == Vm.State.RESTARTING;
    restarting.forbid();
    if (waits) {
      monitor.stop();
      restarting.stop();
    }
  }

  /**
   * Boots its VM, gives it its folders and starts its program.
   *
   * @param restarts how often it was started by its policy, this start included
   * @param ready runs right before the program starts, when callers can attach to it
   */
  void start(Restarts restarts, Runnable ready) {
    VmStart start = start();
    start.requireParts();
    forgetRun();
    restarting.allow();
    if (restarts.count() > 0) {
      restarting.keep(restarts);
    }
    start.run(ready);
  }

  private VmStart start() {
    return new VmStart(state, vm, machine, monitor);
  }

  /** Fails if this host lacks something that it needs to start. Then nothing has been done. */
  void requireParts() {
    start().requireParts();
  }

  /**
   * Ends its processes, and forgets how it ended, because it was never started or will be started
   * again.
   */
  void forgetRun() {
    clear();
    files.forgetRun();
    restarting.forgetRun();
  }

  /** Ends its processes, whatever they do, and does not wait for processes that still read. */
  void clear() {
    machine.kill();
    monitor.stop();
    restarting.stop();
  }

  /**
   * Its ports as they are now. While it does not run, a port that is chosen at each start has the
   * number 0.
   */
  List<Port> ports() {
    return files.keptPorts().filter(_ -> status.isUp()).orElse(vm.network().ports());
  }

  /**
   * Attaches to its first process, by the monitor.
   *
   * @param all whether the process waits for us if we are slow, so that we miss nothing
   */
  Attachable attach(boolean all) {
    if (!monitor.isAlive()) {
      throw MicaException.failed("attach to the VM", vm.name(), "it is " + status.text());
    }
    ProcessStream stream = ProcessStream.connect(files.attach(), "the VM " + vm.name());
    boolean done = false;
    try {
      if (all) {
        stream.requireAll();
      }
      done = true;
      return new Attachable(stream, vm.input(), vm.terminal(), true);
    } catch (IOException gone) {
      throw MicaException.failed("attach to the VM", vm.name(), Why.of(gone)).because(gone);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("attach to the VM", vm.name(), "interrupted").because(stop);
    } finally {
      if (!done) {
        stream.close();
      }
    }
  }

  /** Asks its program to end, and then ends its VM. */
  void stop(Duration patience) {
    if (status.hasLostAFolder() || status.isHalted()) {
      kill(); // neither its program nor its guest can end by itself
      return;
    }
    if (status.isUp()) {
      thaw();
      signal(Signals.number(vm.stopSignal()).orElse(Signals.TERM), false);
      if (!ends(patience)) {
        signal(Signals.KILL, true);
        boolean _ = ends(SOON);
      }
    }
    machine.shutdown();
    boolean _ = ends(SOON); // its port hangs up
    forgetPause();
  }

  /**
   * Waits until it is known how its program ended, or until that can no longer become known.
   * Returns whether it is known. Its monitor may live longer, because it waits for processes that
   * still read.
   */
  private boolean ends(Duration limit) {
    return Poll.until(limit, () -> files.end().isPresent() || !monitor.isAlive());
  }

  private void signal(int number, boolean all) {
    try (Agent agent = machine.agent()) {
      agent.signal(vm.id(), number, all);
    } catch (MicaException silent) {
      if (monitor.isAlive()) {
        machine.kill(); // there is no process to ask
      }
    }
  }

  /** Sends its first process a signal, whatever that makes of it. */
  void send(int number) {
    status.requireRunning("send a signal to");
    try (Agent agent = machine.agent()) {
      agent.signal(vm.id(), number, false);
    }
  }

  void kill() {
    if (status.isUp() && !status.isHalted()) {
      signal(Signals.KILL, true);
      boolean _ = ends(SOON);
    }
    machine.kill();
    boolean _ = ends(SOON);
    forgetPause();
  }

  void pause() {
    status.requireRunning("pause");
    try (Agent agent = machine.agent()) {
      agent.pause(vm.id());
    }
    VmFiles.mark(files.paused());
  }

  void resume() {
    if (status.state() != Vm.State.PAUSED) {
      throw MicaException.failed("resume the VM", vm.name(), "it is " + status.text());
    }
    if (status.isHalted()) {
      machine.resume();
    }
    thaw();
  }

  private void thaw() {
    if (status.isFrozen()) {
      try (Agent agent = machine.agent()) {
        agent.resume(vm.id());
      }
      forgetPause();
    }
  }

  private void forgetPause() {
    try {
      Files.deleteIfExists(files.paused());
    } catch (IOException broken) {
      throw MicaException.failed("remove", files.paused(), Why.of(broken)).because(broken);
    }
  }

  Map<String, String> usage() {
    status.requireRunning("look at");
    try (Agent agent = machine.agent()) {
      return agent.usage(vm.id());
    }
  }

  /** Waits for the end of its program. Returns the exit status, if it is known. */
  Optional<Integer> await() {
    if (status.isUp()) {
      boolean _ = ends(FOREVER);
    }
    return files.end().map(end -> end.lost() ? KILLED : end.status());
  }

  VmLog log(LogQuery query, BooleanSupplier stop) {
    return new VmLog(files, query, stop, status::isOver);
  }
}
