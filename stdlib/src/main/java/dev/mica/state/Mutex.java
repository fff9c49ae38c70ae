package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The lock of a state directory, for all threads of all processes that use it. It guards the
 * journal and the records, and is held only for so short a time that others can wait.
 *
 * <p>The kernel's file lock belongs to the process and is released when the process ends, in
 * whatever way. But it is also lost as soon as the process closes <em>any</em> descriptor of the
 * file. So a JVM has one mutex for each directory, for which its threads queue, and the holder is
 * written to a file beside it.
 */
final class Mutex {
  private static final Map<Path, Mutex> OF_DIRECTORY = new ConcurrentHashMap<>();
  private static final AtomicLong TURN = new AtomicLong();

  /**
   * The length of the owner's file. It is written in place, so it needs no room on a full file
   * system.
   */
  private static final int OWNER_SIZE = 256;

  private final ReentrantLock threads = new ReentrantLock(true);
  private final Path file;
  private final Path owner;
  private String holding = "";
  private @Nullable FileChannel channel;

  /** The journal entries of the operations of this JVM's threads. */
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  /** How many of these operations make room, and may use the reserve for that. */
  private int makingRoom;

  private Mutex(Path directory) {
    this.file = directory.resolve("lock");
    this.owner = directory.resolve("owner");
  }

  /** The mutex of a directory that exists; {@code real} is its real path. */
  static Mutex of(Path real) {
    return OF_DIRECTORY.computeIfAbsent(real, Mutex::new);
  }

  Set<String> running() {
    return running;
  }

  /** Whether the holder is making room. */
  boolean makesRoom() {
    return isMine() && makingRoom > 0;
  }

  /** Runs {@code body}, which may use the reserve. */
  <T> T makingRoom(Supplier<T> body) {
    makingRoom++;
    try {
      return body.get();
    } finally {
      makingRoom--;
    }
  }

  boolean isMine() {
    return threads.isHeldByCurrentThread();
  }

  /** How many times this thread holds it. */
  int depth() {
    return threads.getHoldCount();
  }

  /** Takes it for {@code what}. Fails after {@code wait}, and names the holder. */
  void acquire(String what, Duration wait) {
    long deadline = System.nanoTime() + wait.toNanos();
    try {
      if (!threads.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS)) {
        throw busy(what, wait);
      }
      boolean done = false;
      try {
        if (depth() == 1 && !lockFile(deadline)) {
          throw busy(what, wait);
        }
        holding = depth() == 1 ? what : holding;
        tellOwner(holding);
        done = true;
      } finally {
        if (!done) {
          release();
        }
      }
    } catch (InterruptedException
        | ClosedByInterruptException
        | FileLockInterruptionException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed(what, "", "interrupted while waiting for " + holder());
    } catch (IOException broken) {
      throw MicaException.failed("lock", file, Why.of(broken)).because(broken);
    }
  }

  /**
   * Takes it again for an operation that gave it up for a while. The operation has to end in any
   * case, so an interruption is kept for later.
   */
  void acquireAgain(String what, Duration wait) {
    boolean interrupted = Thread.interrupted();
    try {
      acquire(what, wait);
    } catch (MicaException stopped) {
      if (!Thread.interrupted()) {
        throw stopped;
      }
      interrupted = true;
      acquire(what, wait);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
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

  private boolean lockFile(long deadline) throws IOException {
    FileChannel open = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      locked = open.tryLock() != null || waitFor(open, deadline - System.nanoTime());
      channel = locked ? open : null;
      return locked;
    } finally {
      if (!locked) {
        open.close();
      }
    }
  }

  /**
   * Waits in the kernel, which wakes the waiters of all processes in turn but knows no deadline. At
   * the deadline the channel is closed, which ends the wait. If the lock was granted at the same
   * moment, it is lost with the channel. So either the waiter or the deadline decides, whichever is
   * first.
   */
  private static boolean waitFor(FileChannel open, long nanos) throws IOException {
    if (nanos <= 0) {
      return false;
    }
    AtomicBoolean settled = new AtomicBoolean();
    CountDownLatch over = new CountDownLatch(1);
    Thread.ofPlatform().daemon().start(() -> closeAfter(nanos, over, settled, open));
    try {
      FileLock lock = open.lock();
      return lock.isValid() && !settled.getAndSet(true);
    } catch (ClosedByInterruptException stop) {
      throw stop;
    } catch (AsynchronousCloseException late) {
      return false;
    } finally {
      over.countDown();
    }
  }

  private static void closeAfter(
      long nanos, CountDownLatch over, AtomicBoolean settled, FileChannel open) {
    try {
      if (!over.await(nanos, TimeUnit.NANOSECONDS) && !settled.getAndSet(true)) {
        open.close();
      }
    } catch (InterruptedException | IOException never) {
      throw new IllegalStateException(never);
    }
  }

  private void closeFile() {
    try (FileChannel _ = channel) {
      channel = null;
    } catch (IOException broken) {
      throw MicaException.failed("unlock", file, Why.of(broken)).because(broken);
    }
  }

  /**
   * The holder writes its text again. Otherwise those who read without the lock would not see that
   * an operation began and ended meanwhile.
   */
  void turn() {
    try {
      writeOwner(holding);
    } catch (IOException broken) {
      throw MicaException.failed("write", owner, Why.of(broken)).because(broken);
    }
  }

  private void tellOwner(String what) throws IOException {
    if (depth() == 1) {
      writeOwner(what);
    }
  }

  private void writeOwner(String what) throws IOException {
    long pid = ProcessHandle.current().pid();
    // The turn makes the texts of holders differ, even if a process does the same thing twice.
    String turn = "\n" + TURN.incrementAndGet() + "\n";
    byte[] said = ("process " + pid + ", to " + what).getBytes(StateDir.UTF_8);
    byte[] text = Arrays.copyOf(said, OWNER_SIZE);
    Arrays.fill(text, Math.min(said.length, OWNER_SIZE), OWNER_SIZE, (byte) ' ');
    byte[] end = turn.getBytes(StateDir.UTF_8);
    System.arraycopy(end, 0, text, OWNER_SIZE - end.length, end.length);
    try (RandomAccessFile file = new RandomAccessFile(owner.toFile(), "rw")) {
      file.write(text);
      file.setLength(OWNER_SIZE);
    }
  }

  /** The text of the last holder, which is different for each holder. */
  String lastHolder() {
    try {
      return Files.exists(owner) ? Files.readString(owner) : "";
    } catch (IOException broken) {
      throw MicaException.failed("read", owner, Why.of(broken)).because(broken);
    }
  }

  private String holder() {
    String first = lastHolder().lines().findFirst().orElse("").strip();
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
