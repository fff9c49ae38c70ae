package dev.mica.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.Child;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** What is written in the journal is ended, undone or told, and readers see nothing half done. */
@Timeout(300)
final class JournalTest {
  @TempDir private Path temporary;

  private Path home() {
    return temporary.resolve("home");
  }

  /**
   * The child dies in the middle of "step"; whoever comes next, reader or writer, ends it first.
   */
  @Test
  void whatADeadProcessLeftIsEndedFirst() throws Exception {
    for (boolean reader : List.of(true, false)) {
      Process child = Child.start(Child.command(StateChild.class, "die", home()));
      assertThat(child.waitFor()).isEqualTo(StateChild.DIED);
      assertThat(home().resolve("journal")).isNotEmptyDirectory();
      StateDir state = StateDir.at(home());
      AtomicInteger recovered = new AtomicInteger();
      state.onLeftover("step", by(facts -> recovered.addAndGet(facts.get("number").asInt())));
      if (reader) {
        assertThat(state.read(() -> recovered.get())).isEqualTo(7);
      } else {
        state.lock("next").close();
      }
      assertThat(recovered.get()).isEqualTo(7);
      assertThat(home().resolve("journal")).isEmptyDirectory();
    }
  }

  /** It stops nothing but its own object, until somebody decides. */
  @Test
  void whatNobodyCanEndIsToldAndStays() throws Exception {
    Process child = Child.start(Child.command(StateChild.class, "die", home()));
    assertThat(child.waitFor()).isEqualTo(StateChild.DIED);
    StateDir state = StateDir.at(home());
    List<Boolean> kept = new ArrayList<>();
    state.onLeftover("step", stuck(kept));
    assertThat(state.read(() -> 1)).isEqualTo(1);
    state.lock("work on another", "thing 8").close();
    assertThatThrownBy(() -> state.lock("work on it", "thing 7"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("cannot work on it")
        .hasMessageContaining("it is in the way")
        .hasMessageContaining("--keep");
    Leftover left = state.leftovers().getFirst();
    assertThat(left.objects()).containsExactly("thing 7");
    state.settle(left.id(), true);
    assertThat(kept).containsExactly(true);
    assertThat(state.leftovers()).isEmpty();
    state.lock("work on it", "thing 7").close();
  }

  private static Recovery<ObjectNode> by(Consumer<ObjectNode> recover) {
    return Recovery.of(facts -> facts, facts -> List.of(), recover);
  }

  /** Of things, none of which can be ended without a decision. */
  static Recovery<Integer> stuck(List<Boolean> kept) {
    return Recovery.of(
            facts -> facts.required("number").asInt(),
            number -> List.of("thing " + number),
            number -> {
              throw MicaException.failed("do", "it", "it is in the way");
            })
        .keeping(number -> kept.add(true))
        .discarding(number -> kept.add(false));
  }

  /** One that nobody here knows, and one that cannot be read, are told, too. */
  @Test
  void aDamagedJournalStopsNothing() throws IOException {
    StateDir state = StateDir.at(home());
    state.lock("test").close();
    Files.createDirectories(home().resolve("journal"));
    Files.writeString(home().resolve("journal/1-0000.json"), "{\"operation\":\"fly\"}");
    Files.writeString(home().resolve("journal/2-0000.json"), "{");
    state.lock("test", "thing 7").close();
    assertThat(state.leftovers()).extracting(Leftover::id).containsExactly("2-0000", "1-0000");
    state.settle("1-0000", true);
    state.settle("2-0000", true);
    assertThat(state.leftovers()).isEmpty();
  }

  /** An older Mica had one entry in a file beside the journal; it is carried out, or told. */
  @Test
  void whatAnOlderMicaLeftIsEndedOrTold() throws IOException {
    Path left = home().resolve("intent.json");
    List<Integer> recovered = new ArrayList<>();
    StateDir state = StateDir.at(home());
    state.lock("test").close();
    state.onLeftover(
        "step",
        Recovery.of(
            facts -> facts.required("number").asInt(), number -> List.of(), recovered::add));
    String entry = "{\"operation\": \"%s\", \"process\": 1, \"facts\": %s}";
    Files.writeString(left, entry.formatted("step", "{\"number\": 7}"));
    assertThat(state.read(() -> recovered)).containsExactly(7);
    assertThat(left).doesNotExist();

    for (String text :
        List.of(
            entry.formatted("step", "{\"of another\": 1}"),
            entry.formatted("fly", "{}"),
            "{\"operation\": 5",
            "")) {
      for (boolean keep : List.of(true, false)) {
        Files.writeString(left, text);
        state.lock("work on", "thing 7").close();
        assertThat(state.leftovers())
            .as(text)
            .extracting(Leftover::settling)
            .containsExactly(
                List.of(
                    "mica doctor --settle intent --keep", "mica doctor --settle intent --discard"));
        assertThat(state.leftovers().getFirst().why()).isNotBlank();
        state.settle("intent", keep);
        assertThat(state.leftovers()).isEmpty();
        assertThat(left).doesNotExist();
      }
    }
    assertThat(recovered).containsExactly(7);
  }

  /** What was decided is done, not what would be done without a decision. */
  @Test
  void whatCouldBeEndedByNowIsSettledAllTheSame() throws Exception {
    for (boolean keep : List.of(true, false)) {
      Process child = Child.start(Child.command(StateChild.class, "die", home()));
      assertThat(child.waitFor()).isEqualTo(StateChild.DIED);
      String id = StateDir.at(home()).leftovers().getFirst().id();
      List<String> done = new ArrayList<>();
      StateDir state = StateDir.at(home());
      state.onLeftover(
          "step",
          Recovery.<Integer>of(
                  facts -> facts.required("number").asInt(),
                  number -> List.of(),
                  number -> done.add("recovered " + number))
              .keeping(number -> done.add("kept " + number))
              .discarding(number -> done.add("discarded " + number)));
      state.settle(id, keep);
      assertThat(done).containsExactly(keep ? "kept 7" : "discarded 7");
      assertThat(home().resolve("journal")).isEmptyDirectory();
    }
  }

  /** An id that is none is told with those there are; what still runs is nobody's to settle. */
  @Test
  void whatCannotBeSettledIsTold() {
    StateDir state = StateDir.at(home());
    state.onLeftover("step", by(facts -> {}));
    for (String id : List.of("", "1-0000", "..", "../lock", "/etc/passwd", "1-0000\n", "intent")) {
      assertThatThrownBy(() -> state.settle(id, true))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("unfinished operation")
          .hasMessageContaining("there is none of that name");
    }
    try (LockedState locked = state.lock("test")) {
      String done =
          locked.run(
              "step",
              Records.object(),
              () -> {
                String id = onlyEntry();
                assertThatThrownBy(() -> state.settle(id, true))
                    .isInstanceOf(MicaException.class)
                    .hasMessageContaining("it is under way");
                assertThat(settleElsewhere(id)).contains("in use by process");
                return onlyEntry();
              });
      assertThat(done).isNotEmpty();
    }
    assertThat(home().resolve("journal")).isEmptyDirectory();
  }

  private String onlyEntry() {
    try (var entries = Files.list(home().resolve("journal"))) {
      String name = entries.toList().getFirst().getFileName().toString();
      return name.substring(0, name.length() - ".json".length());
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
  }

  private String settleElsewhere(String id) {
    CompletableFuture<String> said = new CompletableFuture<>();
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              try {
                StateDir.at(home()).waiting(Duration.ofMillis(50)).settle(id, false);
                said.complete("settled");
              } catch (MicaException refused) {
                said.complete(String.valueOf(refused.getMessage()));
              }
            });
    try {
      other.join();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
    return said.join();
  }

  /** Neither another process of the same number nor one of an earlier boot is the writer. */
  @Test
  void aWriterIsOneProcessOfOneBoot() {
    Writer self = Writer.self();
    assertThat(self.isAlive()).isTrue();
    assertThat(new Writer(self.pid(), self.started() + 1, self.boot()).isAlive()).isFalse();
    assertThat(new Writer(self.pid(), self.started(), "another").isAlive()).isFalse();
    assertThat(Writer.of(self.toJson())).isEqualTo(self);
  }

  @Test
  void aFailureIsUndoneAtOnce() {
    StateDir state = StateDir.at(home());
    AtomicInteger recovered = new AtomicInteger();
    state.onLeftover("step", by(facts -> recovered.incrementAndGet()));
    try (LockedState locked = state.lock("test")) {
      assertThatThrownBy(() ->
              locked.run(
                  "step",
                  Records.object(),
                  () -> {
                    throw MicaException.failed("do", "it", "no");
                  }))
          .hasMessage("cannot do it: no");
    }
    assertThat(recovered.get()).isEqualTo(1);
    assertThat(home().resolve("journal")).isEmptyDirectory();
  }

  /**
   * Two records change in one operation: a reader sees both old or both new, also where it takes
   * him long to look through the journal's folder, and operations end while he does.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 2000})
  void aReaderSeesNoMiddle(int strangers) throws Exception {
    StateDir state = StateDir.at(home());
    Path journal = Files.createDirectories(home().resolve("journal"));
    for (int i = 0; i < strangers; i++) {
      Files.createFile(journal.resolve("stranger" + i));
    }
    state.onLeftover("step", by(facts -> {}));
    Records records = state.records("things");
    try (var _ = state.lock("test")) {
      records.put("a", Records.object().put("n", 0));
      records.put("b", Records.object().put("n", 0));
    }
    CountDownLatch done = new CountDownLatch(1);
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              for (int n = 1; n <= 300; n++) {
                step(state, records, n);
              }
              done.countDown();
            });
    int reads = 0;
    while (done.getCount() > 0) {
      reads++;
      int difference =
          state.read(() -> StateDirTest.number(records, "a") - StateDirTest.number(records, "b"));
      assertThat(difference).isZero();
    }
    writer.join();
    assertThat(reads).isPositive();
    assertThat(StateDirTest.number(records, "b")).isEqualTo(300);
  }

  private static void step(StateDir state, Records records, int n) {
    try (LockedState locked = state.waiting(Duration.ofSeconds(50)).lock("step")) {
      locked.run(
          "step",
          Records.object(),
          () -> {
            records.put("a", Records.object().put("n", n));
            records.put("b", Records.object().put("n", n));
            return n;
          });
    }
  }
}
