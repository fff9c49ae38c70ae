package dev.mica.vm.process;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what the kernel has no event for. */
public final class Poll {
  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(2);

  private Poll() {}

  /** Whether the condition came to hold before the limit; an interrupted thread does not wait. */
  public static boolean until(Duration limit, BooleanSupplier condition) {
    long deadline = LineSocket.in(limit);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(PAUSE);
    }
    return true;
  }
}
