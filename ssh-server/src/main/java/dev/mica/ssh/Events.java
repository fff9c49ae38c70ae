package dev.mica.ssh;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * What a client sends beside its data: signals and sizes. Who hears of them may have to write, and
 * so wait for the client; so they are told one after the other on a thread of the visit's own, and
 * never on one that takes packets. A client that sends more than are heard has the rest dropped.
 */
final class Events {
  private static final int MOST = 16;

  private final BlockingQueue<Runnable> waiting = new ArrayBlockingQueue<>(MOST);
  private final Thread teller = Thread.ofVirtual().unstarted(this::work);

  void start() {
    teller.start();
  }

  void tell(Runnable event) {
    boolean _ = waiting.offer(event); // the last size is asked for by whichever is told last
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
