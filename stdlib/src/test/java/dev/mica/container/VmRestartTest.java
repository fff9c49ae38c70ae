package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Daemons;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real VMs that are started again when their programs end, with nobody there but the monitor. */
@NeedsRoot
@Timeout(300)
final class VmRestartTest {
  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(2);

  private static Scratch scratch;
  private static StateDir state;
  private static Vms vms;

  @BeforeAll
  static void make() {
    scratch = new Scratch();
    state = StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3));
    vms = TestVms.of(state);
  }

  @AfterEach
  void nothingIsLeft() {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    assertThat(Daemons.of(scratch.path("home"))).isEmpty();
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  private static Vm started(String name, String policy, String... program) throws IOException {
    Folder from = Folder.of(Caller.ofProcess(), TestRoot.busybox(scratch.dir(name)).path());
    VmSpec.Builder spec = VmSpec.of(name, from, List.of(program)).but();
    return vms.create(spec.init(true).restart(Restart.of(policy)).build()).start();
  }

  /** Ends the program, which is not the first process. */
  private static void end(Vm vm) {
    Ran _ = vm.exec("kill", "-9", "2");
  }

  private static void becomes(Vm vm, String status) {
    boolean is = Poll.until(SOON, () -> vm.status().equals(status));
    assertThat(is).as("it is %s, not %s", vm.status(), status).isTrue();
  }

  @Test
  void oneThatFailsIsStartedAgainSoOften() throws IOException {
    Vm vm = started("fails", "on-failure:2", "sh", "-c", "echo x >>/n; cat /n; exit 3");
    becomes(vm, "exited 3 (restarts: 2)");
    assertThat(vm.restarts()).isEqualTo(2);
    assertThat(vm.restartPolicy()).isEqualTo("on-failure:2");
    assertThat(vm.logs()).as("what is on its disk stays").isEqualTo("x\nx\nx\nx\nx\nx\n");
    assertThat(Poll.until(SOON, () -> Daemons.of(scratch.path("home")).isEmpty())).isTrue();
  }

  /** Whatever ends it but somebody who asks for that, also while nothing of it runs. */
  @Test
  void oneIsStartedAgainUntilSomebodyEndsIt() throws IOException {
    Vm vm = started("always", "always", "sleep", "100000");
    assertThat(vm.status()).isEqualTo("running");
    VmRecord record = vms.record("always");
    vms.runner(record).restarting().keep(new Restarts(5, Duration.ofHours(1)));
    end(vm);
    becomes(vm, "restarting (exited 137, restarts: 5)");
    assertThat(vm.state()).isEqualTo(Vm.State.RESTARTING);
    assertThat(vm.exitStatus()).contains(137);
    assertThatThrownBy(vm::remove)
        .hasMessageContaining("it is restarting")
        .hasMessageContaining("stop it first");
    vm.stop();
    assertThat(vm.status()).isEqualTo("exited 137 (restarts: 5)");
    assertThat(Daemons.of(scratch.path("home"))).isEmpty();

    assertThat(vm.start().status()).isEqualTo("running");
    end(vm);
    becomes(vm, "running (restarts: 1)");
    assertThat(ProcessHandle.of(vm.pid()).orElseThrow().destroyForcibly()).isTrue();
    becomes(vm, "running (restarts: 2)");
    vm.kill();
    assertThat(Poll.until(SOON, () -> Daemons.of(scratch.path("home")).isEmpty())).isTrue();
    assertThat(vm.status()).isEqualTo("exited 137 (signal 9, restarts: 2)");
  }

  @Test
  void oneThatCannotBeStartedSaysWhy() throws IOException {
    Vm vm = started("gone", "on-failure:1", "sleep", "100000");
    Path folder = scratch.path("gone");
    Path away = scratch.path("away");
    Files.move(folder, away);
    end(vm);
    assertThat(Poll.until(SOON, () -> vm.state() == Vm.State.FAILED)).as(vm.status()).isTrue();
    assertThat(vm.status()).contains("/gone").contains("restarts: 1");
    assertThat(Poll.until(SOON, () -> Daemons.of(scratch.path("home")).isEmpty())).isTrue();
    Files.move(away, folder);
    assertThat(vm.start().status()).isEqualTo("running");
  }

  @Test
  void oneIsNotBothRemovedAndStartedAgain() throws IOException {
    Folder from = Folder.of(Caller.ofProcess(), scratch.dir("both"));
    VmSpec spec =
        VmSpec.of("both", from, List.of("true"))
            .removedAtEnd()
            .but()
            .restart(Restart.of("always"))
            .build();
    assertThatThrownBy(() -> vms.create(spec))
        .hasMessageStartingWith("cannot create the VM both: it cannot be both removed and started");
  }
}
