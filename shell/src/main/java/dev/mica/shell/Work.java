package dev.mica.shell;

import dev.mica.scripting.Evaluation;
import org.jspecify.annotations.Nullable;

/** Runs one thing to its end, showing progress meanwhile. */
final class Work {
  static final long TICK_MILLIS = 50;

  /** How long a cancelled script may take to notice before nobody waits for it any more. */
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

  /** It was cancelled and does not end. */
  static final class Endless extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /**
   * Waits for {@code evaluation}; returns its value or throws what it threw.
   *
   * @throws Endless if it was cancelled and did not end
   */
  <T extends @Nullable Object> T await(Evaluation<T> evaluation)
      throws InterruptedException, Endless {
    try {
      tick.run();
      while (!evaluation.await(TICK_MILLIS)) {
        tick.run();
        if (evaluation.isCancelled() && !evaluation.await(GRACE_MILLIS)) {
          throw new Endless();
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
}
