package dev.mica.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.Child;
import dev.mica.test.NeedsRoot;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

@Timeout(300)
final class StateDirTest {
  @TempDir private Path temporary;

  private Path home() {
    return temporary.resolve("home");
  }

  @Test
  void theEnvironmentNamesIt() {
    String user = System.getProperty("user.name");
    Path ofNothing =
        user.equals("root")
            ? Path.of("/var/lib/mica")
            : Path.of(System.getProperty("user.home"), ".local/state/mica");
    assertThat(StateDir.ofEnvironment(Map.of()).path()).isEqualTo(ofNothing);
    assertThat(StateDir.ofEnvironment(Map.of("MICA_HOME", home().toString())).path())
        .isEqualTo(home());
    assertThatThrownBy(() -> StateDir.ofEnvironment(Map.of("MICA_LOCK_WAIT", "soon")))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("MICA_LOCK_WAIT")
        .hasMessageContaining("soon");
  }

  @Test
  void itIsMadeAtTheFirstWriteForItsOwnerOnly() throws IOException {
    StateDir state = StateDir.at(home());
    assertThat(state.read(() -> state.records("unions").names())).isEmpty();
    assertThat(home()).doesNotExist();
    state.lock("test").close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home())))
        .isEqualTo("rwx------");
  }

  @Test
  void reachedThroughASymlinkItIsTheSame() throws IOException {
    Path link = Files.createSymbolicLink(temporary.resolve("link"), temporary);
    assertThat(StateDir.at(link.resolve("home")).path()).isEqualTo(StateDir.at(home()).path());
  }

  @Test
  void aRecordComesBackAsItWas() {
    Records records = StateDir.at(home()).records("things");
    try (var _ = StateDir.at(home()).lock("test")) {
      records.put("a", Records.object().put("text", "ä\n\"").put("number", 1L << 40));
    }
    assertThat(records.names()).containsExactly("a");
    assertThat(records.find("a").orElseThrow().toString())
        .isEqualTo("{\"text\":\"ä\\n\\\"\",\"number\":1099511627776}");
    assertThat(records.find("b")).isEmpty();
  }

  @Test
  void aRecordOfAProcessIsOneLikeOthers() {
    StateDir state = StateDir.at(home());
    Records records = state.records("things");
    try (var _ = state.lock("test")) {
      records.put("a", Records.object().put("n", 1));
      records.ofProcesses().put("a", Records.object().put("n", 2));
      records.ofProcesses().put("b", Records.object().put("n", 3));
    }
    assertThat(records.names()).containsExactly("a", "b");
    assertThat(number(records, "a")).isEqualTo(2);
    records.ofProcesses().remove("a");
    records.ofProcesses().remove("a");
    assertThat(records.names()).containsExactly("b");
  }

  @Test
  void aDamagedRecordIsNamed() throws IOException {
    Path file = home().resolve("things/a.json");
    Files.createDirectories(file.getParent());
    Records records = StateDir.at(home()).records("things");
    for (String damage : List.of("", "{\"text\": \"cut of", "[]", "{}x")) {
      Files.writeString(file, damage);
      assertThatThrownBy(() -> records.find("a"))
          .as("content '%s'", damage)
          .isInstanceOf(MicaException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("damaged");
    }
  }

  @Test
  void aThreadMayTakeTheLockAgain() {
    StateDir state = StateDir.at(home());
    try (var _ = state.lock("outer")) {
      try (var _ = state.lock("inner")) {
        assertThat(state.read(() -> 1)).isEqualTo(1);
      }
      assertThat(heldFor(state, "outer")).isTrue();
    }
    assertThat(heldFor(state, "outer")).isFalse();
  }

  /** Whether another thread is refused because of that operation. */
  private static boolean heldFor(StateDir state, String what) {
    AtomicInteger refused = new AtomicInteger();
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              try (var _ = state.waiting(Duration.ofMillis(50)).lock("other")) {
                refused.set(0);
              } catch (MicaException busy) {
                refused.set(busy.why().contains("to " + what) ? 1 : 2);
              }
            });
    try {
      other.join();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
    assertThat(refused.get()).isLessThan(2);
    return refused.get() == 1;
  }

  @Test
  void threadsAndProcessesTakeTurns() throws Exception {
    Path counter = Files.writeString(temporary.resolve("counter"), "0");
    List<Process> children = List.of(count(counter), count(counter), count(counter));
    StateDir state = StateDir.at(home()).waiting(Duration.ofSeconds(50));
    List<Thread> threads =
        List.of(
            Thread.ofPlatform().start(() -> StateChild.count(state, counter)),
            Thread.ofPlatform().start(() -> StateChild.count(state, counter)));
    for (Thread thread : threads) {
      thread.join();
    }
    for (Process child : children) {
      assertThat(child.waitFor()).isZero();
    }
    assertThat(Files.readString(counter)).isEqualTo(String.valueOf(5 * StateChild.TURNS));
  }

  private Process count(Path counter) {
    return Child.start(Child.command(StateChild.class, "count", home(), counter));
  }

  @Test
  void aWaiterIsToldWhoHasIt() throws Exception {
    Process child = Child.start(Child.command(StateChild.class, "hold", home()));
    try (BufferedReader said = child.inputReader()) {
      assertThat(said.readLine()).isEqualTo("held");
      assertThatThrownBy(() -> StateDir.at(home()).waiting(Duration.ofMillis(100)).lock("test"))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("process " + child.pid())
          .hasMessageContaining("to hold it")
          .hasMessageContaining(home().toString());
    } finally {
      child.destroyForcibly().waitFor();
    }
    StateDir.at(home()).waiting(Duration.ofSeconds(5)).lock("test").close();
  }

  /** It waits in the kernel's queue; who is interrupted there says so, and leaves it to others. */
  @Test
  void aWaiterIsQueuedByTheKernelAndCanBeInterrupted() throws Exception {
    Process child = Child.start(Child.command(StateChild.class, "hold", home()));
    try (BufferedReader said = child.inputReader()) {
      assertThat(said.readLine()).isEqualTo("held");
      CompletableFuture<String> outcome = new CompletableFuture<>();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                try (var _ = StateDir.at(home()).waiting(Duration.ofMinutes(3)).lock("wait")) {
                  outcome.complete("it has the lock");
                } catch (MicaException stop) {
                  outcome.complete(stop.why());
                }
              });
      Pattern queued =
          Pattern.compile("-> POSIX +ADVISORY +WRITE " + ProcessHandle.current().pid());
      while (!queued.matcher(Files.readString(Path.of("/proc/locks"))).find()) {
        assertThat(waiter.isAlive()).isTrue();
      }
      waiter.interrupt();
      assertThat(outcome.get()).startsWith("interrupted while waiting for process " + child.pid());
    } finally {
      child.destroyForcibly().waitFor();
    }
    StateDir.at(home()).lock("test").close();
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
    try (StateDir.Lock lock = state.lock("test")) {
      String done =
          lock.run(
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
  void oneThatOthersMayLookIntoIsClosedAndOneTheyMayWriteIsRefused() throws IOException {
    Files.createDirectory(home());
    Files.setPosixFilePermissions(home(), PosixFilePermissions.fromString("rwxr-xr-x"));
    StateDir.at(home()).lock("test").close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home())))
        .isEqualTo("rwx------");
    Files.setPosixFilePermissions(home(), PosixFilePermissions.fromString("rwxrwx---"));
    assertThatThrownBy(() -> StateDir.at(home()).lock("test"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("chmod 700 " + home());
  }

  @Test
  @NeedsRoot
  void oneThatAnotherHasOrCouldReplaceIsRefused() throws IOException {
    Files.createDirectory(home());
    Files.setAttribute(home(), "unix:uid", 65534);
    StateDir taken = StateDir.at(home());
    assertThatThrownBy(() -> taken.records("unions").names()).hasMessageContaining("belongs to");
    Files.setAttribute(home(), "unix:uid", 0);
    Files.setAttribute(temporary, "unix:uid", 65534);
    assertThatThrownBy(() -> StateDir.at(home()).read(() -> 1))
        .hasMessageContaining("others may put another one in its place");
    Files.setAttribute(temporary, "unix:uid", 0);
  }

  @Test
  void aNameThatLeadsElsewhereIsNoRecord() throws IOException {
    StateDir.at(home()).lock("test").close();
    Records records = StateDir.at(home()).records("things");
    Files.writeString(home().resolve("other.json"), "{}");
    assertThat(records.find("../other")).isEmpty();
    assertThatThrownBy(() -> records.put("../other", Records.object()))
        .isInstanceOf(MicaException.class);
  }

  @Test
  void aFailureIsUndoneAtOnce() {
    StateDir state = StateDir.at(home());
    AtomicInteger recovered = new AtomicInteger();
    state.onLeftover("step", by(facts -> recovered.incrementAndGet()));
    try (StateDir.Lock lock = state.lock("test")) {
      assertThatThrownBy(() ->
              lock.run(
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
      int difference = state.read(() -> number(records, "a") - number(records, "b"));
      assertThat(difference).isZero();
    }
    writer.join();
    assertThat(reads).isPositive();
    assertThat(number(records, "b")).isEqualTo(300);
  }

  private static void step(StateDir state, Records records, int n) {
    try (StateDir.Lock lock = state.waiting(Duration.ofSeconds(50)).lock("step")) {
      lock.run(
          "step",
          Records.object(),
          () -> {
            records.put("a", Records.object().put("n", n));
            records.put("b", Records.object().put("n", n));
            return n;
          });
    }
  }

  private static int number(Records records, String name) {
    return records.find(name).orElseThrow().get("n").asInt();
  }
}
