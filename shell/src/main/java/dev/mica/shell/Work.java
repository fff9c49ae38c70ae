package dev.mica.shell;

import dev.mica.Activity;
import dev.mica.scripting.Evaluation;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Runs one thing to its end, showing progress meanwhile. */
final class Work {
  private static final long TICK_MILLIS = 50;

  /** How long a cancelled script may take to notice before it is left behind. */
  private static final long GRACE_MILLIS = 100;

  private final @Nullable ProgressLine progress;

  private final @Nullable String name;
  private final LastResort lastResort;

  /** {@code name} is shown where the work does not say what it does; null: nothing is. */
  Work(@Nullable ProgressLine progress, @Nullable String name) {
    this(progress, name, waiting -> {});
  }

  Work(@Nullable ProgressLine progress, @Nullable String name, LastResort lastResort) {
    this.progress = progress;
    this.name = name;
    this.lastResort = lastResort;
  }

  /** What ends that which neither notices that it is cancelled, nor can be interrupted. */
  @FunctionalInterface
  interface LastResort {
    void during(Keyboard.Waiting<InterruptedException> waiting) throws InterruptedException;
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
    Instant started = Instant.now();
    try {
      while (!evaluation.await(TICK_MILLIS)) {
        if (evaluation.isCancelled() && !ends(evaluation)) {
          leave(evaluation);
          throw new LeftBehind();
        }
        show(evaluation, started);
      }
      return evaluation.get();
    } finally {
      if (progress != null) {
        progress.clear();
      }
    }
  }

  private void show(Evaluation<?> evaluation, Instant started) {
    if (progress == null) {
      return;
    }
    Optional<Activity> activity = evaluation.activity();
    if (activity.isPresent()) {
      progress.show(activity.get());
    } else if (name != null) {
      progress.show(name, started);
    }
  }

  private boolean ends(Evaluation<?> evaluation) throws InterruptedException {
    if (!evaluation.await(GRACE_MILLIS)) {
      lastResort.during(() -> evaluation.await(GRACE_MILLIS));
    }
    return evaluation.await(0);
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
