package dev.mica.core;

import dev.mica.job.Activity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/**
 * The lines of a running diff, one at a time. It holds native threads and descriptors: close it;
 * one that was forgotten is closed when the collector finds it. For one thread at a time.
 */
public final class DiffReader implements AutoCloseable {
  static final long RECORD_LEN = 0;
  static final long PATH_LEN = 4;
  static final long WHAT = 8;
  static final long KIND = 12;
  static final long TYPE_A = 13;
  static final long TYPE_B = 14;
  static final long SIZE_A = 16;
  static final long SIZE_B = 24;
  static final long MODE_B = 36;
  static final long MTIME_B = 48;
  static final long NSEC_B = 60;
  static final long PATH = 64;

  /**
   * What a read may bring; most lines take less than 150 bytes. The first one brings little, for
   * whoever asks only whether there is a line at all; then few calls matter.
   */
  private static final long FIRST_BUFFER = 512;

  private static final long BUFFER = 256 * 1024;

  static final long EMSGSIZE = 90;

  private static final class Host {
    static final Cleaner CLEANER = Cleaner.create();
  }

  /** Closes the diff itself, once; must not reach the reader. */
  private record Closing(MemorySegment diff, Job job) implements Runnable {
    @Override
    public void run() {
      try {
        Call.invoke(() -> {
          Function.DIFF_CLOSE.handle().invokeExact(diff);
          return 0;
        });
      } finally {
        Reference.reachabilityFence(job);
      }
    }
  }

  private final String object;
  private final Job job = new Job();
  private final Activity activity;
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment error = arena.allocate(Failure.SIZE, 8);
  private final MemorySegment diff;
  private final Cleaner.Cleanable closing;

  private MemorySegment buffer = arena.allocate(FIRST_BUFFER, 8);
  private long used;
  private long next;
  private long at;
  private boolean closed;

  DiffReader(Tree a, Tree b, boolean exact) {
    Library.loaded();
    this.object = a.describe() + " with " + b.describe();
    this.activity = Activity.inPieces("compare " + object, job);
    this.diff = open(a, b, exact ? 1 : 0);
    this.closing = Host.CLEANER.register(this, new Closing(diff, job));
  }

  /** Moves to the next line; false at the end, which closes it. */
  public boolean next() {
    if (next == used && !fill()) {
      close();
      return false;
    }
    at = next;
    next += buffer.get(ValueLayout.JAVA_INT, at + RECORD_LEN);
    return true;
  }

  /** The bytes of its path. */
  public byte[] path() {
    int length = buffer.get(ValueLayout.JAVA_INT, at + PATH_LEN);
    return buffer.asSlice(at + PATH, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** 1 added, 2 modified, 3 deleted. */
  public int kind() {
    return buffer.get(ValueLayout.JAVA_BYTE, at + KIND);
  }

  /** The bits {@code MICA_CONTENT} and so on. */
  public int what() {
    return buffer.get(ValueLayout.JAVA_INT, at + WHAT);
  }

  /** The letter of what it was; 0 if it was not. */
  public char typeBefore() {
    return (char) buffer.get(ValueLayout.JAVA_BYTE, at + TYPE_A);
  }

  /** The letter of what it is; 0 if it is not. */
  public char typeAfter() {
    return (char) buffer.get(ValueLayout.JAVA_BYTE, at + TYPE_B);
  }

  /** Bytes; 0 unless a file or symlink. */
  public long sizeBefore() {
    return buffer.get(ValueLayout.JAVA_LONG, at + SIZE_A);
  }

  /** Bytes; 0 unless a file or symlink. */
  public long sizeAfter() {
    return buffer.get(ValueLayout.JAVA_LONG, at + SIZE_B);
  }

  /** The permission bits it has, setuid, setgid and sticky among them; 0 if it is not. */
  public int modeAfter() {
    return buffer.get(ValueLayout.JAVA_INT, at + MODE_B);
  }

  /** Its modification time: seconds since 1970. */
  public long secondsAfter() {
    return buffer.get(ValueLayout.JAVA_LONG, at + MTIME_B);
  }

  /** Its modification time: nanoseconds of the second. */
  public int nanosAfter() {
    return buffer.get(ValueLayout.JAVA_INT, at + NSEC_B);
  }

  @Override
  public void close() {
    closed = true;
    used = 0;
    next = 0;
    closing.clean();
  }

  private MemorySegment open(Tree a, Tree b, int flags) {
    try (Arena trees = Arena.ofConfined()) {
      MemorySegment out = trees.allocate(ValueLayout.ADDRESS);
      MemorySegment treeA = Call.tree(trees, a);
      MemorySegment treeB = Call.tree(trees, b);
      run(() ->
          (int)
              Function.DIFF_OPEN.handle().invokeExact(out, treeA, treeB, flags, job.memory, error));
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** Reads the next lines; false at the end. */
  private boolean fill() {
    if (closed) {
      return false;
    }
    if (used > 0 && buffer.byteSize() < BUFFER) {
      buffer = arena.allocate(BUFFER, 8);
    }
    used = run(this::read);
    next = 0;
    return used > 0;
  }

  private long read() throws Throwable {
    long result;
    while ((result = readOnce()) == -EMSGSIZE) {
      buffer = arena.allocate(buffer.byteSize() * 2, 8);
    }
    return result;
  }

  private long readOnce() throws Throwable {
    return (long) Function.DIFF_READ.handle().invokeExact(diff, buffer, buffer.byteSize(), error);
  }

  /** A piece of the activity: the calling thread's for its length. A failure ends the diff. */
  private long run(Call.Body body) {
    activity.resume();
    try (activity) {
      activity.check();
      long result = Call.invoke(body);
      if (result < 0) {
        throw Call.failure(result, error, activity, "compare", object);
      }
      return result;
    }
  }
}
