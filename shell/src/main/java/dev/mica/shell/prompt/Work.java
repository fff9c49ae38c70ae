package dev.mica.shell.prompt;

import dev.mica.job.Activity;
import dev.mica.scripting.run.Evaluation;
import dev.mica.shell.attach.Keyboard;
import dev.mica.shell.print.Progress;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs one thing to its end, showing progress meanwhile. */
final class Work {
  static final long TICK_MILLIS = 50;

  /** How long a cancelled script may take to notice before one looks why it does not. */
  private static final long GRACE_MILLIS = 100;

  /** How often one looks at most. */
  private static final int LOOKS = 50;

  private final @Nullable Progress progress;

  private final @Nullable String name;
  private final Runnable tick;
  private final LastResort lastResort;

  /**
   * {@code name} is shown where the work does not say what it does; null: nothing is. {@code tick}
   * is done now and then meanwhile.
   */
  Work(@Nullable Progress progress, @Nullable String name, Runnable tick) {
    this(progress, name, tick, waiting -> waiting.await());
  }

  Work(@Nullable Progress progress, @Nullable String name, Runnable tick, LastResort lastResort) {
    this.progress = progress;
    this.name = name;
    this.tick = tick;
    this.lastResort = lastResort;
  }

  /** What ends that which neither notices that it is cancelled, nor can be interrupted. */
  @FunctionalInterface
  interface LastResort {
    void during(Keyboard.Waiting<InterruptedException> waiting) throws InterruptedException;
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
    Instant started = Instant.now();
    try {
      while (!evaluation.await(TICK_MILLIS)) {
        tick.run();
        if (evaluation.isCancelled() && !ends(evaluation)) {
          throw new Endless();
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
      lastResort.during(() -> awaitNotice(evaluation));
    }
    return evaluation.await(0);
  }

  /** On a busy machine that may take long; whoever does not notice is told by what he does. */
  private static void awaitNotice(Evaluation<?> evaluation) throws InterruptedException {
    Evaluation.Notice notice = evaluation.notice();
    for (int look = 0; look < LOOKS; look++) {
      if (evaluation.await(GRACE_MILLIS) || !notice.isPossible()) {
        return;
      }
    }
  }
}
