package dev.mica.ssh;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Passes on what a client sends besides its data: signals and sizes of its terminal. A listener may
 * have to write to the client and to wait for it. So listeners are called one after the other on a
 * thread of their own, and never on a thread that takes packets. If a client sends events faster
 * than they are taken, the rest is dropped.
 */
final class Events {
  private static final int MOST = 16;

  private final BlockingQueue<Runnable> waiting = new ArrayBlockingQueue<>(MOST);
  private final Thread teller = Thread.ofVirtual().unstarted(this::work);

  void start() {
    teller.start();
  }

  /** Whether it will be told: there was room for it. */
  boolean tell(Runnable event) {
    return waiting.offer(event); // the last size is asked for by whichever is told last
  }

  void end() {
    teller.interrupt();
  }

  private void work() {
    try {
      while (true) {
        waiting.take().run();
      }
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt();
    }
  }
}
