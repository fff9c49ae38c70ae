package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import dev.mica.test.Daemons;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a VM is made of is killed: then it says what it is, can be started again, and removed, and
 * nothing is left. More rounds with {@code -Dmica.rounds=N}.
 */
@NeedsRoot
@Timeout(300)
final class VmKillTest {
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final int ROUNDS = Integer.getInteger("mica.rounds", 3);

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static Vms vms;
  private static Folder base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    vms = TestVms.of(StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3)));
    Path root = scratch.dir("base");
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp")) {
      Files.createDirectory(root.resolve(name));
    }
    Files.copy(BUSYBOX, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet : List.of("sh", "echo", "sleep", "true")) {
      Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
    }
    base = Folder.of(Caller.ofProcess(), root);
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    assertThat(vms.list()).isEmpty();
    try (Stream<Path> left = Files.list(scratch.dir("home/containers"))) {
      assertThat(left).isEmpty();
    }
    assertThat(Daemons.of(scratch.path("home"))).isEmpty();
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  private static Vm started(String name) {
    return vms.create(VmSpec.of(name, base, List.of("sleep", "100000"))).start();
  }

  private static void kill(ProcessHandle process) {
    process.destroyForcibly();
    assertThat(Poll.until(SOON, () -> !process.isAlive())).isTrue();
  }

  private static void requireGood(Vm vm) {
    assertThat(vm.state()).isEqualTo(Vm.State.RUNNING);
    assertThat(vm.exec("echo", "alive")).isEqualTo(new Ran(0, "alive\n", ""));
  }

  private static VmFiles files(Vm vm) {
    return new VmFiles(scratch.path("home").resolve(VmFiles.relative(vm.id())));
  }

  @Test
  void qemu() {
    Vm vm = started("qemu");
    kill(ProcessHandle.of(vm.pid()).orElseThrow());
    assertThat(vm.await()).isEqualTo(137);
    assertThat(vm.status()).isEqualTo("failed (its VM ended first)");
    assertThat(vm.exitStatus()).isEmpty();
    requireGood(vm.start());
  }

  @Test
  void theMonitor() {
    Vm vm = started("monitor");
    kill(new Daemon(files(vm).pid()).process().orElseThrow());
    assertThat(vm.status()).isEqualTo("failed (its monitor ended first)");
    requireGood(vm.start());
    kill(new Daemon(files(vm).pid()).process().orElseThrow());
    vm.remove(); // with a program in it that nobody hears
  }

  /** It would wait for ever for what it reads: it says so, and hangs in nobody's way. */
  @Test
  void aFileServer() throws IOException {
    Vm vm = started("files");
    loseFolder(vm);
    requireLost(vm);
    vm.stop();
    assertThat(vm.pid()).isZero();
    requireGood(vm.start());
    loseFolder(vm);
    vm.kill();
    assertThat(vm.status()).isEqualTo("failed (its VM ended first)");
    requireGood(vm.start());
    loseFolder(vm);
    vm.remove();
    assertThat(Daemons.of(scratch.path("home"))).isEmpty();
  }

  private static void loseFolder(Vm vm) throws IOException {
    try (Stream<Path> all = Files.list(files(vm).directory().resolve("machine"))) {
      List<Daemon> servers =
          all.filter(file -> file.getFileName().toString().matches("s[0-9a-f]+\\.pid"))
              .map(Daemon::new)
              .filter(Daemon::isAlive)
              .toList();
      assertThat(servers).isNotEmpty();
      servers.forEach(server -> server.process().ifPresent(VmKillTest::kill));
    }
  }

  private static void requireLost(Vm vm) {
    assertThat(vm.state()).isEqualTo(Vm.State.FAILED);
    assertThat(vm.status()).isEqualTo("failed (the file server of its start folder ended)");
    assertThat(vm.exitStatus()).isEmpty();
    assertThatThrownBy(() -> vm.exec("echo"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("it is failed (the file server of its start folder ended)");
  }

  /** What the monitor waits for will not come: whoever looks next ends it, and says what it is. */
  @Test
  void theStarterRightBeforeItsProgram() throws Exception {
    Process child = child("before", VmChild.Operation.HALT);
    assertThat(child.waitFor()).isEqualTo(9);
    Vm vm = vms.get("before");
    assertThat(Daemons.of(scratch.path("home"))).isEmpty();
    assertThat(vm.state()).isEqualTo(Vm.State.CREATED);
    requireGood(vm.start());
    vm.kill();
    vm.remove();
    assertThat(child("before", VmChild.Operation.HALT).waitFor()).isEqualTo(9);
    vms.get("before").remove();
  }

  private static Vm removedAtEnd(String name, String... program) {
    return vms.create(VmSpec.of(name, base, List.of(program)).removedAtEnd());
  }

  /** Nobody is there when its program ends. */
  @Test
  void oneThatIsToBeRemovedIsRemovedByWhateverEndsIt() {
    Vm ends = removedAtEnd("one", "true").start();
    assertThat(Poll.until(SOON, () -> ends.state() == Vm.State.REMOVED)).isTrue();
    Vm killed = removedAtEnd("two", "sleep", "100000").start();
    kill(ProcessHandle.of(killed.pid()).orElseThrow());
    assertThat(Poll.until(SOON, () -> killed.state() == Vm.State.REMOVED)).isTrue();
    Vm stopped = removedAtEnd("three", "sleep", "100000").start();
    Vm again = stopped.restart();
    requireGood(again);
    assertThat(stopped.stop().status()).isEqualTo("removed");
    assertThat(vms.list()).isEmpty();
    assertThat(Poll.until(SOON, () -> Daemons.of(scratch.path("home")).isEmpty()))
        .as("what waited for the end")
        .isTrue();
  }

  /** Another of its name is not it. */
  @Test
  void nothingIsDoneToAnotherOfTheSameName() {
    Vm old = removedAtEnd("same", "true");
    String id = old.id();
    old.remove();
    Vm other = started("same");
    vms.ended("same", id);
    vms.ended("same", other.id());
    old.stop();
    old.kill();
    old.remove();
    assertThat(old.state()).isEqualTo(Vm.State.REMOVED);
    assertThatThrownBy(old::start).hasMessage("cannot start the VM same: it was removed");
    requireGood(other);
  }

  private static Process child(String name, VmChild.Operation operation) {
    return Child.start(
        Child.command(VmChild.class, scratch.path("home"), scratch.path("base"), name, operation));
  }

  /** One that has begun is killed within so many milliseconds. */
  private static void killWithin(int time, Random random, VmChild.Operation operation)
      throws Exception {
    Process child = child("any", operation);
    assertThat(child.inputReader().readLine()).isEqualTo("begun");
    boolean _ = child.waitFor(random.nextInt(time), TimeUnit.MILLISECONDS);
    kill(child.toHandle());
  }

  @Test
  void theStarterAtAnyMoment() throws Exception {
    long seed = Long.getLong("mica.seed", new Random().nextLong());
    System.out.println("VmKillTest: -Dmica.seed=" + seed);
    Random random = new Random(seed);
    for (int i = 0; i < ROUNDS; i++) {
      killWithin(2_000, random, VmChild.Operation.RUN);
      if (vms.find("any").isPresent()) {
        whatIsLeft(vms.get("any"));
      } else {
        requireGood(started("any"));
      }
      vms.get("any").kill();
      vms.get("any").remove();
      assertThat(Daemons.of(scratch.path("home"))).as("round " + i + " of seed " + seed).isEmpty();
    }
  }

  @Test
  void theForkerAndTheRemoverAtAnyMoment() throws Exception {
    long seed = Long.getLong("mica.seed", new Random().nextLong());
    System.out.println("VmKillTest, forks: -Dmica.seed=" + seed);
    Random random = new Random(seed);
    Commits commits = TestVms.commits(StateDir.at(scratch.path("home")));
    Vm origin = started("origin");
    assertThat(origin.exec("sh", "-c", "echo then > /state").status()).isZero();
    for (int i = 0; i < ROUNDS; i++) {
      String round = "round " + i + " of seed " + seed;
      killWithin(4_000, random, VmChild.Operation.FORK);
      requireGood(origin); // not frozen
      Vm fork = vms.find("any").orElseGet(() -> origin.fork("any"));
      whatIsLeft(fork);
      assertThat(fork.exec("sh", "-c", "read a < /state; echo $a").output()).isEqualTo("then\n");
      fork.kill();
      killWithin(300, random, VmChild.Operation.REMOVE);
      vms.find("any").ifPresent(Vm::remove);
      assertThat(vms.list()).as(round).hasSize(1);
      assertThat(commits.list()).as(round).isEmpty(); // it stood on one of its own
      assertThat(scratch.path("home/layers")).as(round).isEmptyDirectory();
      requireGood(origin);
    }
  }

  /** It runs, or it does not and can be started. */
  private static void whatIsLeft(Vm vm) {
    if (vm.state() == Vm.State.CREATED) {
      vm.start();
    }
    requireGood(vm);
  }
}
