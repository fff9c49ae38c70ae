package dev.mica.scripting;

import dev.mica.Activity;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Work that can be cancelled, on a thread of its own: scripts stop at their next check, calls into
 * the core at theirs, blocking Java calls by interruption.
 */
public final class Evaluation<T extends @Nullable Object> {
  private static final InheritableThreadLocal<@Nullable Evaluation<?>> CURRENT =
      new InheritableThreadLocal<>();

  private final CompletableFuture<T> result = new CompletableFuture<>();
  private final Thread thread;
  private volatile boolean cancelled;

  private Evaluation(Callable<T> work) {
    thread = Thread.ofPlatform().name("mica-eval").daemon().unstarted(() -> run(work));
  }

  /** Starts {@code work}. */
  public static <T extends @Nullable Object> Evaluation<T> start(Callable<T> work) {
    Evaluation<T> evaluation = new Evaluation<>(work);
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

  /** What compiled scripts call in every loop, closure and method. Sticky: it throws each time. */
  static void check() {
    Evaluation<?> current = CURRENT.get();
    if (current != null && current.cancelled) {
      throw new Cancelled();
    }
  }

  /** Asks it to stop; safe to call again, and worth it where a script swallowed the first. */
  public void cancel() {
    cancelled = true;
    Activity.interrupt(thread);
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled;
  }

  /** What it is doing now, for a progress line. */
  public Optional<Activity> activity() {
    return Activity.current(thread);
  }

  /** Waits at most that long; whether it has ended. */
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

  /** Waits for the end; returns the result or throws what the work threw. */
  public T get() throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException failed) {
      throw Sneaky.asIs(failed.getCause());
    }
  }

  /** Throws whatever it was, checked or not. */
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
