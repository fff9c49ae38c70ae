package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.MicaException;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.test.Child;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.union.Union;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * kill -9 at every step: strace kills a process of its own as it enters its 1st, 2nd, 3rd … call of
 * each system call that changes something, as often as it makes it. After each, the next process
 * must find the state before or the state after, and nothing else: no stray mount, no stray file.
 */
@NeedsRoot
@SuppressWarnings("NullAway.Init") // JUnit sees to the fields
final class CrashTest {
  /** All that changes a file system or mount table; writing to a file counts with its fsync. */
  private static final Set<String> CHANGES =
      Set.of(
          ("rename,renameat,renameat2,mkdir,mkdirat,rmdir,unlink,unlinkat,link,linkat,symlink,symlinkat,"
                  + "mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,setxattr,"
                  + "lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,fsync,fdatasync,syncfs,"
                  + "copy_file_range,mount,umount2,fsconfig,fsmount,move_mount,mount_setattr")
              .split(",", -1));

  /** As {@code strace -o} writes it: thread, call; what was resumed is counted where it began. */
  private static final Pattern CALL = Pattern.compile("^(\\d+) +([a-z0-9_]+)\\(");

  private static final int AT_ONCE = 2;
  private static final int FEWEST_STEPS = 10;
  private static final int ENDS = 3;
  private static final int BETWEEN = 7;

  private final ExecutorService runners = Executors.newFixedThreadPool(AT_ONCE);

  private static Scratch own;
  private static Child.Archived children;

  @BeforeAll
  static void requireStrace() {
    Scratch.run("strace", "-V");
    own = new Scratch();
    try (Scratch scratch = new Scratch()) {
      new Situation(scratch, CrashStep.Operation.ROTATE);
      children =
          new Child.Archived(
              own.dir("archive"), CrashStep.class, CrashStep.Operation.ROTATE, scratch.path(""));
    }
  }

  @AfterAll
  static void remove() {
    own.close();
  }

  @AfterEach
  void close() {
    runners.close();
  }

  @ParameterizedTest
  @EnumSource
  void killedAnywhereItLeavesTheStateBeforeOrAfter(CrashStep.Operation operation) throws Exception {
    List<Future<?>> runs = new ArrayList<>();
    for (Map.Entry<String, Integer> call : calls(operation).entrySet()) {
      for (int time : times(call.getValue())) {
        String kill = call.getKey() + ":signal=KILL:when=" + time;
        runs.add(runners.submit(() -> killed(operation, kill, false)));
      }
    }
    assertThat(runs).hasSizeGreaterThan(FEWEST_STEPS);
    for (Future<?> run : runs) {
      result(run);
    }
  }

  /**
   * Killed where the journal is struck or a record is written, then a write into the union, then a
   * reboot: mounts gone, another boot. Nothing written is lost, and every command works.
   */
  @ParameterizedTest
  @EnumSource(names = {"CREATE", "CREATE_OVER_EMPTY", "ROTATE", "COPY"})
  void afterAWriteAndARebootNothingIsLost(CrashStep.Operation operation) throws Exception {
    Map<String, Integer> calls = calls(operation);
    List<Future<?>> runs = new ArrayList<>();
    for (String call : List.of("move_mount", "unlink", "fsync")) {
      int count = calls.getOrDefault(call, 0);
      for (int time = Math.max(1, count - ENDS); time <= count; time++) {
        String kill = call + ":signal=KILL:when=" + time;
        runs.add(runners.submit(() -> killed(operation, kill, true)));
      }
    }
    assertThat(runs).isNotEmpty();
    for (Future<?> run : runs) {
      result(run);
    }
  }

  /** All, or of many the first, the last and some between, unless {@code MICA_FULL=1}. */
  private static List<Integer> times(int count) {
    boolean all = "1".equals(System.getenv("MICA_FULL"));
    return IntStream.rangeClosed(1, count)
        .filter(time -> all || time <= ENDS || time > count - ENDS || time % BETWEEN == 0)
        .boxed()
        .toList();
  }

  private static void result(Future<?> run) throws InterruptedException {
    try {
      run.get();
    } catch (ExecutionException failure) {
      throw new AssertionError(failure.getCause());
    }
  }

  /** How often the operation, unharmed, makes each of these calls in the thread that makes most. */
  private static Map<String, Integer> calls(CrashStep.Operation operation) throws Exception {
    try (Scratch scratch = new Scratch()) {
      Situation before = new Situation(scratch, operation);
      Path log = scratch.path("calls");
      assertThat(start(operation, scratch, log, List.of())).isZero();
      Map<String, Map<String, Integer>> ofThread = new TreeMap<>();
      for (String line : Files.readAllLines(log)) {
        Matcher call = CALL.matcher(line);
        if (call.find() && CHANGES.contains(call.group(2))) {
          ofThread
              .computeIfAbsent(call.group(1), thread -> new TreeMap<>())
              .merge(call.group(2), 1, Integer::sum);
        }
      }
      Files.delete(log);
      before.check(true);
      Map<String, Integer> most = new TreeMap<>();
      ofThread.values().forEach(calls -> calls.forEach((k, n) -> most.merge(k, n, Math::max)));
      return most;
    }
  }

  private static void killed(CrashStep.Operation operation, String kill, boolean reboot) {
    try (Scratch scratch = new Scratch()) {
      Situation before = new Situation(scratch, operation);
      Path log = Path.of("/dev/null");
      int status = start(operation, scratch, log, List.of("-e", "inject=" + kill));
      try {
        if (reboot) {
          before.checkAfterReboot();
        } else {
          before.check(status == 0);
        }
      } catch (AssertionError | RuntimeException failure) {
        throw new AssertionError(operation + " with " + kill + " ended with " + status, failure);
      }
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  private static int start(
      CrashStep.Operation operation, Scratch scratch, Path log, List<String> kill)
      throws InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "strace", "-f", "-o", log.toString(), "-e", "trace=" + String.join(",", CHANGES)));
    command.addAll(kill);
    command.addAll(children.command(CrashStep.class, operation, scratch.path("")));
    return Child.start(command).waitFor();
  }

  /** What there was before, and what may be there after. */
  private static final class Situation {
    private final Scratch scratch;
    private final CrashStep.Operation operation;
    private final String tree;
    private final String upper;

    Situation(Scratch scratch, CrashStep.Operation operation) {
      this.scratch = scratch;
      this.operation = operation;
      scratch.file("lower/kept", "lower");
      scratch.file("lower/gone", "lower");
      switch (operation) {
        case CREATE -> {}
        case CREATE_OVER_EMPTY -> oddMode(scratch.dir("upper"));
        default -> changedUnion();
      }
      this.tree = Files.exists(at()) ? digest(at()) : "";
      this.upper = Files.exists(scratch.path("upper")) ? digest(scratch.path("upper")) : "";
    }

    private void changedUnion() {
      Mica mica = open();
      Union union = mica.unions().create(CrashStep.spec(scratch.path("")));
      if (operation == CrashStep.Operation.REMOVE_COMMIT) {
        Union other =
            mica.unions()
                .create(
                    dev.mica.test.ScratchTest.spec(
                        "other",
                        List.of(dev.mica.folder.Folder.of(scratch.path("lower"))),
                        scratch.path("other-upper"),
                        scratch.path("other-at")));
        Scratch.write(scratch.path("other-at/dir/old"), "old");
        Commit old = mica.commits().create(other, "old:v1", "");
        other.remove();
        assertThat(old.digest()).isNotEmpty();
      }
      if (operation == CrashStep.Operation.COLLECT) {
        scratch.file("home/layers/0123456789ab/dir/file", "orphan");
      }
      Scratch.write(at().resolve("kept"), "held");
      Scratch.write(at().resolve("new/file"), "new");
      try {
        Files.delete(at().resolve("gone"));
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
      assertThat(union.diff().isEmpty()).isFalse();
    }

    private static void oddMode(Path directory) {
      try {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx-w---x"));
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }

    private Mica open() {
      return Mica.open(scratch.path("home"));
    }

    private Path at() {
      return scratch.path("at");
    }

    private static String digest(Path tree) {
      return Core.manifest(Tree.plain(tree)).digest();
    }

    void checkAfterReboot() {
      boolean mounted = scratch.mounts().contains(at().toString());
      boolean wrote = mounted && isWritten("late");
      scratch.mounts().reversed().forEach(target -> Scratch.run("umount", target));
      list("home/journal")
          .forEach(name -> {
            Path entry = scratch.path("home/journal").resolve(name);
            String other = "\"boot\" : \"another\"";
            Scratch.write(entry, Scratch.read(entry).replaceAll("\"boot\" : \"[^\"]*\"", other));
          });
      Mica mica = open();
      List<Union> unions = mica.unions().list();
      mica.state().lock("look").close();
      assertThat(mica.state().leftovers()).isEmpty();
      unions.forEach(Union::remount);
      if (mounted) {
        assertThat(unions).extracting(Union::name).containsExactly("u");
      }
      if (wrote) {
        assertThat(Scratch.read(at().resolve("late"))).isEqualTo("late");
      }
      if (operation == CrashStep.Operation.ROTATE || operation == CrashStep.Operation.COPY) {
        assertThat(Scratch.read(at().resolve("new/file"))).isEqualTo("new");
      }
      assertThat(list("home/layers"))
          .isEqualTo(mica.commits().list().stream().map(Commit::id).toList());
    }

    /**
     * Killed in the middle of a rotation it leaves a union that refuses, until the next command.
     */
    private boolean isWritten(String name) {
      try {
        Files.writeString(at().resolve(name), name);
        return true;
      } catch (IOException refused) {
        assertThat(refused).hasMessageContaining("Read-only file system");
        return false;
      }
    }

    void check(boolean through) {
      Mica mica = open();
      List<Union> unions = mica.unions().list(); // whoever reads next recovers
      mica.state().lock("look").close();
      assertThat(list("home")).doesNotContain("scratch");
      assertThat(list("home/journal")).isEmpty();
      assertThat(list("home/trash")).isEmpty();
      switch (operation) {
        case CREATE, CREATE_OVER_EMPTY -> checkCreated(unions, through);
        case REMOVE_UNION -> checkRemoved(unions, through);
        case ROTATE, COPY -> checkCommitted(mica, unions, through);
        case REMOVE_COMMIT -> checkCommitRemoved(mica, through);
        case COLLECT -> checkCollected(mica, through);
      }
    }

    private void checkCreated(List<Union> unions, boolean through) {
      assertThat(unions.isEmpty() && through).isFalse();
      if (!unions.isEmpty()) {
        checkLive(unions);
        assertThat(unions.getFirst().diff().toList()).isEmpty();
        return;
      }
      assertThat(scratch.mounts()).isEmpty();
      if (operation == CrashStep.Operation.CREATE) {
        assertThat(list("")).isSubsetOf("lower", "home");
      } else {
        assertThat(list("")).isSubsetOf("lower", "home", "upper");
        assertThat(digest(scratch.path("upper"))).isEqualTo(upper);
      }
    }

    private void checkLive(List<Union> unions) {
      assertThat(unions).extracting(Union::name).containsExactly("u");
      assertThat(unions.getFirst().state()).isEqualTo(Union.State.MOUNTED);
      assertThat(scratch.mounts()).containsExactly(at().toString());
      assertThat(list(""))
          .isSubsetOf(".u.mica-work", "at", "home", "lower", "other-upper", "upper");
    }

    private void checkRemoved(List<Union> unions, boolean through) {
      assertThat(unions.isEmpty() || !through).isTrue();
      if (unions.isEmpty()) {
        assertThat(scratch.mounts()).isEmpty();
        assertThat(list("")).containsExactlyInAnyOrder("home", "lower", "upper");
      } else {
        checkLive(unions);
        assertThat(digest(at())).isEqualTo(tree);
      }
    }

    private void checkCommitted(Mica mica, List<Union> unions, boolean through) {
      checkLive(unions);
      List<Commit> commits = mica.commits().list();
      assertThat(commits.isEmpty() && through).isFalse();
      assertThat(list("home/layers")).isEqualTo(commits.stream().map(Commit::id).toList());
      Union union = unions.getFirst();
      if (operation == CrashStep.Operation.ROTATE) {
        assertThat(digest(at())).isEqualTo(tree);
        assertThat(union.diff().isEmpty()).isEqualTo(!commits.isEmpty());
        assertThat(union.lowers()).hasSize(1 + commits.size());
      } else {
        assertThat(union.diff().isEmpty()).isFalse();
        assertThat(union.lowers()).hasSize(1);
      }
      if (commits.isEmpty()) {
        assertThat(mica.commits().find("web:v1")).isEmpty();
      } else {
        Commit commit = mica.commits().get("web:v1");
        assertThat(commit.method().name()).isEqualTo(operation.name());
        assertThat(Scratch.read(commit.layer().resolve("new/file"))).isEqualTo("new");
      }
    }

    private void checkCommitRemoved(Mica mica, boolean through) {
      List<Commit> commits = mica.commits().list();
      assertThat(commits.isEmpty() || !through).isTrue();
      assertThat(list("home/layers")).isEqualTo(commits.stream().map(Commit::id).toList());
      if (commits.isEmpty()) {
        assertThat(mica.commits().find("old:v1")).isEmpty();
        assertThat(list("home/stats")).isEmpty();
      } else {
        Path old = mica.commits().get("old:v1").layer().resolve("dir/old");
        assertThat(Scratch.read(old)).isEqualTo("old");
      }
    }

    private void checkCollected(Mica mica, boolean through) {
      if (Files.exists(scratch.path("home/layers/0123456789ab"))) {
        assertThat(through).isFalse();
        assertThat(Scratch.read(scratch.path("home/layers/0123456789ab/dir/file")))
            .isEqualTo("orphan");
      }
      checkLive(mica.unions().list());
    }

    private List<String> list(String directory) {
      Path path = scratch.path(directory);
      if (!Files.exists(path)) {
        return List.of();
      }
      try (var entries = Files.list(path)) {
        return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
      } catch (IOException broken) {
        throw MicaException.failed("list", path, String.valueOf(broken.getMessage()));
      }
    }
  }
}
