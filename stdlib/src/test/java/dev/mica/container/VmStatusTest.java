package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Caller;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Scratch;
import dev.mica.vm.Machine;
import dev.mica.vm.process.Daemon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said of a VM whose state changes while one looks. */
final class VmStatusTest {
  private static final Duration HANGS = Duration.ofMinutes(1);

  private final Scratch scratch = new Scratch();
  private StateDir state;
  private VmRecord vm;
  private VmFiles files;
  private Restarting restarting;

  @BeforeEach
  void make() throws IOException {
    state = StateDir.at(scratch.path("home"));
    Vms vms = TestVms.of(state);
    Folder from = Folder.of(Caller.ofProcess(), scratch.dir("root"));
    Vm _ =
        vms.create(
            VmSpec.of("v", from, List.of("true")).but().restart(Restart.of("always")).build());
    vm = vms.record("v");
    files = VmFiles.of(state, vm.id());
    restarting = new Restarting(vm.restart(), files);
  }

  @AfterEach
  void remove() {
    new Daemon(files.pid()).kill();
    new Daemon(files.restarter()).kill();
    scratch.close();
  }

  /** A process that is known by that file, as the monitor and the restarter are. */
  private void sleeps(Path pidFile) {
    String _ =
        new Daemon(pidFile)
            .start(
                List.of("sh", "-c", "sleep 1000 & echo $! >" + pidFile),
                files.directory(),
                files.said(),
                HANGS);
  }

  /** A machine that takes its time to answer: this happens meanwhile, the first time. */
  private static Machine slow(AtomicInteger asked, Runnable meanwhile) {
    return (Machine)
        Proxy.newProxyInstance(
            Machine.class.getClassLoader(),
            new Class<?>[] {Machine.class},
            (_, method, _) -> {
              if (method.getName().equals("lostShares")) {
                return List.of();
              }
              assertThat(method.getName()).isEqualTo("status");
              if (asked.getAndIncrement() == 0) {
                meanwhile.run();
              }
              return new Machine.Status(Machine.State.RUNNING, 1, Optional.empty(), "", "", 0);
            });
  }

  private VmStatus status(Machine machine) {
    return new VmStatus(state, vm, machine, new Monitor(files), restarting);
  }

  /** Without the second look it was running, and restarted once, of which it was only one. */
  @Test
  void oneThatIsStartedAgainMeanwhileIsNotSaidToRun() {
    sleeps(files.pid());
    VmFiles.mark(files.started());
    restarting.allow();
    AtomicInteger asked = new AtomicInteger();
    Machine machine =
        slow(
            asked,
            () -> {
              new Daemon(files.pid()).kill();
              files.forgetRun();
              restarting.keep(new Restarts(1, Duration.ZERO));
              sleeps(files.restarter());
            });
    assertThat(status(machine).text()).isEqualTo("restarting (restarts: 1)");
    assertThat(asked).as("it was asked").hasPositiveValue();
  }

  @Test
  void oneThatEndsMeanwhileHasEnded() {
    sleeps(files.pid());
    VmFiles.mark(files.started());
    AtomicInteger asked = new AtomicInteger();
    Machine machine =
        slow(
            asked,
            () -> {
              try {
                Files.writeString(
                    files.exit(), "{\"status\":3,\"ended\":\"2026-01-01T00:00:00Z\"}");
              } catch (IOException broken) {
                throw new UncheckedIOException(broken);
              }
            });
    assertThat(status(machine).state()).isEqualTo(Vm.State.EXITED);
    assertThat(asked).as("it was asked").hasPositiveValue();
  }
}
