package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import dev.mica.test.Daemons;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What makes a commit is killed, or has no room: then there is no commit and nothing of it, or all
 * of it; the container runs on, and the next commit is made. More rounds with {@code
 * -Dmica.rounds=N}.
 */
@NeedsRoot
@Timeout(600)
final class VmCommitFaultTest {
  private static final int ROUNDS = Integer.getInteger("mica.rounds", 4);
  private static final int DISK_MEBIBYTES = 3072;
  private static final long ROOM = 8L << 20;
  private static final long PIECE = 1L << 20;
  private static final long BIG = 60_000_000;

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static Vms vms;
  private static Commits commits;

  /** It comes from the kernel, or from QEMU, whichever wanted to write first. */
  private static final String NO_ROOM =
      ".*(No space left on device|no room on this host for what).*";

  private static Folder base;
  private static Vm vm;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    Path disk = scratch.fileSystem("disk", "ext4", DISK_MEBIBYTES);
    // Nothing is kept back for root, which QEMU is not.
    Scratch.run("sh", "-c", "tune2fs -m 0 $(findmnt -no SOURCE --target " + disk + ")");
    StateDir state = StateDir.at(scratch.path("disk/home")).waiting(Duration.ofMinutes(3));
    vms = TestVms.of(state);
    commits = TestVms.commits(state);
    base = Folder.of(Caller.ofProcess(), TestRoot.busybox(scratch.dir("base")).path());
    vm =
        vms.create(
                VmSpec.of(
                    "web",
                    base,
                    List.of("sh", "-c", "n=0; while :; do n=$((n+1)); echo $n; sleep 0.1; done")))
            .start();
    Ran ran = vm.exec("sh", "-c", "head -c " + BIG + " /dev/urandom > /big; sync");
    assertThat(ran.status()).as(ran.errors()).isZero();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    commits.removeAll();
    assertThat(layers()).isZero();
  }

  @AfterAll
  static void remove() {
    vm.kill();
    vm.remove();
    scratch.awaitDigests();
    // A process that has ended may have its files open a moment longer: nobody waits for that.
    Scratch.run("umount", "--lazy", scratch.path("disk").toString());
    scratch.close();
  }

  private static long layers() throws IOException {
    Path layers = scratch.path("disk/home/layers");
    if (!Files.exists(layers)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(layers)) {
      return all.count();
    }
  }

  /** It was never held for good, and goes on. */
  private static void requireAlive() {
    assertThat(vm.state()).isEqualTo(Vm.State.RUNNING);
    assertThat(vm.exec("echo", "alive")).isEqualTo(new Ran(0, "alive\n", ""));
    String said = vm.logs();
    assertThat(Poll.until(SOON, () -> vm.logs().length() > said.length())).isTrue();
  }

  @Test
  void whoeverMakesItIsKilled() throws Exception {
    long seed = Long.getLong("mica.seed", new Random().nextInt(1_000_000));
    System.out.println("VmCommitFaultTest: -Dmica.seed=" + seed);
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      String ref = "killed:r" + round;
      kill(random, ref);
      Commit next = vm.commit("next:r" + round);
      assertThat(next.verify()).noneMatch(Commit.Verified::isBad);
      Optional<Commit> made = commits.find(ref);
      assertThat(layers())
          .as("round " + round + " of seed " + seed)
          .isEqualTo(made.isPresent() ? 2 : 1);
      made.ifPresent(commit -> {
        assertThat(commit.verify()).noneMatch(Commit.Verified::isBad);
        commit.remove();
      });
      next.remove();
      requireAlive();
    }
  }

  /** Has another process begin that, and kills it at some time. */
  private static void kill(Random random, String ref) throws Exception {
    Process child =
        new ProcessBuilder(
                Child.command(CommitChild.class, scratch.path("disk/home"), vm.name(), ref))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(child.inputReader().readLine()).isEqualTo("begun");
    boolean _ = child.waitFor(random.nextInt(4_000), TimeUnit.MILLISECONDS);
    child.destroyForcibly().waitFor();
  }

  @Test
  void whoeverDiffsIsKilled() throws Exception {
    long seed = Long.getLong("mica.seed", new Random().nextInt(1_000_000));
    System.out.println("VmCommitFaultTest: -Dmica.seed=" + seed);
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS / 2; round++) {
      kill(random, CommitChild.DIFF);
      assertThat(vm.diff().toList()).extracting(change -> change.path().toString()).contains("big");
      assertThat(layers()).as("round " + round + " of seed " + seed).isZero();
      requireAlive();
    }
  }

  /** Tar and check read it near each other, and large pieces at a time: each byte comes once. */
  @Test
  void theDiskIsReadOnce() throws IOException {
    long before = readByQemu();
    Path layer = vm.commit("read:1").layer();
    long read = readByQemu() - before;
    long whole = 0;
    try (Stream<Path> files = Files.walk(layer)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        whole += Files.size(file);
      }
    }
    assertThat(read).isGreaterThanOrEqualTo(whole).isLessThan(whole * 3 / 2);
  }

  private static long readByQemu() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(vm.pid()), "io"))) {
      return lines
          .filter(line -> line.startsWith("rchar: "))
          .mapToLong(line -> Long.parseLong(line.substring("rchar: ".length())))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void thereIsNoRoomForTheLayer() throws IOException {
    Path filler = fill(ROOM);
    try {
      Map.<String, ThrowableAssert.ThrowingCallable>of(
              "commit", () -> vm.commit("full:1"),
              "diff", vm::diff,
              "fork", () -> vm.fork("full"))
          .forEach((what, each) ->
              assertThatThrownBy(each)
                  .as(what)
                  .isInstanceOf(MicaException.class)
                  .hasMessageContaining("No space left on device"));
      assertThat(commits.list()).isEmpty();
      assertThat(vms.list()).hasSize(1);
      assertThat(layers()).isZero();
      requireAlive();
    } finally {
      Files.delete(filler);
    }
    assertThat(vm.commit("full:1").verify()).noneMatch(Commit.Verified::isBad);
  }

  /** All but so many bytes of the file system is used then. */
  private static Path fill(long room) throws IOException {
    Path filler = scratch.path("disk/filler");
    // What was removed before is free only when nobody reads it, and the journal says so.
    scratch.awaitDigests();
    Scratch.run("sync", "-f", scratch.path("disk").toString());
    try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
      long free = filler.toFile().getUsableSpace();
      // All of it cannot be had at once: where it is needs room too.
      long most = free - Math.max(room, PIECE);
      Scratch.run("fallocate", "-l", Long.toString(most), filler.toString());
      assertThat(file.length()).isPositive();
      file.seek(most);
      while (filler.toFile().getUsableSpace() > room) {
        file.write(new byte[4096]);
      }
    } catch (IOException full) {
      assertThat(room).as(full.toString()).isLessThan(PIECE);
    }
    return filler;
  }

  /** However far it comes, it runs or says so, and nothing of it is left. */
  @ParameterizedTest
  @ValueSource(longs = {0, 16 << 10})
  void thereIsNoRoomToStartAnother(long room) throws IOException {
    Vm other = vms.create(VmSpec.of("other", base, List.of("sleep", "100000")));
    List<String> daemons = Daemons.of(scratch.path("disk/home"));
    Path filler = fill(room);
    try {
      other.start();
      assertThat(other.exec("echo", "in")).isEqualTo(new Ran(0, "in\n", ""));
      other.kill();
    } catch (MicaException failure) {
      assertThat(failure).hasMessageMatching(NO_ROOM);
      assertThat(other.state()).as("why may not be kept").isIn(Vm.State.CREATED, Vm.State.FAILED);
    } finally {
      Files.delete(filler);
    }
    if (vm.state() == Vm.State.PAUSED) {
      assertThat(vm.status()).isEqualTo("paused (no room on this host for what it writes)");
      vm.resume(); // its guest wanted to write meanwhile
    }
    assertThat(Daemons.of(scratch.path("disk/home"))).hasSameElementsAs(daemons);
    assertThat(other.start().exec("echo", "in")).isEqualTo(new Ran(0, "in\n", ""));
    other.kill();
    other.remove();
    requireAlive();
  }

  /** What it writes to its disk has no room here: it stands still, says so, and loses nothing. */
  @Test
  void thereIsNoRoomForWhatItWrites() throws Exception {
    Path filler = fill(ROOM);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<Ran> writes =
          // It stays: the guest would give its room back at some time, in the middle of another
          // test.
          threads.submit(
              () -> vm.exec("sh", "-c", "head -c 40000000 /dev/zero > /room; sync; wc -c < /room"));
      try {
        assertThat(Poll.until(SOON, () -> vm.state() == Vm.State.PAUSED)).isTrue();
        assertThat(vm.status()).isEqualTo("paused (no room on this host for what it writes)");
        assertThatThrownBy(() -> vm.exec("true")).hasMessageContaining("resume it with mica vm");
        for (ThrowableAssert.ThrowingCallable each :
            List.<ThrowableAssert.ThrowingCallable>of(
                () -> vm.commit("full:2"),
                () -> vms.create(VmSpec.of("none", base, List.of("true"))))) {
          assertThatThrownBy(each).isInstanceOf(MicaException.class).hasMessageMatching(NO_ROOM);
        }
      } finally {
        Files.delete(filler);
        vm.resume();
      }
      assertThat(writes.get().output()).startsWith("40000000\n");
    }
    requireAlive();
    assertThat(layers()).isZero();
    assertThat(vms.list()).hasSize(1);
    assertThat(vm.commit("full:2").verify()).noneMatch(Commit.Verified::isBad);
  }

  @Test
  void theVmEndsMeanwhile() throws Exception {
    Process child =
        new ProcessBuilder(
                Child.command(CommitChild.class, scratch.path("disk/home"), vm.name(), "ended:1"))
            .redirectErrorStream(true)
            .start();
    assertThat(child.inputReader().readLine()).isEqualTo("begun");
    assertThat(Poll.until(SOON, () -> !child.isAlive() || count() > 0)).isTrue();
    ProcessHandle.of(vm.pid()).orElseThrow().destroyForcibly();
    assertThat(child.waitFor()).isEqualTo(1);
    assertThat(commits.find("ended:1")).isEmpty();
    assertThat(layers()).isZero();
    vm.start();
    requireAlive();
    assertThat(vm.commit("ended:1").layer().resolve("big")).isRegularFile();
  }

  private static long count() {
    try {
      return layers();
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
  }
}
