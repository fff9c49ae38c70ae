package dev.mica.shell.attach;

import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jline.utils.Signals;

/**
 * Waits until the signals that this process has got were handled. Signals go through threads of the
 * JVM, and are handled late on a busy machine: a Ctrl-C that ended a program could cancel the line
 * after it. So before a line is read, the process sends itself another signal, which follows the
 * Ctrl-C on the same way, and waits for it.
 */
public final class SignalBarrier {
  /** One that nobody sends, and that does nothing where it is not handled. */
  private static final String OURS = "URG";

  /** A JVM that was told to leave signals alone (-Xrs) does not tell of ours. */
  private static final long DEAF_SECONDS = 5;

  private final Semaphore heard = new Semaphore(0);
  private final String handler;

  /** Of Ctrl-C. */
  public SignalBarrier() {
    this("INT");
  }

  /** Of another signal, which has a lower number than ours. */
  SignalBarrier(String signal) {
    handler = "SIG" + signal + " handler";
    Signals.register(OURS, heard::release);
  }

  /** Returns when each Ctrl-C that this process has got has been heard. */
  public void settle() throws InterruptedException {
    // The JVM looks for signals by their numbers, so it tells of a Ctrl-C before ours, on a thread
    // for each; but it may have looked at the Ctrl-C's number just before that came. So twice.
    boolean first = isOursHeard();
    boolean told = first && isOursHeard();
    for (Thread each : told ? all() : new Thread[0]) {
      if (each.getName().equals(handler)) {
        each.join();
      }
    }
  }

  private boolean isOursHeard() throws InterruptedException {
    heard.drainPermits();
    return isRaised() && heard.tryAcquire(DEAF_SECONDS, TimeUnit.SECONDS);
  }

  private static Thread[] all() {
    ThreadGroup root = Thread.currentThread().getThreadGroup();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    Thread[] found = new Thread[root.activeCount() + 64];
    return Arrays.copyOf(found, root.enumerate(found));
  }

  /** By the calling thread, which so takes what has come for the process, too. */
  private static boolean isRaised() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal"); // javac warns of it, and knows no end
      Object ours = signal.getConstructor(String.class).newInstance(OURS);
      signal.getMethod("raise", signal).invoke(null, ours);
      return true;
    } catch (ReflectiveOperationException absent) {
      return false; // then as JLine: without signals
    }
  }
}
