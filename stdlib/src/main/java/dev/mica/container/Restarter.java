package dev.mica.container;

import dev.mica.failure.MicaException;
import java.time.Duration;
import java.util.Optional;

/**
 * Starts a VM again whose program has ended. It is a process of its own, which the VM's monitor
 * runs: it waits, and does nothing if the VM is meanwhile stopped, started or removed. Where the VM
 * cannot be started it waits again, for longer.
 */
final class Restarter {
  private final Vms vms;
  private final VmRecord vm;
  private final Restarting restarting;

  Restarter(Vms vms, VmRecord vm) {
    this.vms = vms;
    this.vm = vm;
    this.restarting = vms.runner(vm).restarting();
  }

  /** Until it runs, or is not to be started again. */
  void run() throws InterruptedException {
    Optional<VmFiles.End> end = vms.runner(vm).status().end();
    Optional<Restarts> next = restarting.next();
    if (next.isEmpty()) {
      return;
    }
    restarting.claim();
    try {
      while (next.isPresent()) {
        Thread.sleep(next.get().waited());
        next = startAgain(end, next.get());
        end = Optional.empty();
      }
    } finally {
      restarting.release();
    }
  }

  /** The restarts with one more if it could not be started, and is to be. */
  private Optional<Restarts> startAgain(Optional<VmFiles.End> end, Restarts restarts) {
    try {
      vms.life(vm).startAgain(end, restarts);
      return Optional.empty();
    } catch (MicaException failure) {
      System.err.println("mica: " + failure.getMessage());
      return restarts.next(vm.restart(), true, Duration.ZERO);
    }
  }
}
