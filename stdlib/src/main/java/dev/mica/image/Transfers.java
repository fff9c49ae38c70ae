package dev.mica.image;

import dev.mica.commit.LayerStore;
import dev.mica.job.Activity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Some blobs that are moved at once, a few at a time; as one activity of the thread that waits for
 * them. Where one fails the others are ended, and what came of them is kept for the next try.
 */
final class Transfers implements Activity.Work, LayerStore.Meanwhile {
  private static final int AT_ONCE = 4;

  /** So many digits tell one blob from another, for people. */
  private static final int SHORT = 6;

  private final Map<String, Transfer> transfers = new LinkedHashMap<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          AT_ONCE, task -> Thread.ofPlatform().daemon().name("transfer").unstarted(task));

  private final Map<String, Future<?>> begun = new LinkedHashMap<>();
  private final ExecutorCompletionService<Transfer> done = new ExecutorCompletionService<>(threads);
  private final Activity activity;

  /**
   * So many of those that are done have been taken out of {@link #done}, by the thread that waits.
   */
  private int seen;

  private Transfers(String text, List<Descriptor> blobs, Consumer<Transfer> action) {
    blobs.forEach(blob -> transfers.putIfAbsent(blob.digest(), new Transfer(blob)));
    activity = Activity.begin(text, OptionalLong.empty(), this);
    try {
      activity.check();
      transfers.forEach(
          (digest, one) -> begun.put(digest, done.submit(() -> action.accept(one), one)));
    } catch (RejectedExecutionException cancelled) {
      close();
      activity.check();
      throw cancelled;
    } catch (CancellationException cancelled) {
      close();
      throw cancelled;
    }
  }

  /**
   * Begins {@code action} for each blob, once where one is in the list twice, in the list's order.
   * What the calling thread does until the end is a part of it.
   *
   * @param text what is done to what: "pull localhost:5000/web:v2"
   */
  static Transfers begin(String text, List<Descriptor> blobs, Consumer<Transfer> action) {
    return new Transfers(text, blobs, action);
  }

  /** Does {@code action} for each blob, likewise, and waits. */
  public static void run(String text, List<Descriptor> blobs, Consumer<Transfer> action) {
    try (Transfers all = begin(text, blobs, action)) {
      all.await();
    }
  }

  /** Waits until all are done, or one has failed. */
  @Override
  public void await() {
    while (seen < begun.size()) {
      awaitNext();
    }
  }

  /** Waits until that one, which is among them, is done, or another has failed. */
  void await(Descriptor blob) {
    Future<?> one = Objects.requireNonNull(begun.get(blob.digest()));
    while (seen < begun.size() && !one.isDone()) {
      awaitNext();
    }
    await(() -> one);
  }

  private void awaitNext() {
    activity.check();
    await(done::take);
    seen++;
  }

  @FunctionalInterface
  private interface Next {
    Future<?> take() throws InterruptedException;
  }

  private void await(Next next) {
    try {
      next.take().get();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      activity.check();
      throw new IllegalStateException(stop); // not reached: an interruption cancels
    } catch (ExecutionException failed) {
      activity.check();
      throw unwrapped(failed);
    }
  }

  /** Ends those that are not done; what came of them is kept. */
  @Override
  public void close() {
    end();
    activity.close();
  }

  /** Threads that are in the middle of something have it left in order before this returns. */
  private void end() {
    transfers.values().forEach(Transfer::cancel);
    threads.shutdownNow();
    boolean interrupted = false;
    while (!threads.isTerminated()) {
      try {
        threads.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static RuntimeException unwrapped(ExecutionException failed) {
    return switch (failed.getCause()) {
      case RuntimeException known -> known;
      case Error error -> throw error;
      case null, default -> new IllegalStateException(failed.getCause());
    };
  }

  @Override
  public long entries() {
    return transfers.values().stream().filter(Transfer::isDone).count();
  }

  @Override
  public long bytes() {
    return transfers.values().stream().mapToLong(Transfer::bytes).sum();
  }

  @Override
  public long totalBytes() {
    return transfers.values().stream().mapToLong(transfer -> transfer.blob().size()).sum();
  }

  /** How far each is that is under way: {@code 3 of 5 blobs, 1f0c9a 42 %, 77ab01 3 %}. */
  @Override
  public String step() {
    String underWay =
        transfers.values().stream()
            .filter(transfer -> transfer.isStarted() && !transfer.isDone())
            .map(Transfers::percent)
            .collect(Collectors.joining());
    return entries() + " of " + transfers.size() + " blobs" + underWay;
  }

  private static String percent(Transfer transfer) {
    Descriptor blob = transfer.blob();
    long percent = blob.size() == 0 ? 0 : 100 * transfer.bytes() / blob.size();
    return ", " + blob.hex().substring(0, SHORT) + " " + percent + " %";
  }

  @Override
  public void cancel() {
    transfers.values().forEach(Transfer::cancel);
    threads.shutdownNow();
  }
}
