package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.state.Hold;
import dev.mica.state.LockedState;
import dev.mica.state.StateDir;
import dev.mica.vm.stream.Attachable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The operations on one VM, from its start to its removal. Each change first checks whether the
 * caller may make it, and locks the VM.
 */
final class VmLife {
  static final String START = "start a VM";
  static final String REMOVE = "remove a VM";

  private final Vms vms;
  private final StateDir state;
  private final VmRecord vm;

  VmLife(Vms vms, StateDir state, VmRecord vm) {
    this.vms = vms;
    this.state = state;
    this.vm = vm;
  }

  private Runner runner() {
    return vms.runner(vm);
  }

  private <T> T changing(String doing, Supplier<T> body) {
    return vms.change(doing + " the VM", vm.name(), body);
  }

  /** Locks the VM for that operation. */
  private Hold hold(String doing) {
    return state.hold(doing + " the VM " + vm.name(), Vms.object(vm.name()));
  }

  /** Fails if it was removed. */
  void requireThere(String doing) {
    if (!vms.isThere(vm)) {
      throw MicaException.failed(doing + " the VM", vm.name(), "it was removed");
    }
  }

  void start() {
    start(runner -> {});
  }

  Attachable startAttached() {
    AtomicReference<Attachable> attached = new AtomicReference<>();
    start(runner -> attached.set(runner.attach(true)));
    return attached.get();
  }

  /**
   * Starts it. If it cannot be started, it is failed for that reason. If a start was cut short, the
   * next operation ends what that had begun.
   *
   * @param ready runs right before its program does
   */
  void start(Consumer<Runner> ready) {
    VmRecord _ = changing("start", () -> started(ready));
  }

  private VmRecord started(Consumer<Runner> ready) {
    try (LockedState locked = state.lock("start the VM " + vm.name(), Vms.object(vm.name()))) {
      requireThere("start");
      Runner runner = runner();
      if (runner.status().isUp()) {
        throw MicaException.failed("start the VM", vm.name(), "it is " + runner.status().text());
      }
      try {
        return locked.run(
            START,
            vm::toJson,
            () -> runner.start(Restarts.NONE, () -> ready.accept(runner)),
            () -> vm);
      } catch (MicaException failure) {
        keepFailure(runner, failure);
        throw failure;
      }
    }
  }

  /** Its status tells why it does not run. */
  private void keepFailure(Runner runner, MicaException failure) {
    String message = String.valueOf(failure.getMessage());
    String known = "cannot start the VM " + vm.name() + ": ";
    try {
      runner
          .restarting()
          .keepTrouble(message.startsWith(known) ? message.substring(known.length()) : message);
    } catch (MicaException full) {
      failure.addSuppressed(full); // on a full disk it is enough to say it
    }
  }

  /**
   * Starts it once more, unless it was started, stopped or removed since it ended so.
   *
   * @param end how it ended; empty if a start was tried before and failed
   * @param restarts the number of restarts, this one included
   */
  void startAgain(Optional<VmFiles.End> end, Restarts restarts) {
    String name = vm.name();
    try (LockedState locked = state.lock("start the VM " + name + " again", Vms.object(name))) {
      Runner runner = runner();
      if (!vms.isThere(vm) || !runner.status().isToStartAgain(end)) {
        return;
      }
      try {
        runner.awaitShutdown();
        VmRecord _ =
            locked.run(START, vm::toJson, () -> runner.start(restarts, () -> {}), () -> vm);
      } catch (MicaException failure) {
        runner.restarting().keep(restarts);
        keepFailure(runner, failure);
        throw failure;
      }
    }
  }

  /**
   * After a start that was cut short: if the program runs, the start was complete; otherwise the
   * run is removed.
   */
  void recoverStart() {
    Runner runner = runner();
    if (!runner.status().wasStarted()) {
      runner.forgetRun();
    }
  }

  Attachable attach() {
    return changing(
        "attach to",
        () -> {
          requireThere("attach to");
          return runner().attach(false);
        });
  }

  int await() {
    requireThere("wait for");
    Runner runner = runner();
    Optional<Integer> status = runner.await();
    if (status.isEmpty()) {
      requireThere("wait for");
      throw MicaException.failed("wait for the VM", vm.name(), "it is " + runner.status().text());
    }
    return status.get();
  }

  void stop(Duration patience) {
    end("stop", runner -> runner.stop(patience));
  }

  void kill() {
    end("kill", Runner::kill);
  }

  /**
   * Ends the VM. If it is to be removed at its end, that is done before anybody else can lock it.
   */
  private void end(String doing, Consumer<Runner> how) {
    VmRecord _ =
        changing(
            doing,
            () -> {
              try (Hold _ = hold(doing)) {
                endIfThere(how);
              }
              return vm;
            });
  }

  private void endIfThere(Consumer<Runner> how) {
    if (vms.isThere(vm)) {
      Runner runner = runner();
      runner.endRestarts();
      how.accept(runner);
      if (vm.remove()) {
        removeEnded();
      }
    }
  }

  /**
   * Stops and starts it with the lock held, so that a VM with {@code --rm} is not removed in
   * between.
   */
  void restart(Duration patience) {
    change(
        "restart",
        runner -> {
          runner.endRestarts();
          runner.stop(patience);
          start();
        });
  }

  void send(int signal) {
    change("send a signal to", runner -> runner.send(signal));
  }

  void pause() {
    change("pause", Runner::pause);
  }

  void resume() {
    change("resume", Runner::resume);
  }

  private void change(String doing, Consumer<Runner> how) {
    VmRecord _ =
        changing(
            doing,
            () -> {
              try (Hold _ = hold(doing)) {
                requireThere(doing);
                how.accept(runner());
              }
              return vm;
            });
  }

  Attachable open(ExecSpec spec) {
    return changing("run a program in", () -> opened(spec));
  }

  private Attachable opened(ExecSpec spec) {
    String doing = "run a program in";
    if (spec.program().isEmpty() || spec.program().getFirst().isEmpty()) {
      throw MicaException.usage(doing + " the VM", vm.name(), "it does not say which")
          .hint("name a program and its arguments, after --");
    }
    if (spec.user() != null) {
      Users.requireSound(doing + " the VM", vm.name(), spec.user());
    }
    if (spec.folder() != null && !spec.folder().startsWith("/")) {
      throw MicaException.usage(
          doing + " the VM", vm.name(), "the working folder " + spec.folder() + " is not absolute");
    }
    try (Hold _ = hold(doing)) {
      requireThere(doing);
      return new Exec(runner()).start(spec);
    }
  }

  /** Starts a process that copies. */
  Attachable copy(String doing, Function<Exec, Attachable> how) {
    return changing(
        doing,
        () -> {
          try (Hold _ = hold(doing)) {
            requireThere(doing);
            return how.apply(new Exec(runner()));
          }
        });
  }

  /** A new file among those of the VM, which no other user can read. */
  Path spool() {
    return VmFiles.of(state, vm.id()).directory().resolve("copy-" + Vms.newId() + ".tar");
  }

  void remove() {
    VmRecord _ =
        changing(
            "remove",
            () -> {
              removeEnded();
              return vm;
            });
  }

  /** Removes it without asking for the role of the caller; fails if it has not ended. */
  void removeEnded() {
    String doing = "remove the VM " + vm.name();
    try (LockedState locked = state.lock(doing, Vms.object(vm.name()))) {
      if (!vms.isThere(vm)) {
        return;
      }
      VmStatus status = runner().status();
      if (status.isUp() || status.state() == Vm.State.RESTARTING) {
        throw MicaException.failed("remove the VM", vm.name(), "it is " + status.text())
            .hint("stop it first");
      }
      VmRecord _ =
          locked.reclaim(
              REMOVE,
              vm.toJson(),
              () -> {
                forget();
                return vm;
              });
    }
  }

  /** Removes what is left of it. */
  void forget() {
    runner().clear();
    VmFiles.of(state, vm.id()).remove();
    vms.forget(vm);
  }
}
