package dev.mica.shell;

import dev.mica.scripting.Evaluation;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Runs one thing to its end, showing progress meanwhile. */
final class Work {
  private static final long TICK_MILLIS = 50;

  /** How long a cancelled script may take to notice before it is left behind. */
  private static final long GRACE_MILLIS = 100;

  private final @Nullable ProgressLine progress;

  private final Runnable tick;

  Work(@Nullable ProgressLine progress) {
    this(progress, () -> {});
  }

  /** {@code tick} is called now and again while it runs, and at once. */
  Work(@Nullable ProgressLine progress, Runnable tick) {
    this.progress = progress;
    this.tick = tick;
  }

  /** How a run ended that was not waited for to its end. */
  static final class LeftBehind extends Exception {
    private static final long serialVersionUID = 1L;
  }

  static <T extends @Nullable Object> Evaluation<T> start(Callable<T> work) {
    return Evaluation.start(work);
  }

  /**
   * Waits for {@code evaluation}; returns its value or throws what it threw.
   *
   * @throws LeftBehind if it was cancelled and did not stop; it is cancelled again and again until
   *     it does
   */
  <T extends @Nullable Object> T await(Evaluation<T> evaluation)
      throws InterruptedException, LeftBehind {
    try {
      tick.run();
      while (!evaluation.await(TICK_MILLIS)) {
        tick.run();
        if (evaluation.isCancelled() && !evaluation.await(GRACE_MILLIS)) {
          leave(evaluation);
          throw new LeftBehind();
        }
        if (progress != null) {
          evaluation.activity().ifPresent(progress::show);
        }
      }
      return evaluation.get();
    } finally {
      if (progress != null) {
        progress.clear();
      }
    }
  }

  /** A script may have swallowed the interruption, so it gets more of them. */
  private static void leave(Evaluation<?> evaluation) {
    Thread.ofVirtual()
        .name("mica-cancel")
        .start(() -> {
          try {
            while (!evaluation.await(TICK_MILLIS)) {
              evaluation.cancel();
            }
          } catch (InterruptedException over) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
