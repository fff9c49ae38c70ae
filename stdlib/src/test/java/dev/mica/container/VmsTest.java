package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
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
    vms = new Vms(StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3)));
    Path root = scratch.dir("base");
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "etc", "root")) {
      Files.createDirectory(root.resolve(name));
    }
    Files.copy(BUSYBOX, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet : List.of("sh", "cat", "echo", "sleep", "true", "false", "id", "ls")) {
      Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
    }
    base = Folder.of(Caller.ofProcess(), root);
  }

  @AfterEach
  void removeAll() {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      assertThat(left).isEmpty();
    } catch (IOException broken) {
      throw new AssertionError(broken);
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
    vm.stop();
    assertThat(vm.status()).isEqualTo("exited 3");
    assertThat(vm.pid()).isZero();
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
}
