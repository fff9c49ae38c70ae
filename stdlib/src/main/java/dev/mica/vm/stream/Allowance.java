package dev.mica.vm.stream;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How many bytes of input may still be sent. */
final class Allowance {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long left;
  private boolean over;

  /** So many more. */
  void add(long bytes) {
    lock.lock();
    try {
      left += bytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** There will be no more, and none is needed: whoever waits is told. */
  void end() {
    lock.lock();
    try {
      over = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for some, and takes at most {@code most} of it; 0 where it is over. */
  int take(int most) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (left == 0 && !over) {
        changed.await();
      }
      int taken = over ? 0 : (int) Math.min(left, most);
      left -= taken;
      return taken;
    } finally {
      lock.unlock();
    }
  }
}
