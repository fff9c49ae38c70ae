package dev.mica.state;

import dev.mica.MicaException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One lock for all threads of all processes that use a state directory.
 *
 * <p>The kernel's file lock belongs to the process and falls with it, however it ends; but it is
 * lost as soon as the process closes <em>any</em> descriptor of the file. So there is one of these
 * per directory in a JVM, the threads queue before it, and who holds it is written to a file
 * beside.
 */
final class Mutex {
  private static final Map<Path, Mutex> OF_DIRECTORY = new ConcurrentHashMap<>();
  private static final AtomicLong TURN = new AtomicLong();
  private static final long POLL_MILLIS = 5;

  private final ReentrantLock threads = new ReentrantLock(true);
  private final Path file;
  private final Path owner;
  private @Nullable FileChannel channel;

  private Mutex(Path directory) {
    this.file = directory.resolve("lock");
    this.owner = directory.resolve("owner");
  }

  /** The mutex of a directory that exists; {@code real} is its real path. */
  static Mutex of(Path real) {
    return OF_DIRECTORY.computeIfAbsent(real, Mutex::new);
  }

  boolean isMine() {
    return threads.isHeldByCurrentThread();
  }

  /** How often this thread holds it. */
  int depth() {
    return threads.getHoldCount();
  }

  /** Takes it for {@code what}, or fails after {@code wait}, naming who has it. */
  void acquire(String what, Duration wait) {
    long deadline = System.nanoTime() + wait.toNanos();
    try {
      if (!threads.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS)) {
        throw busy(what, wait);
      }
      boolean done = false;
      try {
        if (depth() == 1 && !pollFile(deadline)) {
          throw busy(what, wait);
        }
        tellOwner(what);
        done = true;
      } finally {
        if (!done) {
          release();
        }
      }
    } catch (InterruptedException | ClosedByInterruptException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed(what, "", "interrupted while waiting for " + holder());
    } catch (IOException broken) {
      throw MicaException.failed("lock", file, StateDir.why(broken)).because(broken);
    }
  }

  /** Takes it if nobody has it now. */
  boolean tryAcquire(String what) {
    try {
      acquire(what, Duration.ZERO);
      return true;
    } catch (MicaException held) {
      if (held.getCause() != null) {
        throw held;
      }
      return false;
    }
  }

  void release() {
    try {
      if (depth() == 1) {
        closeFile();
      }
    } finally {
      threads.unlock();
    }
  }

  /**
   * Asks again and again: a wait for a file lock in the kernel has no deadline, in Java as in C,
   * and to end it from another thread would close the channel and with it whatever lock it got.
   */
  private boolean pollFile(long deadline) throws IOException, InterruptedException {
    FileChannel open = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = open.tryLock();
      while (lock == null && System.nanoTime() < deadline) {
        Thread.sleep(POLL_MILLIS);
        lock = open.tryLock();
      }
      channel = lock == null ? null : open;
      return lock != null;
    } finally {
      if (lock == null) {
        open.close();
      }
    }
  }

  private void closeFile() {
    try (FileChannel _ = channel) {
      channel = null;
    } catch (IOException broken) {
      throw MicaException.failed("unlock", file, StateDir.why(broken)).because(broken);
    }
  }

  private void tellOwner(String what) throws IOException {
    if (depth() == 1) {
      long pid = ProcessHandle.current().pid();
      // The turn makes two holders' texts differ, also when one process does the same thing twice.
      String text = "process " + pid + ", to " + what + "\n" + TURN.incrementAndGet() + "\n";
      Files.writeString(owner, text);
    }
  }

  /** What the last holder wrote: differs from holder to holder. */
  String lastHolder() {
    try {
      return Files.exists(owner) ? Files.readString(owner) : "";
    } catch (IOException broken) {
      throw MicaException.failed("read", owner, StateDir.why(broken)).because(broken);
    }
  }

  private String holder() {
    String first = lastHolder().lines().findFirst().orElse("");
    return first.isEmpty() ? "another process" : first;
  }

  private MicaException busy(String what, Duration wait) {
    return MicaException.failed(
            what,
            "",
            "the state directory "
                + file.getParent()
                + " is in use by "
                + holder()
                + " (waited "
                + wait.toMillis() / 1000
                + " s)")
        .hint("wait for it, or end it");
  }
}
