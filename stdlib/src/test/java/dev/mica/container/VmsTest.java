package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Real containers in real VMs, one state directory for all. */
@NeedsRoot
final class VmsTest {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

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
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "etc", "root")) {
      Files.createDirectory(root.resolve(name));
    }
    Files.copy(BUSYBOX, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet :
        List.of(
            "sh", "cat", "chmod", "chown", "echo", "false", "id", "ln", "ls", "mkdir", "mkfifo",
            "sleep", "tr", "true")) {
      Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
    }
    base = Folder.of(Caller.ofProcess(), root);
  }

  @AfterEach
  void removeAll() throws IOException {
    List<String> ids = new ArrayList<>();
    for (Vm vm : vms.list()) {
      ids.add(vm.id());
      vm.kill();
      vm.remove();
    }
    try (Stream<Path> left = Files.walk(scratch.path("home"))) {
      assertThat(left.map(Path::toString)).noneMatch(path -> ids.stream().anyMatch(path::contains));
    }
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      assertThat(left).isEmpty();
    }
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  private static Vm create(String name, String... program) {
    return vms.create(VmSpec.of(name, base, List.of(program)));
  }

  @Test
  void aProgramRunsEndsAndLeavesItsStatusAndItsWords() {
    Vm vm = create("one", "sh", "-c", "echo hello; echo oops >&2; exit 7");
    assertThat(vm.state()).isEqualTo(Vm.State.CREATED);
    vm.start();
    assertThat(vm.await()).isEqualTo(7);
    assertThat(vm.status()).isEqualTo("exited 7");
    assertThat(Poll.until(SOON, () -> vm.pid() == 0)).as("its VM ends too").isTrue();
    assertThat(vm.logs().lines()).containsExactlyInAnyOrder("hello", "oops");
  }

  /** Also if it ran before; how that ended is past. */
  @Test
  void oneThatCannotBeStartedIsFailedForThatReason() throws IOException {
    Path root = TestRoot.busybox(scratch.dir("unsure")).path();
    Vm vm = vms.create(VmSpec.of("unsure", Folder.of(Caller.ofProcess(), root), List.of("/p")));
    String failed = "failed (its program /p: there is no such file)";
    assertThatThrownBy(vm::start)
        .hasMessage("cannot start the VM unsure: its program /p: there is no such file");
    assertThat(vm.state()).isEqualTo(Vm.State.FAILED);
    assertThat(vm.status()).isEqualTo(failed);

    Files.writeString(root.resolve("p"), "#!/bin/false\n");
    assertThat(root.resolve("p").toFile().setExecutable(true)).isTrue();
    assertThat(vm.start().await()).isEqualTo(1);
    assertThat(vm.status()).isEqualTo("exited 1");

    Files.delete(root.resolve("p"));
    assertThatThrownBy(vm::start).hasMessageContaining("there is no such file");
    assertThat(vm.status()).isEqualTo(failed);
    assertThat(vm.exitStatus()).isEmpty();
    assertThat(vm.pid()).isZero();
  }

  @Test
  void oneThatRunsIsStopped() {
    Vm vm = create("two", "sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 1; done");
    vm.start();
    assertThat(vm.state()).isEqualTo(Vm.State.RUNNING);
    assertThatThrownBy(vm::start).isInstanceOf(MicaException.class).hasMessageContaining("running");
    assertThatThrownBy(vm::remove).hasMessageContaining("stop it first");
    vm.pause();
    assertThat(vm.state()).isEqualTo(Vm.State.PAUSED);
    vm.resume();
    // The trap is set when it has said something.
    assertThat(Poll.until(SOON, () -> vm.logs().equals("up\n"))).isTrue();
    vm.stop();
    assertThat(vm.status()).isEqualTo("exited 3");
    assertThat(vm.pid()).isZero();
  }

  /** A program may want another signal than SIGTERM for its end, and others for other things. */
  @Test
  void aProgramGetsTheSignalsThatAreMeant() {
    String program =
        "trap 'echo term' TERM; trap 'echo hup' HUP; trap 'exit 5' QUIT; echo up;"
            + " while :; do sleep 1; done";
    VmSpec spec =
        VmSpec.of("three", base, List.of("sh", "-c", program)).but().stopSignal("QUIT").build();
    Vm vm = vms.create(spec);
    assertThatThrownBy(() -> vm.kill("HUP")).hasMessageContaining("it is created");
    vm.start();
    assertThat(Poll.until(SOON, () -> vm.logs().equals("up\n"))).isTrue();
    assertThat(vm.kill("SIGHUP").state()).isEqualTo(Vm.State.RUNNING);
    assertThat(Poll.until(SOON, () -> vm.logs().equals("up\nhup\n"))).isTrue();
    assertThatThrownBy(() -> vm.kill("SIGNONE"))
        .hasMessageContaining("cannot send a signal to the VM three: there is no signal SIGNONE");
    vm.stop();
    assertThat(vm.status()).isEqualTo("exited 5");
    assertThat(vm.logs()).isEqualTo("up\nhup\n");
    assertThat(vm.start().kill("KILL").status()).isEqualTo("exited 137 (signal 9)");
  }

  /** What nobody waits for is reaped, a signal reaches the program, and its status is the VM's. */
  @Test
  void aFirstProcessLooksAfterWhatItsProgramLeaves() {
    String program = "trap 'exit 7' TERM; echo up; while :; do sleep 1; done";
    VmSpec spec = VmSpec.of("init", base, List.of("sh", "-c", program)).but().init(true).build();
    Vm vm = vms.create(spec).start();
    assertThat(vm.exec("sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; ls /dev/init").output())
        .startsWith("/dev/init -- sh -c trap")
        .endsWith(" /dev/init\n");
    String orphan = vm.exec("sh", "-c", "sleep 100000 >/dev/null 2>&1 & echo $!").output().strip();
    assertThat(
            vm.exec(
                    "sh",
                    "-c",
                    "read -r a b c parent rest </proc/" + orphan + "/stat; echo $parent")
                .output())
        .isEqualTo("1\n");
    assertThat(vm.exec("sh", "-c", "kill -9 " + orphan).status()).isZero();
    assertThat(Poll.until(SOON, () -> vm.exec("ls", "/proc/" + orphan).status() != 0)).isTrue();
    assertThat(Poll.until(SOON, () -> vm.logs().equals("up\n"))).isTrue();
    vm.stop();
    assertThat(vm.status()).isEqualTo("exited 7");
  }

  /** Files go in and out with all they are, and a name is only a name. */
  @Test
  void filesAreCopiedOutAndIn() throws IOException {
    Vm vm = create("copies", "sleep", "1000").start();
    String make =
        "mkdir -p /d/sub /d/.wh.x; echo one >/d/a; ln /d/a /d/hard; ln -s /etc /d/out; ln -s /d /l;"
            + " chmod 4751 /d/a; mkfifo /d/fifo; chown 7:8 /d/sub";
    assertThat(vm.exec("sh", "-c", make)).isEqualTo(new Ran(0, "", ""));
    Folder there = Folder.of(Caller.ofProcess(), scratch.dir("there"));
    Path d = vm.copyOut("/l/../d", there).path();
    assertThat(d).isEqualTo(scratch.path("there/d"));
    assertThat(Scratch.read(d.resolve("hard"))).isEqualTo("one\n");
    assertThat(Files.getAttribute(d.resolve("a"), "unix:mode")).isEqualTo(0104751);
    assertThat(Files.getAttribute(d.resolve("a"), "unix:nlink")).isEqualTo(2);
    assertThat(Files.getAttribute(d.resolve("sub"), "unix:gid")).isEqualTo(8);
    assertThat(Files.readSymbolicLink(d.resolve("out"))).isEqualTo(Path.of("/etc"));
    assertThat(d.resolve(".wh.x")).isDirectory();
    assertThatThrownBy(() -> vm.copyOut("/d", there)).hasMessageContaining("is there already");
    assertThatThrownBy(() -> vm.copyOut("/none", there)).hasMessageContaining("none: No such file");
    assertThatThrownBy(() -> vm.copyOut("/proc", there)).hasMessageContaining("mounted here");
    assertThat(there.path()).isDirectoryNotContaining("glob:**/.mica-*");
    Folder back = Folder.of(Caller.ofProcess(), d);
    assertThat(vm.copyIn(back, "/new").exec("sh", "-c", "ls -A /new; cat /new/a; ls -A /").output())
        .contains(".wh.x\na\nfifo\nhard\nout\nsub\none\n")
        .doesNotContain("mica-copy");
    assertThat(vm.copyIn(back, "/new").exec("cat", "/new/d/a").output()).isEqualTo("one\n");
    Files.writeString(d.resolve("a"), "two\n");
    assertThat(vm.copyIn(back, "/").exec("cat", "/d/a").output()).as("merged").isEqualTo("two\n");
    assertThatThrownBy(() -> vm.copyIn(back, "/none/x")).hasMessageContaining("open /none");
  }

  /** A link that is made by what runs in there leads nowhere but in there. */
  @Test
  void noLinkInAContainerLeadsToThisHost() throws IOException {
    Vm vm = create("links", "sleep", "1000").start();
    Path secret = scratch.file("secret", "of this host\n");
    assertThat(vm.exec("sh", "-c", "ln -s " + secret.getParent() + " /l; ln -s / /r").status())
        .isZero();
    Folder there = Folder.of(Caller.ofProcess(), scratch.dir("nowhere"));
    assertThatThrownBy(() -> vm.copyOut("/l/secret", there)).hasMessageContaining("No such file");
    assertThatThrownBy(() -> vm.copyOut("/proc/1/root/bin", there)).hasMessageContaining("open");
    Folder source = Folder.of(Caller.ofProcess(), secret);
    assertThatThrownBy(() -> vm.copyIn(source, "/l/planted")).hasMessageContaining("No such file");
    assertThat(vm.copyIn(source, "/r/in").exec("cat", "/in").output()).isEqualTo("of this host\n");
    assertThat(scratch.path("planted")).doesNotExist();
  }

  /**
   * Layers of the store have one file server for all of them, and are as many as the kernel takes.
   */
  @Test
  void layersAreAsManyAsTheKernelTakes() throws IOException {
    List<Path> layers = new ArrayList<>();
    for (int i = 0; i < 498; i++) {
      Path layer = scratch.dir("home/layers/" + i);
      Files.writeString(layer.resolve("of-" + i), "");
      Files.writeString(layer.resolve("topmost"), i + "\n");
      layers.add(layer);
    }
    layers.addAll(base.layers());
    Vm vm = vms.create(VmSpec.of("many", new Layers(layers), List.of("sleep", "1000"))).start();
    Ran ran = vm.exec("sh", "-c", "set -- /of-*; echo $#; cat /topmost; echo x >/of-7");
    assertThat(ran).isEqualTo(new Ran(0, "498\n0\n", ""));
    assertThat(Files.size(layers.get(7).resolve("of-7"))).isZero();
    layers.add(layers.getFirst());
    assertThatThrownBy(
            () -> vms.create(VmSpec.of("more", new Layers(layers), List.of("sleep", "1000"))))
        .hasMessageContaining("has 500 layers; a VM takes 499");
    List<Path> alone = Collections.nCopies(51, base.layers().getFirst());
    assertThatThrownBy(
            () -> vms.create(VmSpec.of("more", new Layers(alone), List.of("sleep", "1000"))))
        .hasMessageContaining("a VM takes 50");
  }

  private record Layers(List<Path> layers) implements LayerSource {
    @Override
    public String label() {
      return "these";
    }
  }

  @Test
  void programsAreRunBesideItsOwn() {
    Vm vm = create("three", "sleep", "1000").start();
    Ran ran = vm.exec("sh", "-c", "echo out; echo err >&2; exit 5");
    assertThat(ran).isEqualTo(new Ran(5, "out\n", "err\n"));
    for (int i = 0; i < 20; i++) {
      assertThat(vm.exec("echo", "round " + i).output()).isEqualTo("round " + i + "\n");
    }
    assertThat(vm.exec("sh", "-c", "kill -9 $$").status()).isEqualTo(137);
    assertThatThrownBy(() -> vm.exec("/no/such"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("/no/such");
  }

  /** For its own program, those that are run besides, and those of a fork. */
  @Test
  void eachProcessHasTheLimitsThatWereSaid() {
    String ask = "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc";
    VmSpec plain = VmSpec.of("plain", base, List.of("sh", "-c", ask + "; exec sleep 1000"));
    Vm vm =
        vms.create(
                plain
                    .but()
                    .ulimits(
                        Stream.of("nofile=9", "nofile=100:200", "core=0:unlimited")
                            .map(Ulimit::of)
                            .toList())
                    .build())
            .start();
    String said = "100\n200\n0\nunlimited\n";
    assertThat(vm.exec("sh", "-c", ask)).isEqualTo(new Ran(0, said, ""));
    assertThat(Poll.until(SOON, () -> vm.logs().equals(said))).as(vm.logs()).isTrue();
    vm.kill();
    vm.remove();
    Vm other = vms.create(plain).start();
    assertThat(other.exec("sh", "-c", "ulimit -Sn; ulimit -Hn").output())
        .isEqualTo("1048576\n1048576\n");
  }
}
