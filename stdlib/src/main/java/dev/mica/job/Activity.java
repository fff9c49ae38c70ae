package dev.mica.job;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * What a thread is doing now that may take long, for the progress line and for Ctrl-C.
 *
 * <p>Interrupting a thread cannot reach it inside the C core; {@link #interrupt} can. Activities
 * nest: a commit begins one around the copies and digests that it consists of, and each call into
 * the core is an activity, too. People see the outermost one; its counters include those of the
 * inner ones.
 *
 * <pre>{@code
 * try (var commit = Activity.begin("commit web:v2", OptionalLong.of(3942), Activity.Work.NONE)) {
 *   ...
 * }
 * }</pre>
 */
public final class Activity implements AutoCloseable {
  /** The work that runs; other threads ask for its counters and cancel it. */
  public interface Work {
    /** Work without counters; only the activities inside it can be ended. */
    Work NONE =
        new Work() {
          @Override
          public long entries() {
            return 0;
          }

          @Override
          public long bytes() {
            return 0;
          }

          @Override
          public void cancel() {}
        };

    /** Names looked at or made so far. */
    long entries();

    /** Bytes of content compared, copied or hashed so far. */
    long bytes();

    /** How many bytes it will be; 0 where that is not known. */
    default long totalBytes() {
      return 0;
    }

    /** What part of the work is done now, in a few words; "" if that is not known. */
    default String step() {
      return "";
    }

    /** Makes it end soon. */
    void cancel();
  }

  private static final ConcurrentMap<Thread, Activity> INNERMOST = new ConcurrentHashMap<>();

  private final String text;
  private final OptionalLong total;
  private final Work work;
  private final Instant started = Instant.now();
  private volatile boolean cancelled;
  private volatile String step = "";

  // Guarded by this: a reader must not count an inner one twice.
  private @Nullable Activity inner;
  private long entriesBefore;
  private long bytesBefore;
  private long entriesInside;
  private long bytesInside;

  // Used only by the thread that does the work.
  private @Nullable Activity outer;

  private Activity(String text, OptionalLong total, Work work) {
    this.text = text;
    this.total = total;
    this.work = work;
  }

  /**
   * Begins what the calling thread does from now on, until {@link #close}.
   *
   * @param text the work in a few words: "compare /a with /b"
   * @param total the number of entries that it will have, if that is known
   */
  public static Activity begin(String text, OptionalLong total, Work work) {
    Activity activity = new Activity(text, total, work);
    activity.resume();
    return activity;
  }

  /**
   * Work that is done in pieces, such as a stream. It belongs to no thread until {@link #resume}.
   */
  public static Activity inPieces(String text, Work work) {
    return new Activity(text, OptionalLong.empty(), work);
  }

  /** The calling thread goes on with the work, until {@link #close}. */
  public void resume() {
    Thread me = Thread.currentThread();
    outer = INNERMOST.put(me, this);
    if (outer != null) {
      outer.enter(this);
    }
  }

  /** The calling thread stops working on it, for now or for good. */
  @Override
  public void close() {
    Thread me = Thread.currentThread();
    if (outer == null) {
      INNERMOST.remove(me);
    } else {
      outer.leave();
      INNERMOST.put(me, outer);
      outer = null;
    }
  }

  /** What {@code thread} is doing: the outermost activity. */
  public static Optional<Activity> current(Thread thread) {
    Activity activity = INNERMOST.get(thread);
    while (activity != null && activity.outer != null) {
      activity = activity.outer;
    }
    return Optional.ofNullable(activity);
  }

  /**
   * Ctrl-C: interrupts {@code thread} wherever it is, in the C core too. In this order, so that a
   * call into the core that begins meanwhile sees the interruption.
   */
  public static void interrupt(Thread thread) {
    thread.interrupt();
    current(thread).ifPresent(Activity::cancel);
  }

  /**
   * Ends the calling thread's work here if it was cancelled or the thread was interrupted. It is
   * called before each long call, but not before something is undone, because that must be done in
   * any case.
   *
   * @throws CancellationException if so; its message is one line
   */
  public void check() {
    if (Thread.currentThread().isInterrupted()) {
      cancel();
    }
    for (Activity each = this; each != null; each = each.outer) {
      if (each.cancelled) {
        throw new CancellationException("cancelled: " + each.text);
      }
    }
  }

  /** The work in a few words. */
  public String text() {
    return text;
  }

  /**
   * Says which part of the work begins now, for work whose parts differ and cannot be counted.
   *
   * @param what the part in a few words: "boot the kernel"
   */
  public void step(String what) {
    step = what;
  }

  /** The part that is done now, from the innermost activity that knows it; "" if none does. */
  public String step() {
    Activity inside;
    synchronized (this) {
      inside = inner;
    }
    String deeper = inside == null ? "" : inside.step();
    String own = step.isEmpty() ? work.step() : step;
    return deeper.isEmpty() ? own : deeper;
  }

  /** The innermost activity that knows its number of bytes. */
  public Optional<Activity> measured() {
    Activity inside;
    synchronized (this) {
      inside = inner;
    }
    return Optional.ofNullable(inside)
        .flatMap(Activity::measured)
        .or(() -> work.totalBytes() > 0 ? Optional.of(this) : Optional.empty());
  }

  /** How many bytes it will be; 0 where that is not known. */
  public long totalBytes() {
    return work.totalBytes();
  }

  /** The number of entries that it will have, if that is known. */
  public OptionalLong total() {
    return total;
  }

  /** When it began. */
  public Instant started() {
    return started;
  }

  /** Names looked at or made so far. */
  public synchronized long entries() {
    return entriesInside + work.entries() + (inner == null ? 0 : inner.entries() - entriesBefore);
  }

  /** Bytes of content compared, copied or hashed so far. */
  public synchronized long bytes() {
    return bytesInside + work.bytes() + (inner == null ? 0 : inner.bytes() - bytesBefore);
  }

  /** Whether it was cancelled. */
  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Ends the work soon, within 100 ms if storage answers: its thread gets a {@link
   * CancellationException}. Any thread may call this, also when the work is over.
   */
  public void cancel() {
    cancelled = true;
    work.cancel();
    Activity inside;
    synchronized (this) {
      inside = inner;
    }
    if (inside != null) {
      inside.cancel();
    }
  }

  private synchronized void enter(Activity inside) {
    inner = inside;
    entriesBefore = inside.entries();
    bytesBefore = inside.bytes();
  }

  private synchronized void leave() {
    if (inner != null) {
      entriesInside += inner.entries() - entriesBefore;
      bytesInside += inner.bytes() - bytesBefore;
      inner = null;
    }
  }
}
