package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Change;
import dev.mica.folder.Folder;
import dev.mica.state.LockedState;
import dev.mica.state.StateDir;
import dev.mica.test.Lab;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.union.Union;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Commits of real containers, compared with what the container itself sees. More seeds with {@code
 * -Dmica.seeds=N}, another first one with {@code -Dmica.seed=N}.
 */
@NeedsRoot
@Timeout(600)
final class VmCommitTest {
  private static final int SEEDS = Integer.getInteger("mica.seeds", 20);
  private static final int FIRST = Integer.getInteger("mica.seed", new Random().nextInt(1_000_000));
  private static final int EDITS = 12;

  /** So many of them are in one commit. */
  private static final int EACH = 4;

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static StateDir state;
  private static Vms vms;
  private static Commits commits;
  private static Folder base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    state = StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3));
    vms = TestVms.of(state);
    commits = TestVms.commits(state);
    TestRoot root = TestRoot.busybox(scratch.dir("base")).withLab();
    for (int i = 0; i < SEEDS; i++) {
      root.makeTree(FIRST + i, root.path().resolve("tree" + i));
    }
    base = Folder.of(Caller.ofProcess(), root.path());
  }

  @AfterEach
  void removeAll() {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
  }

  @AfterAll
  static void remove() {
    scratch.awaitDigests();
    scratch.close();
  }

  private static Vm started(String name, String... program) {
    return vms.create(VmSpec.of(name, base, List.of(program))).start();
  }

  private static Vm idle(String name) {
    return started(name, "sleep", "100000");
  }

  private static String run(Vm vm, String script) {
    Ran ran = vm.exec("sh", "-c", script);
    assertThat(ran.status()).as(ran.errors()).isZero();
    return ran.output();
  }

  /** Asks the lab in the container, which is started once for all; the lines of each answer. */
  private static List<List<String>> lab(Vm vm, List<String> questions) {
    String all = String.join("\n", questions);
    String said = run(vm, "python3 -B /lab/treelab.py serve <<'END'\n" + all + "\nEND");
    List<List<String>> answers = new ArrayList<>();
    for (String answer : said.lines().toList()) {
      assertThat(answer).startsWith("ok");
      answers.add(
          answer.equals("ok") ? List.of() : List.of(answer.substring(3).split("\\\\n", -1)));
    }
    assertThat(answers).hasSameSizeAs(questions);
    return answers;
  }

  private static Path mounted(Commit commit, String at) {
    return commit.mount(scratch.dir(at).toString()).at().path();
  }

  private static void unmount(String at) {
    for (Union union : TestVms.unions(scratch.path("home")).list()) {
      if (union.at().path().equals(scratch.path(at))) {
        union.remove();
      }
    }
  }

  /**
   * A guest that has known a file before it got a second name has two numbers for it, which is the
   * guest's kernel's own; so hard links are compared when it has been started anew.
   */
  @Test
  void randomEditsAreInTheCommitExactlyAsTheContainerSeesThem() {
    System.out.println("seeds " + FIRST + " to " + (FIRST + SEEDS - 1));
    Vm vm = idle("edits");
    try (Lab lab = new Lab()) {
      for (int from = 0; from < SEEDS; from += EACH) {
        List<Integer> now = IntStream.range(from, Math.min(from + EACH, SEEDS)).boxed().toList();
        List<String> questions = new ArrayList<>();
        for (int i : now) {
          questions.add("edit " + (FIRST + i) + " /tree" + i + " --count " + EDITS);
          questions.add("manifest /tree" + i + " --drop links");
        }
        List<List<String>> answers = lab(vm, questions);
        String at = "at" + from;
        Path commit = mounted(vm.commit("edits:s" + from), at);
        for (int i : now) {
          int question = 2 * (i - from);
          assertThat(lab.ask("manifest", commit.resolve("tree" + i), "--drop", "links"))
              .as("seed " + (FIRST + i) + ":\n" + String.join("\n", answers.get(question)))
              .containsExactlyElementsOf(answers.get(question + 1));
        }
        unmount(at);
      }
      assertThat(vm.state()).isEqualTo(Vm.State.RUNNING);
      List<Change> changes = vm.diff().toList();
      vm.stop();
      Commit end = vm.commit("edits:end");
      assertThat(end.diff().toList()).isEqualTo(changes);
      Path at = mounted(end, "end");
      vm.start();
      List<List<String>> seen =
          lab(vm, IntStream.range(0, SEEDS).mapToObj(i -> "manifest /tree" + i).toList());
      for (int i = 0; i < SEEDS; i++) {
        assertThat(lab.ask("manifest", at.resolve("tree" + i)))
            .as("seed " + (FIRST + i))
            .containsExactlyElementsOf(seen.get(i));
      }
      unmount("end");
    }
  }

  @Test
  void aWriterGoesOnAndTheCommitHasWhatItHadAcknowledgedAndNothingLater() throws IOException {
    Vm vm =
        started(
            "writer",
            "python3",
            "-B",
            "-c",
            """
            import os
            log = os.open("/log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            for n in range(10**9):
                os.write(log, b"%08d\\n" % n)
                os.fsync(log)
                print(n, flush=True)
            """);
    assertThat(Poll.until(SOON, () -> last(vm) > 20)).isTrue();
    for (int round = 0; round < 5; round++) {
      int before = last(vm);
      Commit commit = vm.commit("writer:r" + round);
      int after = last(vm);
      assertThat(commit.held()).isPositive();
      List<String> lines = Files.readAllLines(commit.layer().resolve("log"));
      for (int i = 0; i < lines.size(); i++) {
        assertThat(lines.get(i)).isEqualTo(String.format("%08d", i));
      }
      assertThat(lines.size()).isGreaterThan(before).isLessThanOrEqualTo(after + 2);
      assertThat(Poll.until(SOON, () -> last(vm) > after)).as("it goes on").isTrue();
    }
  }

  /** The last number that the program says is written, -1 where it said none. */
  private static int last(Vm vm) {
    return vm.logs()
        .lines()
        .reduce((first, last) -> last)
        .map(line -> Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1)))
        .orElse(-1);
  }

  /**
   * Every other piece of a file is written over between the moment and the reading of it, so that
   * what is read begins in what was kept and ends in what still lies on the disk, and the other way
   * round, for pieces smaller and larger than those that are kept.
   */
  @Test
  void whatIsWrittenOverMeanwhileIsNotInTheCommit() throws IOException {
    int size = 8 << 20;
    List<Integer> pieces = List.of(4 << 10, 64 << 10, 96 << 10, 1 << 20);
    Vm vm = idle("over");
    for (int piece : pieces) {
      run(vm, "head -c " + size + " /dev/zero | tr '\\0' a > /data" + piece);
    }
    run(vm, "sync");
    String over =
        """
        import os
        for piece in (%s):
            data = os.open("/data%%d" %% piece, os.O_WRONLY)
            for at in range(0, %d, 2 * piece):
                os.pwrite(data, b"b" * piece, at)
            os.fsync(data)
        """
            .formatted(String.join(",", pieces.stream().map(String::valueOf).toList()), size);
    Path script = scratch.path("over.py");
    Files.writeString(script, over);
    vm.copyIn(Folder.of(Caller.ofProcess(), script), "/over.py");
    Commit commit = vm.commit(new CommitSpec("over:1", "", "", "python3 /over.py", List.of()));
    assertThat(run(vm, "tr -d a < /data4096 | wc -c").trim()).isEqualTo(String.valueOf(size / 2));
    Commit next = vm.commit("over:2"); // on the same device of the guest
    for (int piece : pieces) {
      assertThat(notA(commit, "data" + piece, size)).as("bytes of later, by " + piece).isZero();
      String now = run(vm, "tr -d a < /data" + piece + " | wc -c").trim();
      assertThat(notA(next, "data" + piece, size)).as("by " + piece).hasToString(now);
    }
  }

  private static int notA(Commit commit, String file, int size) throws IOException {
    byte[] kept = Files.readAllBytes(commit.layer().resolve(file));
    assertThat(kept.length).isEqualTo(size);
    int others = 0;
    for (byte one : kept) {
      others += one == 'a' ? 0 : 1;
    }
    return others;
  }

  @Test
  void aPausedOneStaysPausedAndOneThatHasEndedGivesItsLastState() throws IOException {
    Vm vm =
        started(
            "states",
            "sh",
            "-c",
            "echo one > /one; trap 'echo end > /end; exit 0' TERM; while :; do sleep 1; done");
    assertThat(Poll.until(SOON, () -> vm.exec("test", "-e", "/one").status() == 0)).isTrue();
    vm.pause();
    Commit paused = vm.commit("states:paused");
    assertThat(vm.state()).isEqualTo(Vm.State.PAUSED);
    assertThat(paused.layer().resolve("one")).hasContent("one\n");
    vm.resume();
    vm.stop();
    Commit ended = vm.commit("states:ended");
    assertThat(vm.status()).isEqualTo("exited 0");
    assertThat(vm.pid()).isZero();
    assertThat(ended.held()).isZero();
    assertThat(ended.layer().resolve("end")).hasContent("end\n");
    assertThat(paused.layer().resolve("end")).doesNotExist();
    vm.start();
    assertThat(vm.exec("cat", "/end").output()).isEqualTo("end\n");
  }

  @Test
  void aCommitIsAnImageThatOthersStartFrom() {
    Vm vm = idle("first");
    run(vm, "echo hello > /etc/greeting; rm -r /lab");
    Commit commit = vm.commit(new CommitSpec("chain:1", "a word", "", "", List.of()));
    assertThat(commit.method()).isEqualTo(Commit.Method.SNAPSHOT);
    assertThat(commit.origin()).isEqualTo("the VM first");
    assertThat(commit.message()).isEqualTo("a word");
    scratch.awaitDigests();
    assertThat(commit.recordedDigest()).isPresent();
    assertThat(commit.verify()).noneMatch(Commit.Verified::isBad);
    Vm second = vms.create(VmSpec.of("second", commit, List.of("sleep", "100000"))).start();
    assertThat(run(second, "cat /etc/greeting")).isEqualTo("hello\n");
    assertThat(second.exec("test", "-e", "/lab").status()).isEqualTo(1);
    run(second, "echo more >> /etc/greeting");
    Commit child = second.commit("chain:2");
    assertThat(child.parent().map(Commit::id)).contains(commit.id());
    assertThat(child.layer().resolve("etc/greeting")).hasContent("hello\nmore\n");
    assertThatThrownBy(commit::remove).hasMessageContaining("chain:2");
  }

  @Test
  void whatTheRuntimeMakesIsNoChange() throws IOException {
    Path bare = scratch.dir("bare");
    Files.createDirectory(bare.resolve("bin"));
    Files.copy(base.path().resolve("bin/busybox"), bare.resolve("bin/busybox"));
    Folder from = Folder.of(Caller.ofProcess(), bare);
    Vm vm = vms.create(VmSpec.of("bare", from, List.of("/bin/busybox", "sleep", "100000"))).start();
    assertThatThrownBy(() -> vm.commit("bare:none"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("nothing has changed in it");
    assertThat(commits.find("bare:none")).isEmpty();
    assertThat(vm.exec("/bin/busybox", "touch", "/made").status()).isZero();
    Commit commit = vm.commit("bare:one");
    try (Stream<Path> names = Files.list(commit.layer())) {
      assertThat(names.map(path -> path.getFileName().toString())).containsExactly("made");
    }
  }

  @Test
  void commandsBeforeAndAfterAreRunAndMayRefuse() {
    Vm vm = idle("commands");
    Commit commit =
        vm.commit(new CommitSpec("commands:1", "", "echo ready > /ready", "rm /ready", List.of()));
    assertThat(commit.layer().resolve("ready")).hasContent("ready\n");
    assertThat(vm.exec("test", "-e", "/ready").status()).isEqualTo(1);
    assertThatThrownBy(
            () -> vm.commit(new CommitSpec("commands:2", "", "echo no >&2; exit 3", "", List.of())))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("it ended with 3: no");
    assertThat(commits.find("commands:2")).isEmpty();
    vm.stop();
    assertThatThrownBy(() -> vm.commit(new CommitSpec("commands:3", "", "true", "", List.of())))
        .hasMessageContaining("exited");
  }

  @Test
  void twoAtOnceAreOneAfterTheOtherAndProgramsRunBeside() throws Exception {
    Vm vm = idle("both");
    run(vm, "head -c 20000000 /dev/urandom > /big");
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Commit>> made = new ArrayList<>();
      for (String ref : List.of("both:a", "both:b")) {
        made.add(
            threads.submit(() -> {
              go.await();
              return vm.commit(ref);
            }));
      }
      Future<List<Change>> changes =
          threads.submit(() -> {
            go.await();
            return vm.diff().toList();
          });
      Future<Ran> beside =
          threads.submit(() -> {
            go.await();
            return vm.exec("echo", "beside");
          });
      go.countDown();
      assertThat(beside.get().output()).isEqualTo("beside\n");
      assertThat(changes.get()).hasSize(1);
      Path a = made.get(0).get().layer();
      Path b = made.get(1).get().layer();
      assertThat(Files.mismatch(a.resolve("big"), b.resolve("big"))).isEqualTo(-1);
    } catch (ExecutionException failed) {
      throw new AssertionError(failed.getCause());
    }
  }

  @Test
  void oneThatIsKilledMeanwhileMakesNoCommit() throws Exception {
    Vm vm = idle("killed");
    run(vm, "head -c 60000000 /dev/urandom > /big");
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<Commit> made = threads.submit(() -> vm.commit("killed:1"));
      Path layers = scratch.path("home/layers");
      long known = count(layers);
      assertThat(Poll.until(SOON, () -> made.isDone() || count(layers) > known)).isTrue();
      ProcessHandle.of(vm.pid()).orElseThrow().destroyForcibly();
      assertThatThrownBy(made::get).hasCauseInstanceOf(MicaException.class);
      assertThat(count(layers)).isEqualTo(known);
    }
    assertThat(commits.find("killed:1")).isEmpty();
    vm.start();
    Commit commit = vm.commit("killed:1");
    assertThat(commit.layer().resolve("big")).isRegularFile();
  }

  private static long count(Path directory) {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(directory)) {
      return all.count();
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
  }

  @Test
  void aForkGoesOnFromTheSameMoment() {
    Vm vm = started("origin", "sh", "-c", "echo $$ > /pid; sleep 100000");
    run(vm, "echo then > /state");
    Vm fork = vm.fork("copy");
    run(vm, "echo later > /state");
    assertThat(run(fork, "cat /state")).isEqualTo("then\n");
    assertThat(fork.state()).isEqualTo(Vm.State.RUNNING);
    assertThatThrownBy(() -> vm.fork("copy")).hasMessageContaining("there is one of that name");
  }

  /** The commits that forks stand on are theirs: they go with the last that stands on them. */
  @Test
  void whatAForkStandsOnGoesWithIt() {
    List<String> before = ids();
    Vm vm = vms.create(VmSpec.of("first", base, List.of("true")));
    assertThatThrownBy(() -> vm.fork("/x")).hasMessageContaining("a name is 1 to 63 letters");
    Vm second = vm.fork("second");
    Vm third = second.fork("third");
    String lower = second.from();
    assertThat(ids()).hasSize(before.size() + 2).contains(lower, third.from());
    vm.remove();
    second.remove();
    assertThat(ids()).as("the third stands on both").hasSize(before.size() + 2);
    Vm beside = vms.create(VmSpec.of("beside", commits.get(lower), List.of("true")));
    third.remove();
    assertThat(ids()).as("another stands on one").hasSize(before.size() + 1).contains(lower);
    beside.remove();
    commits.get(lower).remove();
    Vm alone = vms.create(VmSpec.of("alone", base, List.of("true"))).fork("fork");
    assertThat(ids()).hasSize(before.size() + 1);
    alone.remove();
    assertThat(ids()).isEqualTo(before);
  }

  private static List<String> ids() {
    return commits.list().stream().map(Commit::id).toList();
  }

  @Test
  void whatAVmIsBeingMadeOfIsNotRemoved() {
    Commit commit =
        commits.importFolder(scratch.dir("small").toString(), "small:1").commits().getFirst();
    VmSpec spec = VmSpec.of("new", commit, List.of("true"));
    VmRecord made = NewVm.record(Caller.ofProcess(), state, "new", "0123456789ab", spec, List.of());
    try (LockedState locked = state.lock("create the VM new", Vms.object("new"))) {
      VmRecord _ =
          locked.run(
              Vms.CREATE,
              made::toJson,
              () ->
                  assertThatThrownBy(commit::remove)
                      .hasMessageContaining("the VM new stands on it"),
              () -> made);
    }
    commit.remove();
  }
}
