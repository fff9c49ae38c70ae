package dev.mica.background;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs of this process and of others. */
@Timeout(300)
final class JobsTest {
  private static final int KEPT = 100;
  private static final int MOST_PRINTED = 4 << 20;

  @TempDir private Path temporary;
  private StateDir state;
  private Jobs jobs;

  @BeforeEach
  void open() {
    state = StateDir.at(temporary.resolve("home"));
    jobs = new Jobs(state);
  }

  /** Nobody may write into the folder any more when it is removed. */
  @AfterEach
  void settle() {
    while (!RunningJob.all(state).isEmpty()) {
      Thread.onSpinWait();
    }
  }

  /** Prints something, and ends with a status. */
  private record Printing(String text, int status) implements JobWork {
    @Override
    public int run(OutputStream log, Consumer<String> progress) {
      try {
        log.write(text.getBytes(StandardCharsets.UTF_8));
        return status;
      } catch (IOException broken) {
        throw new IllegalStateException(broken);
      }
    }

    @Override
    public void cancel() {}
  }

  private static JobWork printing(String text, int status) {
    return new Printing(text, status);
  }

  private Process child(String... again) throws IOException {
    List<String> args = new ArrayList<>(List.of(temporary.resolve("home").toString()));
    args.addAll(List.of(again));
    return Child.start(Child.command(JobChild.class, args.toArray(Object[]::new)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 143})
  void itEndsWithItsStatus(int status) {
    Job ended = jobs.start("print", "", List.of(), printing("said\n", status)).await();
    assertThat(ended.state()).isEqualTo(status == 0 ? Job.State.DONE : Job.State.FAILED);
    assertThat(ended.status()).isEqualTo(status);
    assertThat(ended.log()).isEqualTo("said\n");
    assertThat(ended.progress()).isEmpty();
    assertThat(ended.ended()).isPresent();
    assertThat(jobs.get(ended.id()).await().status()).isEqualTo(status);
  }

  @Test
  void theSessionThatItWasBegunInIsRemembered() {
    Job inNone = jobs.start("print", "", List.of(), printing("", 0)).await();
    Job inOne = jobs.start("print", "4", List.of(), printing("", 0)).await();
    assertThat(inNone.session()).isEmpty();
    assertThat(jobs.get(inOne.id()).session()).isEqualTo("4");
    assertThat(jobs.ofSession("4")).extracting(Job::id).containsExactly(inOne.id());
    assertThat(jobs.ofSession("5")).isEmpty();
  }

  @Test
  void whatRunsSaysHowFarItIsAndIsCancelled() {
    Job job = jobs.start("work", "", List.of(), new JobChild.Endless());
    while (!jobs.get(job.id()).progress().equals("half way")) {
      Thread.onSpinWait();
    }
    assertThat(jobs.get(job.id()).state()).isEqualTo(Job.State.RUNNING);
    assertThat(jobs.ofProcess()).hasSize(1);
    Job ended = job.cancel();
    assertThat(ended.state()).isEqualTo(Job.State.CANCELLED);
    assertThat(ended.cancel().state()).isEqualTo(Job.State.CANCELLED);
    assertThat(jobs.ofProcess()).isEmpty();
    assertThat(state.path().resolve("job-files/1")).isDirectoryContaining("glob:**log");
  }

  /** Whoever follows gets all of it, and is told of the end, which comes when it has begun to. */
  @Test
  void whatIsPrintedIsFollowedToTheEnd() throws Exception {
    Job job = jobs.start("work", "", List.of(), new JobChild.Endless());
    StringBuilder heard = new StringBuilder();
    OutputStream to =
        new OutputStream() {
          @Override
          public void write(int one) {
            heard.append((char) one);
            if (one == '\n') {
              Job _ = job.cancel();
            }
          }
        };
    jobs.follow(job.id(), to);
    assertThat(heard).hasToString("working\n");
    assertThat(jobs.get(job.id()).state()).isEqualTo(Job.State.CANCELLED);
  }

  @Test
  void oneOfAnotherProcessIsSeenAndCancelled() throws Exception {
    Process child = child();
    try (BufferedReader said = child.inputReader()) {
      int id = Integer.parseInt(said.readLine());
      assertThat(jobs.get(id).state()).isEqualTo(Job.State.RUNNING);
      assertThat(jobs.ofProcess()).isEmpty();
      assertThat(jobs.get(id).cancel().state()).isEqualTo(Job.State.CANCELLED);
      assertThat(child.waitFor()).isZero();
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @Test
  void oneWhoseProcessWasKilledIsLost() throws Exception {
    int id = killed();
    assertThat(jobs.get(id).state()).isEqualTo(Job.State.LOST);
    assertThat(jobs.get(id).await().status()).isEqualTo(1);
    jobs.takeUp(resumed -> {
      throw new AssertionError("it cannot be taken up");
    });
    assertThat(jobs.get(id).state()).isEqualTo(Job.State.LOST);
    assertThat(jobs.get(id).ended()).isPresent();
    assertThat(jobs.start("next", "", List.of(), printing("", 0)).id()).isEqualTo(id + 1);
  }

  private int killed(String... again) throws Exception {
    Process child = child(again);
    try (BufferedReader said = child.inputReader()) {
      return Integer.parseInt(said.readLine());
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @Test
  void oneThatCanBeTakenUpGoesOnHere() throws Exception {
    int id = killed("commit", "pull", "x");
    List<Jobs.Resumed> asked = new ArrayList<>();
    jobs.takeUp(resumed -> {
      asked.add(resumed);
      return printing("again\n", 0);
    });
    assertThat(asked)
        .extracting(Jobs.Resumed::words)
        .containsExactly(List.of("commit", "pull", "x"));
    Job ended = jobs.get(id).await();
    assertThat(ended.state()).isEqualTo(Job.State.DONE);
    assertThat(ended.log()).endsWith("again\n");
    jobs.takeUp(resumed -> {
      throw new AssertionError("it has ended");
    });
  }

  @Test
  void oneThatRunsElsewhereIsNotTakenUp() throws Exception {
    Process child = child("commit", "pull", "x");
    try (BufferedReader said = child.inputReader()) {
      int id = Integer.parseInt(said.readLine());
      jobs.takeUp(resumed -> {
        throw new AssertionError("it runs");
      });
      assertThat(jobs.get(id).state()).isEqualTo(Job.State.RUNNING);
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  /** A process that ends leaves what can be taken up to the next, and cancels the rest. */
  @Test
  void aProcessThatEndsLeavesWhatCanBeTakenUp() throws Exception {
    Job one = jobs.start("one", "", List.of("commit", "pull", "x"), new JobChild.Endless());
    Job other = jobs.start("other", "", List.of(), new JobChild.Endless());
    jobs.leave(0);
    assertThat(other.await().state()).isEqualTo(Job.State.CANCELLED);
    assertThat(jobs.ofProcess()).isEmpty();
    assertThat(jobs.get(one.id()).state()).isEqualTo(Job.State.LOST);
    jobs.takeUp(resumed -> printing("", 0));
    assertThat(jobs.get(one.id()).await().state()).isEqualTo(Job.State.DONE);
  }

  @Test
  void othersSeeTheirOwn() {
    Jobs anns = JobChild.of(state, "ann");
    Jobs bobs = JobChild.of(state, "bob");
    Job job = anns.start("work", "", List.of(), new JobChild.Endless());
    assertThat(anns.list()).hasSize(1);
    assertThat(bobs.list()).isEmpty();
    assertThat(jobs.list()).hasSize(1);
    assertThatThrownBy(() -> bobs.get(job.id())).hasMessageContaining("cannot find the job 1");
    assertThatThrownBy(() -> bobs.printed(job.id(), 0)).isInstanceOf(MicaException.class);
    assertThat(jobs.get(job.id()).cancel().user()).isEqualTo("ann");
  }

  @Test
  void nobodyHasTooMany() {
    Jobs anns = JobChild.of(state, "ann");
    List<Job> all = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      all.add(anns.start("work", "", List.of(), new JobChild.Endless()));
    }
    assertThatThrownBy(() -> anns.start("work", "", List.of(), new JobChild.Endless()))
        .hasMessageContaining("16 of ann run already");
    assertThat(jobs.start("mine", "", List.of(), printing("", 0)).await().status()).isZero();
    all.forEach(Job::cancel);
  }

  @Test
  void theOldestAreForgotten() {
    for (int i = 0; i <= KEPT; i++) {
      jobs.start("print", "", List.of(), printing("", 0)).await();
    }
    assertThat(jobs.list()).hasSizeLessThanOrEqualTo(KEPT + 1);
    assertThat(jobs.start("print", "", List.of(), printing("", 0)).id()).isEqualTo(KEPT + 2);
    assertThat(jobs.list()).first().matches(job -> job.id() > 1);
    assertThat(state.path().resolve("job-files/1")).doesNotExist();
  }

  @Test
  void notMoreIsKeptThanThereIsRoomFor() throws IOException {
    String much = "x".repeat(MOST_PRINTED + 1);
    Job job = jobs.start("print", "", List.of(), printing(much, 0)).await();
    assertThat(job.state()).isEqualTo(Job.State.DONE);
    assertThat(Files.size(state.path().resolve("job-files/1/log")))
        .isEqualTo(MOST_PRINTED + "\nmica: more is not kept\n".length());
    assertThat(jobs.printed(job.id(), MOST_PRINTED)).asString().contains("more is not kept");
    assertThat(job.log()).endsWith("more is not kept\n").hasSizeGreaterThan(MOST_PRINTED);
  }

  @Test
  void aDamagedRecordIsTold() throws IOException {
    jobs.start("print", "", List.of(), printing("", 0)).await();
    Files.writeString(state.path().resolve("jobs/1.json"), "{}");
    assertThat(jobs.list()).isEmpty();
    assertThat(jobs.damaged()).hasSize(1);
  }
}
