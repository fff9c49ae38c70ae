package dev.mica.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.LineSocket;
import dev.mica.vm.process.Poll;
import dev.mica.vm.qemu.Template;
import dev.mica.vm.share.FileServer;
import dev.mica.vm.share.Share;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real guests, one state directory for all: what one test boots, the next one may restore. */
@NeedsRoot
final class MachineTest {
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static StateDir state;
  private static Machine machine;

  @BeforeAll
  static void make() {
    scratch = new Scratch();
    state = StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3));
    machine =
        new QemuMachine(
            state, MachineSpec.HELPER, settings("", Starter.Settings.of(Map.of()).deadline()));
  }

  /** The file server that is installed, and the one that is named, if any. */
  static Stream<String> fileServers() {
    return Stream.of("", System.getenv().getOrDefault("MICA_VIRTIOFSD", "")).distinct();
  }

  /** The machine, whose folders are shared by that file server. */
  private static Machine sharing(String fileServer) {
    return new QemuMachine(
        state,
        MachineSpec.HELPER,
        Starter.Settings.of(Guests.environment("MICA_VIRTIOFSD", fileServer)));
  }

  private static Starter.Settings settings(String extra, Duration deadline) {
    Starter.Settings usual = Starter.Settings.of(Guests.environment());
    return new Starter.Settings(usual.environment(), usual.root(), deadline, extra, true);
  }

  @AfterEach
  void end() {
    machine.kill();
    assertThat(machine.status().state()).isEqualTo(Machine.State.NONE);
    assertThat(machine.shares()).isEmpty();
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  private static long pid() {
    return machine.status().pid();
  }

  private static void kill9(long pid) {
    assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    assertThat(isGone(pid)).isTrue();
  }

  /** One that has ended, and whose parent has not asked for it yet, has no program any more. */
  private static boolean isGone(long pid) {
    return Poll.until(SOON, () -> !Files.exists(Path.of("/proc/" + pid + "/exe")));
  }

  private static Share plug(Machine machine, Path folder, boolean readOnly) {
    try (OpenDirectory open = OpenDirectory.of(folder)) {
      return machine.plugShare(open, readOnly);
    }
  }

  /** What proc(5) says of the processes of a machine that has a share. */
  @Test
  void itsProcessesMayDoNoMoreThanTheyMust() throws IOException {
    machine.boot(Duration.ZERO);
    Share share = plug(machine, scratch.dir("lower"), true);
    Map<String, String> qemu = process(pid());
    assertThat(String.valueOf(qemu.get("Uid")).split("\t")).doesNotContain("0");
    assertThat(String.valueOf(qemu.get("Gid")).split("\t")).doesNotContain("0");
    assertThat(qemu)
        .containsEntry("CapEff", "0".repeat(16))
        .containsEntry("CapPrm", "0".repeat(16))
        .containsEntry("NoNewPrivs", "1")
        .containsEntry("Seccomp", "2");
    long own =
        ProcessHandle.of(share.pid()).orElseThrow().children().findFirst().orElseThrow().pid();
    assertThat(process(own))
        .containsEntry("NoNewPrivs", "1")
        .containsEntry("Seccomp", "2")
        .doesNotContainEntry(
            "CapEff", String.valueOf(process(ProcessHandle.current().pid()).get("CapEff")));
    for (String space : List.of("mnt", "net", "ipc", "pid")) {
      assertThat(namespace(pid(), space)).isNotEqualTo(namespace("self", space));
    }
    for (String space : List.of("mnt", "net", "pid")) {
      assertThat(namespace(own, space)).isNotEqualTo(namespace("self", space));
    }
  }

  private static Path namespace(Object process, String space) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/" + process + "/ns/" + space));
  }

  private static Map<String, String> process(long pid) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .map(line -> line.split(":\t", 2))
          .filter(parts -> parts.length == 2)
          .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1].strip()));
    }
  }

  /** What a guest writes to a share is on the host; what it may not, is not. */
  @ParameterizedTest
  @MethodSource("fileServers")
  void sharesComeAndGoWhileItRuns(String fileServer) throws IOException {
    Machine machine = sharing(fileServer);
    machine.boot(Duration.ZERO);
    Path lower = scratch.dir("a, b\\c");
    Path upper = scratch.dir("upper");
    scratch.dir("upper/upper");
    scratch.dir("upper/work");
    scratch.file("a, b\\c/f", "as it was");
    Share a = plug(machine, lower, true);
    Share b = plug(machine, upper, false);
    assertThat(plug(machine, lower, true)).isEqualTo(a);
    assertThat(machine.shares()).containsExactlyInAnyOrder(a, b);
    try (Agent agent = machine.agent()) {
      assertThat(agent.mountShare(a.tag(), "a", true).await().maxName()).isEqualTo(255);
      assertThat(agent.mountShare(b.tag(), "b", false).await().can())
          .contains("trusted", "whiteout", "xattr", "link", "times", "case");
      agent.union("u", List.of(Path.of("a")), Path.of("b/upper"), Path.of("b/work"));
      agent.sync("u");
      assertThat(agent.list()).hasSize(3);
      assertThat(upper.resolve("work/work")).as("what the guest's overlayfs made").isDirectory();
      agent.unmount("u");
      agent.unmountShare("b", machine.device(b.tag()));
    }
    machine.unplugShare(b.tag());
    machine.unplugShare(b.tag());
    assertThat(machine.shares()).containsExactly(a);
    assertThat(upper.resolve("work")).isDirectory();
    Share again = plug(machine, upper, false); // where the other was
    try (Agent agent = machine.agent()) {
      assertThat(agent.mountShare(again.tag(), "b", false).await().can()).contains("trusted");
    }
  }

  /** The guest has it mounted, and is not asked. */
  @Test
  void aShareIsTakenFromAGuestThatKeepsIt() {
    machine.boot(Duration.ZERO);
    Share kept = plug(machine, scratch.dir("kept"), false);
    Share other = plug(machine, scratch.dir("other folder"), true);
    Daemon server =
        new FileServer(state.path().resolve("vm"), state.path().resolve("vm/peers"), kept.tag())
            .daemon();
    try (Agent agent = machine.agent()) {
      agent.mountShare(kept.tag(), "kept", false).await();
      assertThat(machine.device(kept.tag())).hasValueSatisfying(a -> assertThat(a).contains(":"));
      machine.unplugShare(kept.tag());
      assertThat(server.isAlive()).isFalse();
      assertThat(machine.device(kept.tag())).isEmpty();
      assertThat(machine.shares()).containsExactly(other);
      assertThat(agent.mountShare(other.tag(), "other", true).await().maxName()).isEqualTo(255);
    }
  }

  @Test
  void whatWasNotPluggedCannotBeMounted() {
    machine.boot(Duration.ZERO);
    try (Agent agent = machine.agent()) {
      assertThatThrownBy(() -> agent.mountShare("nothing", "nothing", true).await())
          .hasMessageContaining("no share of tag nothing is plugged");
      agent.unmountShare("nothing", Optional.of("0000:01:1f.0"));
      assertThat(agent.list()).isEmpty();
    }
  }

  /** Each has its interrupt, behind whichever bridge it is. */
  @Test
  void manyFoldersCanBeShared() {
    machine.boot(Duration.ZERO);
    try (Agent agent = machine.agent()) {
      for (int i = 0; i < 40; i++) {
        scratch.file("many" + i + "/f", "");
        Share share = plug(machine, scratch.path("many" + i), true);
        assertThat(agent.mountShare(share.tag(), share.tag(), true).await().maxName())
            .isEqualTo(255);
      }
      assertThat(agent.list()).hasSize(40);
    }
    for (Share share : machine.shares()) {
      assertThat(plug(machine, share.folder(), true)).isEqualTo(share);
    }
  }

  /** The guest asks to write: it mounts the same share read-write, and uses it as an upper. */
  @ParameterizedTest
  @MethodSource("fileServers")
  void aReadOnlyShareIsReadOnlyForAGuestThatLies(String fileServer) {
    Machine machine = sharing(fileServer);
    machine.boot(Duration.ZERO);
    Path folder = scratch.dir("held");
    scratch.dir("held/upper");
    scratch.dir("held/work");
    Share share = plug(machine, folder, true);
    try (Agent agent = machine.agent()) {
      assertThatThrownBy(() -> agent.mountShare(share.tag(), "liar", false).await())
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("EROFS");
    }
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("upper", "work");
    assertThat(folder.resolve("work")).isEmptyDirectory();
  }

  @Test
  void portsComeAndGo() throws IOException {
    machine.boot(Duration.ZERO);
    Path socket = machine.plugPort("dev.mica.export.0");
    assertThat(machine.plugPort("dev.mica.export.0")).isEqualTo(socket);
    assertThat(machine.ports()).containsExactly("dev.mica.export.0");
    LineSocket.connect(socket).close();
    machine.unplugPort("dev.mica.export.0");
    machine.unplugPort("dev.mica.export.0");
    assertThat(machine.ports()).isEmpty();
    assertThat(socket).doesNotExist();
    assertThatThrownBy(() -> machine.plugPort("a b")).hasMessageContaining("a name has only");
  }

  @Test
  void theGuestPowersOffWhenAsked() {
    machine.boot(Duration.ZERO);
    machine.shutdown();
    assertThat(Scratch.read(machine.consoleLog())).contains("Restarting system");
  }

  /** Both ways, for one at a time; the log has it all, and nobody need read it. */
  @Test
  void itsConsoleCanBeTalkedTo() throws IOException {
    machine.boot(Duration.ZERO);
    try (Console console = machine.console()) {
      ask(console, "half a line\u0015x1 list", "x1 ok");
      assertThatThrownBy(() -> machine.console().close())
          .hasMessageContaining("another terminal is attached to it; detach that one");
    }
    assertThat(Scratch.read(machine.consoleLog())).contains("x1 ok");
    try (Console console = machine.console()) {
      assertThat(console.recent()).contains("x1 ok");
      for (int i = 0; i < 200; i++) {
        console.output().write("\n".getBytes(StandardCharsets.UTF_8)); // and nobody reads that
      }
      try (Agent agent = machine.agent()) {
        assertThat(agent.stats()).containsKey("uptime");
      }
    }
    try (Console console = machine.console()) {
      ask(console, "x2 sync", "x2 ok");
      ask(console, "x3 poweroff", "x3 ok");
      assertThat(console.input().readAllBytes()).isNotNull();
    }
    assertThat(Scratch.read(machine.consoleLog())).contains("Restarting system");
    machine.kill();
    assertThatThrownBy(() -> machine.console()).hasMessageContaining("it does not run");
  }

  private static void ask(Console console, String line, String answer) throws IOException {
    console.output().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    String wanted = "\n" + answer;
    StringBuilder said = new StringBuilder();
    for (int c = console.input().read(); c >= 0; c = console.input().read()) {
      said.append((char) c);
      if (said.indexOf(wanted, said.length() - wanted.length()) >= 0) {
        return;
      }
    }
    throw new AssertionError("the console does not say " + answer + " but: " + said);
  }

  /** A JVM boots it, shares a folder and is killed; we go on with what it made. */
  @Test
  void anotherProcessAdoptsIt() throws Exception {
    Path folder = scratch.dir("adopted");
    Process child = Child.start(Child.command(MachineChild.class, state.path(), folder));
    assertThat(child.inputReader().readLine()).isEqualTo("up");
    child.destroyForcibly();
    child.waitFor();
    long pid = pid();
    assertThat(machine.boot(Duration.ZERO)).isEqualTo(Machine.Start.ADOPTED);
    assertThat(pid()).isEqualTo(pid);
    assertThat(machine.shares())
        .singleElement()
        .satisfies(share -> {
          assertThat(share.folder()).isEqualTo(folder);
          try (Agent agent = machine.agent()) {
            agent.mountShare(share.tag(), "adopted", true).await();
          }
        });
  }

  /** QEMU killed: its file servers go too, and the next start is a whole one. */
  @Test
  void aKilledQemuIsToldAndStartedAnew() {
    machine.boot(Duration.ZERO);
    Share share = plug(machine, scratch.dir("a"), true);
    Daemon server =
        new FileServer(state.path().resolve("vm"), state.path().resolve("vm/peers"), share.tag())
            .daemon();
    long pid = pid();
    kill9(pid);
    assertThat(machine.status().state()).isEqualTo(Machine.State.NONE);
    assertThatThrownBy(() -> machine.agent()).hasMessageContaining("it does not run");
    assertThat(server.ends(SOON)).isTrue();
    assertThat(machine.boot(Duration.ZERO)).isNotEqualTo(Machine.Start.ADOPTED);
    assertThat(machine.shares()).isEmpty();
  }

  /** The file server killed: the share is not one any more, the folder gets a new one. */
  @Test
  void aKilledFileServerIsReplaced() {
    machine.boot(Duration.ZERO);
    Path folder = scratch.dir("served");
    Share share = plug(machine, folder, true);
    new FileServer(state.path().resolve("vm"), state.path().resolve("vm/peers"), share.tag())
        .daemon()
        .kill();
    assertThat(machine.shares()).isEmpty();
    Share next = plug(machine, folder, true);
    assertThat(next.tag()).isNotEqualTo(share.tag());
    try (Agent agent = machine.agent()) {
      agent.mountShare(next.tag(), "again", true).await();
    }
  }

  /** QEMU stopped in its tracks, as a process that hangs is. */
  @Test
  void whatDoesNotAnswerIsStuckAndReplaced() {
    machine.boot(Duration.ZERO);
    long pid = pid();
    Scratch.run("kill", "-STOP", Long.toString(pid));
    assertThat(machine.status().state()).isEqualTo(Machine.State.STUCK);
    assertThat(machine.boot(Duration.ZERO)).isNotEqualTo(Machine.Start.ADOPTED);
    assertThat(pid()).isNotEqualTo(pid);
    assertThat(isGone(pid)).isTrue();
  }

  /** Restored in a fraction, with a clock and an answer of its own; damaged, it is booted again. */
  @Test
  void theSecondStartIsWarmAndABrokenTemplateDoesNotMatter() throws IOException {
    machine.boot(Duration.ZERO);
    machine.kill();
    assertThat(machine.boot(Duration.ZERO)).isEqualTo(Machine.Start.WARM);
    try (Agent agent = machine.agent()) {
      assertThat(agent.stats())
          .containsKey("time"); // which GuestClockTest compares with the host's
    }
    machine.kill();
    for (String part : List.of("memory", "devices")) {
      cut(template().resolve(part));
      assertThat(machine.boot(Duration.ZERO)).isEqualTo(Machine.Start.COLD);
      machine.kill();
      assertThat(machine.boot(Duration.ZERO))
          .as("after a cut %s", part)
          .isEqualTo(Machine.Start.WARM);
      machine.kill();
    }
  }

  private static Path template() throws IOException {
    try (var all = Files.newDirectoryStream(state.path().resolve("cache"), Template.PREFIX + "*")) {
      return all.iterator().next();
    }
  }

  private static void cut(Path file) throws IOException {
    try (var channel = java.nio.channels.FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
  }

  /** What is missing is told in one line with what to do, and nothing is tried. */
  @Test
  void whatIsMissingIsTold() throws Exception {
    ProcessBuilder child =
        new ProcessBuilder(Child.command(MachineChild.class, scratch.path("other")));
    child.environment().put("PATH", scratch.dir("empty").toString());
    Process process = child.redirectErrorStream(true).start();
    assertThat(process.inputReader().readAllAsString())
        .isEqualTo(
            "cannot find the program qemu-system-x86_64: it is not installed;"
                + " apt install qemu-system-x86\n");
    assertThat(scratch.path("other/vm")).doesNotExist();
  }

  /** The kernel waits for a root device that never comes: a boot that really hangs. */
  @Test
  void aBootThatHangsIsEndedTriedAgainAndTold() {
    Machine hangs =
        new QemuMachine(
            state,
            MachineSpec.HELPER,
            settings("rdinit=/nothing root=/dev/none rootwait", Duration.ofSeconds(3)));
    assertThatThrownBy(() -> hangs.boot(Duration.ZERO))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("did not answer within 3 s; its console ends with: ")
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
    assertThat(hangs.status().state()).isEqualTo(Machine.State.NONE);
  }

  /** A guest that panics ends QEMU, which is told at once and not at the deadline. */
  @Test
  void aGuestThatPanicsIsTold() {
    Machine panics =
        new QemuMachine(
            state,
            MachineSpec.HELPER,
            settings("rdinit=/nothing root=/dev/none", Duration.ofMinutes(2)));
    assertThatThrownBy(() -> panics.boot(Duration.ZERO))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("QEMU ended; its console ends with: ")
        .hasMessageContaining("Kernel panic");
  }
}
