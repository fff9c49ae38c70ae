package dev.mica.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ActivityTest {
  /** Work whose counters the test sets. */
  private static final class Counted implements Activity.Work {
    long entries;
    boolean cancelled;

    @Override
    public long entries() {
      return entries;
    }

    @Override
    public long bytes() {
      return entries * 10;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }

  @Test
  void theOutermostIsShownWithWhatIsInside() {
    Thread me = Thread.currentThread();
    Counted first = new Counted();
    Counted second = new Counted();
    try (Activity commit = begin("commit", Activity.Work.NONE)) {
      try (Activity copy = begin("copy", first)) {
        first.entries = 5;
        assertThat(Activity.current(me)).containsSame(commit);
        assertThat(copy.entries()).isEqualTo(5);
        assertThat(commit.entries()).isEqualTo(5);
      }
      try (Activity digest = begin("digest", second)) {
        second.entries = 2;
        assertThat(digest.isCancelled()).isFalse();
        assertThat(commit.entries()).isEqualTo(7);
        assertThat(commit.bytes()).isEqualTo(70);
      }
      assertThat(commit.entries()).isEqualTo(7);
    }
    assertThat(Activity.current(me)).isEmpty();
  }

  @Test
  void theInnermostThatSaysWhatItIsAtIsHeard() {
    try (Activity serve = begin("serve", Activity.Work.NONE)) {
      assertThat(serve.step()).isEmpty();
      serve.step("helper VM");
      try (Activity start = begin("start", Activity.Work.NONE);
          Activity _ = begin("remove", new Counted())) {
        assertThat(serve.step()).isEqualTo("helper VM");
        start.step("kernel");
        assertThat(serve.step()).isEqualTo("kernel");
      }
      assertThat(serve.step()).isEqualTo("helper VM");
      serve.step("union");
      assertThat(serve.step()).isEqualTo("union");
    }
  }

  @Test
  void workInPiecesIsCountedOnce() {
    Counted work = new Counted();
    Activity stream = Activity.inPieces("compare", work);
    assertThat(Activity.current(Thread.currentThread())).isEmpty();
    try (Activity outer = begin("search", Activity.Work.NONE)) {
      for (int piece = 1; piece <= 3; piece++) {
        stream.resume();
        work.entries += 10;
        assertThat(outer.entries()).isEqualTo(10L * piece);
        stream.close();
        assertThat(outer.entries()).isEqualTo(10L * piece);
      }
    }
  }

  @Test
  void cancellingTheOutermostReachesTheInnermost() {
    Counted work = new Counted();
    try (Activity outer = begin("commit", Activity.Work.NONE)) {
      try (Activity inner = begin("copy", work)) {
        Activity.current(Thread.currentThread()).ifPresent(Activity::cancel);
        assertThat(work.cancelled).isTrue();
        assertThatThrownBy(inner::check)
            .isInstanceOf(CancellationException.class)
            .hasMessage("cancelled: copy");
      }
      try (Activity next = begin("digest", new Counted())) {
        assertThatThrownBy(next::check).hasMessage("cancelled: commit");
      }
      assertThat(outer.isCancelled()).isTrue();
    }
  }

  @Test
  void anInterruptBeforeItBeginsStopsIt() {
    Thread.currentThread().interrupt();
    try (Activity activity = begin("copy", new Counted())) {
      assertThatThrownBy(activity::check).isInstanceOf(CancellationException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  /**
   * Work that only {@link #cancel} ends, as a call into the C core is: interrupting is not heard.
   */
  private static final class Deaf implements Activity.Work {
    private final CountDownLatch over = new CountDownLatch(1);

    @Override
    public long entries() {
      return 0;
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public void cancel() {
      over.countDown();
    }

    void run() {
      boolean interrupted = false;
      while (over.getCount() > 0) {
        try {
          over.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void anotherThreadIsInterruptedAndCancelled() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    AtomicBoolean interrupted = new AtomicBoolean();
    Deaf work = new Deaf();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              try (Activity activity = begin("copy", work)) {
                running.countDown();
                work.run();
                interrupted.set(Thread.currentThread().isInterrupted());
                activity.check();
              } catch (CancellationException e) {
                thrown.set(e);
              }
            });
    running.await();
    assertThat(Activity.current(thread).map(Activity::text)).contains("copy");
    Activity.interrupt(thread);
    thread.join();
    assertThat(interrupted).isTrue();
    assertThat(thrown.get()).isInstanceOf(CancellationException.class);
    assertThat(Activity.current(thread)).isEqualTo(Optional.empty());
  }

  @Test
  void cancellingWhatIsOverIsHarmless() {
    Activity activity = begin("copy", new Counted());
    activity.close();
    assertThatCode(activity::cancel).doesNotThrowAnyException();
  }

  private static Activity begin(String text, Activity.Work work) {
    return Activity.begin(text, OptionalLong.empty(), work);
  }
}
