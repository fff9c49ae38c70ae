package dev.mica.shell.attach;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Types what a source has, on a thread of its own, until either side ends. */
final class Pump implements AutoCloseable {
  /** A source answers within a tick; one that cannot is left alone. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private static final int BUFFER = 1 << 16;

  private final Source from;
  private final Attachment to;
  private final boolean keys;
  private final Thread thread;
  private volatile boolean detached;
  private volatile @Nullable IOException broken;

  private Pump(Source from, Attachment to, boolean keys) {
    this.from = from;
    this.to = to;
    this.keys = keys;
    this.thread = Thread.ofPlatform().daemon().name("mica-input").unstarted(this::work);
  }

  /** From a raw terminal: its end, and the keys for that, detach. */
  static Pump ofKeys(Source keys, Attachment to) {
    return started(new Pump(keys, to, true));
  }

  /** As it is; its end is the end of the input. */
  static Pump ofBytes(Source bytes, Attachment to) {
    return started(new Pump(bytes, to, false));
  }

  private static Pump started(Pump pump) {
    pump.thread.start();
    return pump;
  }

  private void work() {
    try {
      if (!keys) {
        passBytes();
      } else if (isLeft()) {
        detached = true;
        to.close();
      }
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt(); // by close
    }
  }

  /** Passes keys; whether it was the user who left. */
  private boolean isLeft() throws InterruptedException {
    DetachKeys leaving = new DetachKeys(to.detachKeys());
    byte[] buffer = new byte[BUFFER];
    for (int got = read(buffer); got >= 0; got = read(buffer)) {
      byte[] passed = leaving.pass(buffer, got);
      if (!to.type(passed, 0, passed.length)) {
        return false;
      }
      if (leaving.isTyped()) {
        return true;
      }
    }
    return true; // the terminal is gone
  }

  private void passBytes() throws InterruptedException {
    byte[] buffer = new byte[BUFFER];
    for (int got = read(buffer); got >= 0; got = read(buffer)) {
      if (!to.type(buffer, 0, got)) {
        return;
      }
    }
    to.endInput();
  }

  private int read(byte[] into) throws InterruptedException {
    try {
      return from.read(into);
    } catch (InterruptedIOException over) {
      throw (InterruptedException) new InterruptedException().initCause(over);
    } catch (IOException failed) {
      broken = failed;
      return -1;
    }
  }

  /** Whether it was the user who left. */
  boolean isDetached() {
    return detached;
  }

  /** Fails where the source did: it was no end. */
  void check() {
    IOException failed = broken;
    if (failed != null) {
      throw MicaException.failed("read", "standard input", Why.of(failed)).because(failed);
    }
  }

  /** Nobody reads the source after that. */
  @Override
  public void close() {
    thread.interrupt();
    boolean interrupted = Thread.interrupted();
    try {
      boolean _ = thread.join(GRACE);
    } catch (InterruptedException stop) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
