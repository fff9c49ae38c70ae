package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Locks of single objects, for all threads of all processes that use a state directory. Each lock
 * is one byte of one file, at a position that the object's name gives. So nothing has to be made or
 * removed for a lock, and it works on a full file system.
 *
 * <p>The kernel's lock belongs to the process and is released when the process ends, in whatever
 * way. But it is also lost as soon as the process closes <em>any</em> descriptor of the file. So a
 * JVM has one instance for each directory, with one descriptor that is closed when nothing is
 * locked.
 *
 * <p>Threads of this JVM wait in a queue; the first one asks the kernel again and again while
 * another process has the object. A wait in the kernel would be wrong here, because the kernel
 * assumes that each process does only one thing. If two processes have one object each, and another
 * thread of each waits for the other's object, it refuses one of them with EDEADLK, although both
 * holders would go on. And only closing the descriptor would end such a wait.
 */
final class ObjectLocks {
  private static final Map<Path, ObjectLocks> OF_DIRECTORY = new ConcurrentHashMap<>();
  private static final Path LOCKS = Path.of("/proc/locks");
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long SHORTEST_PAUSE = 1;
  private static final long LONGEST_PAUSE = 20;

  /** The file with the bytes; it stays empty. */
  private final Path file;

  private final Map<String, One> known = new ConcurrentHashMap<>();

  // Guarded by this.
  private @Nullable FileChannel channel;
  private int locked;

  private ObjectLocks(Path file) {
    this.file = file;
  }

  /** The locks of a directory that exists; {@code real} is its real path. */
  static ObjectLocks of(Path real) {
    return OF_DIRECTORY.computeIfAbsent(real, home -> new ObjectLocks(home.resolve("objects")));
  }

  /** Makes the file of the locks, and closes it again. */
  interface Making {
    void make(Path file) throws IOException;
  }

  /**
   * Has the file made if it is not there. No thread may lock an object meanwhile: it would lose the
   * lock when the file is closed.
   */
  synchronized void makeFile(Making making) throws IOException {
    if (channel == null && Files.notExists(file)) {
      making.make(file);
    }
  }

  /** The thread of this JVM that has an object. */
  private static final class One {
    private final ReentrantLock threads = new ReentrantLock(true);
    private volatile String holding = "";
    private @Nullable FileLock lock;
  }

  boolean isMine(String object) {
    One one = known.get(object);
    return one != null && one.threads.isHeldByCurrentThread();
  }

  /** Takes it for {@code what}, or fails after {@code wait}. A thread may take it again. */
  void acquire(String object, String what, Duration wait) {
    long deadline = System.nanoTime() + wait.toNanos();
    try {
      if (!isAcquired(object, what, deadline)) {
        throw MicaException.failed(
                what,
                "",
                "the "
                    + object
                    + " is in use by "
                    + holder(object)
                    + " (waited "
                    + wait.toMillis() / 1000
                    + " s)")
            .hint("wait for it, or end it");
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed(
          what, "", "interrupted while waiting for the " + object + ", used by " + holder(object));
    }
  }

  /** Takes it if nobody has it now. */
  boolean tryAcquire(String object, String what) {
    One one = known.computeIfAbsent(object, name -> new One());
    if (!one.threads.tryLock()) {
      return false;
    }
    return hasFile(one, object, what) || letGo(one);
  }

  private boolean isAcquired(String object, String what, long deadline)
      throws InterruptedException {
    One one = known.computeIfAbsent(object, name -> new One());
    if (!one.threads.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      return false;
    }
    boolean done = false;
    try {
      done = hasFile(one, object, what);
      for (long pause = SHORTEST_PAUSE; !done && System.nanoTime() < deadline; ) {
        Thread.sleep(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
        done = hasFile(one, object, what);
      }
      return done;
    } finally {
      if (!done) {
        one.threads.unlock();
      }
    }
  }

  private static boolean letGo(One one) {
    one.threads.unlock();
    return false;
  }

  /** Called when it is the thread's turn: whether this process could get the lock, too. */
  private boolean hasFile(One one, String object, String what) {
    if (one.threads.getHoldCount() > 1) {
      return true;
    }
    one.lock = lock(place(object));
    if (one.lock == null) {
      return false;
    }
    one.holding = what;
    known.put(object, one); // it may have been dropped before this thread's turn
    return true;
  }

  private synchronized @Nullable FileLock lock(long place) {
    try {
      if (channel == null) {
        channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      }
      FileLock lock = channel.tryLock(place, 1, false);
      locked += lock == null ? 0 : 1;
      return lock;
    } catch (OverlappingFileLockException another) {
      return null; // an object at the same position, or one that is just being released
    } catch (IOException broken) {
      throw MicaException.failed("lock", file, Why.of(broken)).because(broken);
    } finally {
      closeUnused();
    }
  }

  /** Gives it back, as often as it was taken. */
  void release(String object) {
    One one = known.get(object);
    if (one == null || !one.threads.isHeldByCurrentThread()) {
      throw new IllegalStateException("not held: " + object);
    }
    try {
      if (one.threads.getHoldCount() == 1 && one.lock != null) {
        unlock(one.lock);
        one.lock = null;
        one.holding = "";
        if (!one.threads.hasQueuedThreads()) {
          known.remove(object, one);
        }
      }
    } finally {
      one.threads.unlock();
    }
  }

  private synchronized void unlock(FileLock lock) {
    try {
      lock.release();
    } catch (IOException broken) {
      throw MicaException.failed("unlock", file, Why.of(broken)).because(broken);
    } finally {
      locked--;
      closeUnused();
    }
  }

  private void closeUnused() {
    try (FileChannel _ = locked == 0 ? channel : null) {
      channel = locked == 0 ? null : channel;
    } catch (IOException broken) {
      throw MicaException.failed("close", file, Why.of(broken)).because(broken);
    }
  }

  /** The byte of an object, by the 64-bit FNV-1a hash of its name. */
  private static long place(String object) {
    long hash = FNV_OFFSET;
    for (byte b : object.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash >>> 2;
  }

  private String holder(String object) {
    One one = known.get(object);
    String here = one == null ? "" : one.holding;
    if (!here.isEmpty()) {
      return "process " + ProcessHandle.current().pid() + ", to " + here;
    }
    OptionalLong pid = process(place(object));
    return pid.isPresent() ? "process " + pid.getAsLong() : "another process";
  }

  /**
   * A lock as the kernel lists it: number, class, mode, access, process, device and inode, from,
   * to.
   */
  private static OptionalLong process(long place) {
    String range = " " + place + " " + place;
    try (Stream<String> lines = Files.lines(LOCKS)) {
      return lines
          .filter(line -> line.endsWith(range) && !line.contains("->"))
          .map(line -> line.strip().split(" +"))
          .mapToLong(fields -> Long.parseLong(fields[4]))
          .findFirst();
    } catch (IOException hidden) {
      return OptionalLong.empty(); // it is needed only for the message
    }
  }
}
