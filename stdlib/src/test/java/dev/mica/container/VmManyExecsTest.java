package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Caller;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many programs one after the other leave nothing: not in this process, not in those of the VM, and
 * not in its guest. {@code MICA_FULL=1} runs ten times as many.
 */
@NeedsRoot
@Timeout(1200)
final class VmManyExecsTest {
  private static final int ROUNDS = "1".equals(System.getenv("MICA_FULL")) ? 1000 : 50;
  private static final int FIRST = 5;

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  @Test
  void nothingIsLeftOfThem() throws IOException {
    try (Scratch scratch = new Scratch()) {
      Path home = scratch.path("home");
      Vms vms = TestVms.of(StateDir.at(home).waiting(Duration.ofMinutes(3)));
      Folder base = Folder.of(Caller.ofProcess(), TestRoot.busybox(scratch.dir("base")).path());
      Vm vm = vms.create(VmSpec.of("many", base, List.of("sleep", "100000"))).start();
      try {
        run(vm, FIRST);
        Machine machine = vms.runner(vms.record("many")).machine();
        Map<String, Long> before = counted(home);
        Map<String, Long> inside = guest(machine);
        run(vm, ROUNDS);
        boolean settled = Poll.until(SOON, () -> grown(before, counted(home)).isEmpty());
        assertThat(settled ? Map.of() : grown(before, counted(home))).as("%s", before).isEmpty();
        guest(machine)
            .forEach((what, now) ->
                assertThat(now).as(what).isLessThan(inside.getOrDefault(what, 0L) + ROUNDS / 2));
      } finally {
        vm.kill();
        vm.remove();
      }
    }
  }

  private static void run(Vm vm, int rounds) {
    for (int i = 0; i < rounds; i++) {
      Ran ran = vm.exec("sh", "-c", "echo " + i + "; echo no >&2; exit " + i % 100);
      assertThat(ran).isEqualTo(new Ran(i % 100, i + "\n", "no\n"));
    }
  }

  /** Where there is more than before; QEMU also closes what it has had from its start. */
  private static Map<String, Long> grown(Map<String, Long> before, Map<String, Long> now) {
    Map<String, Long> more = new TreeMap<>(now);
    more.entrySet().removeIf(each -> each.getValue() <= before.getOrDefault(each.getKey(), 0L));
    return more;
  }

  /** Open descriptors: of this process those that are no files, and of each of the VM's. */
  private static Map<String, Long> counted(Path home) {
    Map<String, Long> all = new TreeMap<>();
    all.put("here", open(Path.of("/proc/self")).filter(to -> !to.startsWith("/")).count());
    String mark = "MICA_DAEMON=" + home;
    ProcessHandle.allProcesses()
        .map(process -> Path.of("/proc", Long.toString(process.pid())))
        .filter(process -> text(process.resolve("environ")).contains(mark))
        .forEach(process ->
            all.put(process + " " + text(process.resolve("comm")).strip(), open(process).count()));
    assertThat(all).as("QEMU, its file server and its monitor").hasSizeGreaterThan(3);
    return all;
  }

  /** What its kernel tells, which has threads that come and go and counts files by the dozen. */
  private static Map<String, Long> guest(Machine machine) {
    try (Agent agent = machine.agent()) {
      Map<String, String> stats = agent.stats();
      return Map.of(
          "files", Long.parseLong(stats.get("files")),
          "processes", Long.parseLong(stats.get("processes")));
    }
  }

  private static Stream<String> open(Path process) {
    try (Stream<Path> all = Files.list(process.resolve("fd"))) {
      return all.toList().stream().map(VmManyExecsTest::target).filter(target -> !target.isEmpty());
    } catch (IOException gone) {
      return Stream.empty();
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException closed) {
      return "";
    }
  }

  private static String text(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException gone) {
      return "";
    }
  }
}
