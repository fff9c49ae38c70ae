package dev.mica.shell.prompt;

import dev.mica.job.Activity;
import dev.mica.scripting.run.Evaluation;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.print.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * What the process was started for, and ends like any program: with its last thread that is no
 * daemon, or by a signal, which first ends what the core is doing; either way what was printed is
 * not lost.
 */
public final class Program implements AutoCloseable {
  /** What runs code of its user's is called so. */
  static final String A_SCRIPT = "a script";

  /** How long what the core is doing may take to undo itself. */
  private static final long LONGEST_MILLIS = 5_000;

  /** How long anything else may take to end. */
  private static final long GRACE_MILLIS = 1_000;

  private final Streams streams;
  private final @Nullable Progress progress;
  private final @Nullable String name;
  private final Work work;
  private final List<Evaluation<?>> started = new ArrayList<>();
  private boolean heard = true;
  private final Thread hook = Thread.ofPlatform().unstarted(this::ending);

  /** {@code name} is shown while it runs, unless it is null or says itself what it does. */
  public Program(Streams streams, @Nullable Progress progress, @Nullable String name) {
    this.streams = streams;
    this.progress = progress;
    this.name = name;
    this.work = new Work(progress, name, streams.out()::flush);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Does {@code what}; fails as it fails. */
  public int run(Callable<Integer> what) throws InterruptedException {
    Evaluation<Integer> evaluation = start(what);
    try {
      return work.await(evaluation);
    } catch (Work.Endless killed) { // the hook has cancelled it, so the process is ending
      throw new CancellationException("cancelled");
    } finally {
      heard = evaluation.await(0);
      stop(evaluation); // if it runs on, what it prints cannot be written
    }
  }

  /** What it is doing, without what could be secret. */
  public String running() {
    return started().stream()
        .flatMap(each -> each.activity().stream())
        .map(Activity::text)
        .findFirst()
        .orElse(name == null ? A_SCRIPT : name);
  }

  private synchronized Evaluation<Integer> start(Callable<Integer> what) {
    started.removeIf(each -> each.lastThread().isEmpty());
    Evaluation<Integer> evaluation = Evaluation.program(what);
    started.add(evaluation);
    return evaluation;
  }

  private synchronized List<Evaluation<?>> started() {
    return List.copyOf(started);
  }

  /** Waits for the threads that are left; the exit status, which they do not change. */
  public int awaitThreads() throws InterruptedException {
    for (Evaluation<?> each : started()) {
      for (var last = each.lastThread(); heard && last.isPresent(); last = each.lastThread()) {
        if (!last.get().join(Duration.ofMillis(Work.TICK_MILLIS))) {
          streams.out().flush();
        }
      }
    }
    return 0;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      return; // then the hook is at work
    }
  }

  private void ending() {
    if (!asksForIt()) {
      started().forEach(Evaluation::cancel);
      if (progress != null) {
        progress.stop();
      }
      started().forEach(Program::stop);
    }
    streams.flushWithin(GRACE_MILLIS);
  }

  /** Whether it is no signal that ends the process but a thread that waits in System.exit. */
  private static boolean asksForIt() {
    return Thread.getAllStackTraces().values().stream()
        .flatMap(Arrays::stream)
        .anyMatch(frame ->
            frame.getClassName().equals(Runtime.class.getName())
                && frame.getMethodName().equals("exit"));
  }

  private static void stop(Evaluation<?> evaluation) {
    long start = System.nanoTime();
    try {
      while (!evaluation.await(Work.TICK_MILLIS)) {
        evaluation.cancel();
        long millis = (System.nanoTime() - start) / 1_000_000;
        if (millis > (evaluation.activity().isPresent() ? LONGEST_MILLIS : GRACE_MILLIS)) {
          return;
        }
      }
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt();
    }
  }
}
