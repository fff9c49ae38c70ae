package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.failure.MicaException;
import dev.mica.state.Leftover;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each operation is killed with its journal entry there, and a person decides: then nothing is left
 * over, nothing that holds data is gone, and every object can be used and removed. A sixth of the
 * decisions, which {@code -Dmica.seed=N} chooses again; {@code MICA_FULL=1} tries all.
 */
final class SettleTest extends ScratchTest {
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final long SEED = Long.getLong("mica.seed", new Random().nextInt(1_000_000));

  /** The operation, the call it is killed at, counted from the last, and what was decided. */
  static Stream<Arguments> decisions() {
    List<Arguments> all = new ArrayList<>(every().toList());
    System.out.println("SettleTest: -Dmica.seed=" + SEED);
    Collections.shuffle(all, new Random(SEED));
    return all.stream().limit(FULL ? all.size() : all.size() / 6);
  }

  private static Stream<Arguments> every() {
    return Stream.of(CrashStep.Operation.values())
        .filter(operation -> operation != CrashStep.Operation.REFLINK) // noted as COPY is
        .filter(operation -> operation != CrashStep.Operation.REMOUNT) // it has no entry
        .filter(operation -> !operation.name().startsWith("SETTLE"))
        .flatMap(operation ->
            Stream.of("unlink 0", "fsync 3")
                .flatMap(
                    at -> Stream.of(true, false).map(keep -> Arguments.of(operation, at, keep))));
  }

  @ParameterizedTest
  @MethodSource("decisions")
  void afterTheDecisionEverythingWorks(CrashStep.Operation operation, String at, boolean keep)
      throws Exception {
    try (Scratch counted = new Scratch()) {
      situation(counted, operation);
      Path log = counted.path("calls");
      assertThat(strace(operation, counted, log, List.of())).isZero();
      String call = at.split(" ", -1)[0];
      int count = CrashTest.count(Files.readAllLines(log)).getOrDefault(call, 0);
      int time = count - Integer.parseInt(at.split(" ", -1)[1]);
      situation(scratch, operation);
      String kill = "inject=" + call + ":signal=KILL:when=" + time;
      assertThat(strace(operation, scratch, Path.of("/dev/null"), List.of("-e", kill))).isNotZero();
    }
    boolean changed = Files.exists(scratch.path("at/new/file"));
    StateDir knowsNoOperation = StateDir.at(scratch.path("home"));
    List<String> ids = knowsNoOperation.leftovers().stream().map(Leftover::id).toList();
    assertThat(ids).isNotEmpty();
    mica = Mica.open(scratch.path("home"));
    ids.forEach(id -> settle(id, keep));
    assertThat(scratch.path("home/journal")).isEmptyDirectory();
    if (changed) {
      assertThat(written()).isEqualTo("new");
    }
    checkEverything();
  }

  /**
   * With an audit: what its first line has to make would be the last of what the operation does.
   */
  private static void situation(Scratch in, CrashStep.Operation operation) {
    CrashSituation _ = new CrashSituation(in, operation);
    if (!Files.exists(in.path("home/audit"))) {
      assertThat(Mica.open(in.path("home")).commits().gc()).isEmpty();
    }
  }

  /** A layer on which the union may stand by now is given back only once it is not mounted. */
  private void settle(String id, boolean keep) {
    try {
      mica.host().settle(id, keep);
    } catch (MicaException mounted) {
      assertThat(keep).isFalse();
      assertThat(mounted).hasMessageContaining("is mounted, and may stand on it");
      assertThat(scratch.path("home/journal/" + id + ".json")).exists();
      Scratch.run("umount", scratch.path("at").toString());
      mica.host().settle(id, false);
    }
  }

  /** In the union's tree, or, where it is no union any more, in its upper. */
  private String written() {
    mica.unions().list().forEach(Union::remount);
    Path file = scratch.path("at/new/file");
    return Scratch.read(Files.exists(file) ? file : scratch.path("upper/new/file"));
  }

  private void checkEverything() {
    assertThat(mica.unions().damaged()).isEmpty();
    assertThat(mica.commits().damaged()).isEmpty();
    for (Union union : mica.unions().list()) {
      union.remount();
      assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
      assertThat(union.diff().toList()).isNotNull();
    }
    for (Commit commit : mica.commits().list()) {
      assertThat(commit.layer()).isDirectory();
      assertThat(commit.digest()).startsWith("sha256:");
    }
    mica.unions().removeAll();
    mica.commits().removeAll();
    mica.commits().gc();
    assertThat(mica.commits().gc()).isEmpty();
    for (String kept : List.of("layers", "trash")) {
      Path directory = scratch.path("home").resolve(kept);
      if (Files.exists(directory)) {
        assertThat(directory).isEmptyDirectory();
      }
    }
  }

  private static int strace(
      CrashStep.Operation operation, Scratch in, Path log, List<String> options)
      throws InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("strace", "-f", "-o", log.toString(), "-e", "trace=unlink,fsync"));
    command.addAll(options);
    command.addAll(Child.command(CrashStep.class, operation, in.path("")));
    return Child.start(command).waitFor();
  }
}
