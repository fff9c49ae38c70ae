package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.Child;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
 * {@code -Dmica.seed=N} chooses the same sixth of the steps again; {@code MICA_FULL=1} tries all.
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

  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final long SEED = Long.getLong("mica.seed", new Random().nextInt(1_000_000));

  private static final int AT_ONCE = 2;
  private static final int ENDS = 3;
  private static final int BETWEEN = 7;

  private final ExecutorService runners = Executors.newFixedThreadPool(AT_ONCE);

  private static Scratch own;
  private static Child.Archived children;

  @BeforeAll
  static void requireStrace() {
    System.out.println("CrashTest: -Dmica.seed=" + SEED);
    Scratch.run("strace", "-V");
    own = new Scratch();
    own.fileSystem("cloning", "xfs", 400);
    try (Scratch scratch = new Scratch()) {
      new CrashSituation(scratch, CrashStep.Operation.ROTATE);
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
    List<String> kills = new ArrayList<>();
    calls(operation)
        .forEach((call, count) -> times(count).forEach(time -> kills.add(kill(call, time))));
    assertThat(kills).hasSizeGreaterThanOrEqualTo(operation.fewestSteps());
    run(operation, kills, false);
  }

  private static String kill(String call, int time) {
    return call + ":signal=KILL:when=" + time;
  }

  /** At all of these, or at a sixth of them, unless {@code MICA_FULL=1}. */
  private void run(CrashStep.Operation operation, List<String> kills, boolean reboot)
      throws InterruptedException {
    List<String> chosen = new ArrayList<>(kills);
    Collections.shuffle(chosen, new Random(SEED + operation.name().hashCode()));
    int count = FULL ? chosen.size() : (chosen.size() + 5) / 6;
    List<Future<?>> runs = new ArrayList<>();
    for (String kill : chosen.subList(0, count)) {
      runs.add(runners.submit(() -> killed(operation, kill, reboot)));
    }
    for (Future<?> run : runs) {
      result(run);
    }
  }

  /**
   * Killed where the journal is struck or a record is written, then a write into the union, then a
   * reboot: mounts gone, another boot. Nothing written is lost, and every command works.
   */
  @ParameterizedTest
  @EnumSource
  void afterAWriteAndARebootNothingIsLost(CrashStep.Operation operation) throws Exception {
    Map<String, Integer> calls = calls(operation);
    List<String> kills = new ArrayList<>();
    for (String call : List.of("move_mount", "unlink", "fsync")) {
      int count = calls.getOrDefault(call, 0);
      for (int time = Math.max(1, count - ENDS); time <= count; time++) {
        kills.add(kill(call, time));
      }
    }
    assertThat(kills).isNotEmpty();
    run(operation, kills, true);
  }

  /** All, or of many the first, the last and some between, unless {@code MICA_FULL=1}. */
  private static List<Integer> times(int count) {
    return IntStream.rangeClosed(1, count)
        .filter(time -> FULL || time <= ENDS || time > count - ENDS || time % BETWEEN == 0)
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
    try (Scratch scratch = scratch(operation)) {
      CrashSituation before = new CrashSituation(scratch, operation);
      Path log = scratch.path("calls");
      assertThat(start(operation, scratch, log, List.of())).isZero();
      Map<String, Integer> most = count(Files.readAllLines(log));
      Files.delete(log);
      before.check(true);
      return most;
    }
  }

  /** How often each of these calls is in what strace wrote, in the thread that makes most. */
  static Map<String, Integer> count(List<String> lines) {
    Map<String, Map<String, Integer>> ofThread = new TreeMap<>();
    for (String line : lines) {
      Matcher call = CALL.matcher(line);
      if (call.find() && CHANGES.contains(call.group(2))) {
        ofThread
            .computeIfAbsent(call.group(1), thread -> new TreeMap<>())
            .merge(call.group(2), 1, Integer::sum);
      }
    }
    Map<String, Integer> most = new TreeMap<>();
    ofThread.values().forEach(calls -> calls.forEach((k, n) -> most.merge(k, n, Math::max)));
    return most;
  }

  private static void killed(CrashStep.Operation operation, String kill, boolean reboot) {
    try (Scratch scratch = scratch(operation)) {
      CrashSituation before = new CrashSituation(scratch, operation);
      Path log = Path.of("/dev/null");
      int status = start(operation, scratch, log, List.of("-e", "inject=" + kill));
      try {
        if (reboot) {
          before.checkAfterReboot();
        } else {
          before.check(status == 0);
        }
      } catch (AssertionError | RuntimeException failure) {
        throw new AssertionError(
            operation + " with " + kill + " ended with " + status + ", seed " + SEED, failure);
      }
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  /** On a file system that can clone where that is the point; it is one for all. */
  private static Scratch scratch(CrashStep.Operation operation) {
    return operation == CrashStep.Operation.REFLINK
        ? new Scratch(own.path("cloning"))
        : new Scratch();
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
}
