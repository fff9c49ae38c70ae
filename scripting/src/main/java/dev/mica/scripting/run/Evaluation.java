package dev.mica.scripting.run;

import dev.mica.job.Activity;
import java.io.FileInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Work that can be cancelled, on a thread of its own. Scripts and calls into the core stop at their
 * next check, and blocking Java calls are interrupted. Work that cannot be stopped in this way is
 * abandoned: its threads go on, but nothing that they do reaches the session any more.
 */
public final class Evaluation<T extends @Nullable Object> {
  private static final InheritableThreadLocal<@Nullable Evaluation<?>> CURRENT =
      new InheritableThreadLocal<>();
  private static volatile @Nullable Evaluation<?> latest;

  private final CompletableFuture<T> result = new CompletableFuture<>();
  private final Threads threads = new Threads();
  private final Thread thread;
  private volatile boolean cancelled;
  private volatile boolean abandoned;

  private Evaluation(Callable<T> work, boolean program) {
    thread = new Thread(threads, () -> run(work), "mica-eval");
    thread.setDaemon(!program);
  }

  /** Starts {@code work}. Threads that it starts end with the process. */
  public static <T extends @Nullable Object> Evaluation<T> start(Callable<T> work) {
    return start(new Evaluation<>(work, false));
  }

  /**
   * Starts {@code work} as a program: the process ends with the last thread that the work starts.
   */
  public static <T extends @Nullable Object> Evaluation<T> program(Callable<T> work) {
    return start(new Evaluation<>(work, true));
  }

  private static <T extends @Nullable Object> Evaluation<T> start(Evaluation<T> evaluation) {
    latest = evaluation;
    evaluation.thread.start();
    return evaluation;
  }

  private void run(Callable<T> work) {
    CURRENT.set(this);
    try {
      result.complete(work.call());
    } catch (Throwable failure) {
      result.completeExceptionally(cancelled ? new Cancelled() : failure);
    }
  }

  /**
   * The evaluation that the calling thread works for. The workers of Java's common pool outlive
   * each evaluation and inherit from none: they work for the latest one.
   */
  private static @Nullable Evaluation<?> current() {
    return Thread.currentThread() instanceof ForkJoinWorkerThread ? latest : CURRENT.get();
  }

  /**
   * Compiled scripts call this in every loop, closure and method. After a cancellation it throws
   * each time.
   */
  public static void check() {
    Evaluation<?> current = current();
    if (current != null && current.cancelled) {
      throw new Cancelled();
    }
  }

  /** Whether the calling thread works for an abandoned evaluation. */
  public static boolean isOfAbandoned() {
    Evaluation<?> current = current();
    return current != null && current.abandoned;
  }

  /**
   * Ends the calling thread's work for an abandoned evaluation, at a place where it would reach the
   * session.
   */
  static void refuseAbandoned() {
    if (isOfAbandoned()) {
      throw new Cancelled();
    }
  }

  /**
   * Asks it to stop. May be called again, which helps if a script has swallowed the first
   * exception.
   */
  public void cancel() {
    cancelled = true;
    threads.alive().forEach(Activity::interrupt);
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Cancels it and abandons it: the engines do without what it still uses, and what it prints
   * through {@link #guard} is dropped. {@code ended} is called when it ends.
   */
  public void abandon(Runnable ended) {
    abandoned = true;
    cancel();
    var _ = result.whenComplete((value, failure) -> ended.run());
  }

  /**
   * A stream that drops what threads of an abandoned evaluation write, and passes on everything
   * else.
   */
  public static OutputStream guard(OutputStream out) {
    return new Guarded(out);
  }

  /** Checks from now on whether it can still notice that it was cancelled. */
  public Notice notice() {
    return new Notice(thread);
  }

  /**
   * Distinguishes work that cannot be stopped from work that has not had the time to stop.
   *
   * <p>A thread that waits, or is in a native call, was interrupted there; a thread that computes
   * would have met a check long ago. But if other processes use the processors, it may not have got
   * so far. And a read of the process's input ends as soon as it is refused, which is no
   * interruption.
   */
  public static final class Notice {
    private static final long COMPUTES_NANOS = 100_000_000;

    private final ThreadMXBean times = ManagementFactory.getThreadMXBean();
    private final Thread thread;
    private final long before;

    private Notice(Thread thread) {
      this.thread = thread;
      this.before = times.getThreadCpuTime(thread.threadId());
    }

    /** Whether it can still notice it. */
    public boolean isPossible() {
      StackTraceElement[] stack = thread.getStackTrace();
      if (stack.length > 0 && stack[0].isNativeMethod()) {
        return stack[0].getClassName().equals(FileInputStream.class.getName());
      }
      return thread.getState() == Thread.State.RUNNABLE
          && times.getThreadCpuTime(thread.threadId()) - before < COMPUTES_NANOS;
    }
  }

  /** What it is doing now, for a progress line. */
  public Optional<Activity> activity() {
    return Activity.current(thread);
  }

  /** Waits at most that long. Returns whether it has ended. */
  public boolean await(long millis) throws InterruptedException {
    try {
      result.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException ended) {
      return true;
    } catch (TimeoutException running) {
      return false;
    }
  }

  /** One of the threads whose end a program waits for; empty if there is none. */
  public Optional<Thread> lastThread() {
    return threads.alive().stream().filter(each -> !each.isDaemon()).findFirst();
  }

  /** Waits for the end; returns the result or throws what the work threw. */
  public T get() throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException failed) {
      throw Sneaky.asIs(failed.getCause());
    }
  }

  /** The threads of one evaluation: its own, and all that it starts. */
  private static final class Threads extends ThreadGroup {
    Threads() {
      super("mica-eval");
    }

    List<Thread> alive() {
      Thread[] found = new Thread[activeCount() + 8];
      while (enumerate(found) == found.length) {
        found = new Thread[2 * found.length];
      }
      return Arrays.stream(found).filter(each -> each != null).toList();
    }

    /**
     * Reports the failure of a thread that a script started, in one line like any other failure.
     */
    @Override
    public void uncaughtException(Thread thread, Throwable failure) {
      if (failure instanceof Cancelled || isOfAbandoned()) {
        return;
      }
      System.err.println("mica: in the thread " + thread.getName() + ": " + line(failure));
    }

    private static String line(Throwable failure) {
      try {
        return Context.current().explain(failure);
      } catch (Throwable own) { // an error that no script has caused
        return failure.toString();
      }
    }
  }

  private static final class Guarded extends FilterOutputStream {
    Guarded(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      if (!isOfAbandoned()) {
        out.write(b);
      }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (!isOfAbandoned()) {
        out.write(bytes, offset, length);
      }
    }

    @Override
    public void flush() throws IOException {
      if (!isOfAbandoned()) {
        out.flush();
      }
    }
  }

  /** Throws the failure, checked or not. */
  private static final class Sneaky<E extends Throwable> {
    static RuntimeException asIs(@Nullable Throwable cause) {
      new Sneaky<RuntimeException>().hurl(cause == null ? new IllegalStateException() : cause);
      throw new AssertionError("not reached");
    }

    @SuppressWarnings("unchecked") // erased, so the cast does nothing but please the compiler
    private void hurl(Throwable cause) throws E {
      throw (E) cause;
    }
  }
}
