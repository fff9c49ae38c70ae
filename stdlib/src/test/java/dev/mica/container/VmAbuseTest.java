package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What root of a container can do to it, and what another VM feels of that: it answers all the
 * while, and {@code stop} ends the first. How fast is not asked.
 */
@NeedsRoot
@Timeout(600)
final class VmAbuseTest {
  private static final int ANSWERS = 10;
  private static final long MOST_PROCESSES = 2048;
  private static final long DISK = 64L << 20;

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(4);

  private static Scratch scratch;
  private static Vms vms;
  private static Folder base;
  private static Vm beside;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    vms = TestVms.of(StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3)));
    base = Folder.of(Caller.ofProcess(), TestRoot.busybox(scratch.dir("base")).withLab().path());
    beside = started("beside", "sh", "-c", "echo mine >/mine; exec sleep 100000");
  }

  @AfterEach
  void theOtherIsAsItWas() {
    answers();
    assertThat(beside.status()).isEqualTo("running");
    for (Vm vm : vms.list()) {
      if (!vm.equals(beside)) {
        vm.kill();
        vm.remove();
      }
    }
  }

  @AfterAll
  static void remove() throws IOException {
    beside.kill();
    beside.remove();
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      assertThat(left).isEmpty();
    } finally {
      scratch.close();
    }
  }

  private static Vm started(String name, String... program) {
    VmSpec spec = VmSpec.of(name, base, List.of(program));
    return vms.create(spec.but().memory(128L << 20).disk(DISK).build()).start();
  }

  private static void answers() {
    for (int i = 0; i < ANSWERS; i++) {
      assertThat(beside.exec("echo", "answer " + i))
          .isEqualTo(new Ran(0, "answer " + i + "\n", ""));
    }
  }

  private static void awaitWords(Vm vm, String words) {
    assertThat(Poll.until(SOON, () -> vm.logs().contains(words))).as(vm.logs()).isTrue();
  }

  private static void stopEnds(Vm vm) {
    vm.stop(Duration.ofSeconds(1));
    assertThat(vm.state()).isIn(Vm.State.EXITED, Vm.State.FAILED);
    assertThat(vm.pid()).isZero();
  }

  /** The guest may be too busy to tell anything: that is its own affair. */
  @Test
  void aForkBomb() {
    Vm vm = started("bomb", "sh", "-c", "bomb() { bomb | bomb & }; bomb; exec sleep 100000");
    assertThat(Poll.until(SOON, () -> processes(vm) > MOST_PROCESSES / 2)).isTrue();
    answers();
    long now = processes(vm);
    assertThat(now == Long.MAX_VALUE || now <= MOST_PROCESSES).as("%d processes", now).isTrue();
    stopEnds(vm);
  }

  /** More than any number where the guest does not answer. */
  private static long processes(Vm vm) {
    try {
      Map<String, String> stats = vm.stats();
      return Long.parseLong(stats.get("pids"));
    } catch (MicaException busy) {
      return Long.MAX_VALUE;
    }
  }

  @Test
  void aMemoryHog() {
    Vm vm = started("hog", "tail", "/dev/zero");
    answers();
    assertThat(vm.await()).isEqualTo(137);
    assertThat(vm.status()).isEqualTo("exited 137 (out of memory)");
  }

  @Test
  void aFullDisk() throws IOException {
    Vm vm = started("full", "sh", "-c", "cat /dev/zero >/big; echo full; exec sleep 100000");
    awaitWords(vm, "full");
    assertThat(vm.logs()).contains("No space left on device");
    answers();
    Commit commit = vm.commit("full:1");
    assertThat(commit.verify()).noneMatch(Commit.Verified::isBad);
    assertThat(commit.layer().resolve("big")).isRegularFile();
    commit.remove();
    assertThatThrownBy(() -> vm.copyIn(base, "/root"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("No space left on device");
    assertThat(vm.exec("ls", "-A", "/root")).isEqualTo(new Ran(0, "", ""));
    assertThat(vm.diff().toList())
        .extracting(each -> each.path().toString())
        .containsExactly("big");
    assertThat(vm.fork("fuller").exec("wc", "-c", "/big").status()).isZero();
    Ran room = vm.exec("sh", "-c", "rm /big && echo room >/room && sync && cat /room");
    assertThat(room).isEqualTo(new Ran(0, "room\n", ""));
    Path disk = VmFiles.of(StateDir.at(scratch.path("home")), vm.id()).disk();
    assertThat(Files.size(disk)).isEqualTo(DISK);
    stopEnds(vm);
  }

  /** Its own file server may have no more to open for it, and then no program can be run in it. */
  @Test
  void aHundredThousandOpenFiles() {
    Vm vm =
        started(
            "files",
            "python3",
            "-B",
            "-c",
            """
            import os, time
            files = []
            try:
                while len(files) < 100000:
                    files.append(os.open("/etc", os.O_RDONLY))
            except OSError as failure:
                print(failure, flush=True)
            print(len(files), "are open", flush=True)
            time.sleep(100000)
            """);
    awaitWords(vm, " are open");
    answers();
    stopEnds(vm);
  }

  /** The limits of what serves its start folder are not theirs, and another can be run. */
  @ParameterizedTest
  @ValueSource(ints = {1, 50})
  void aHundredThousandOpenFilesOfItsOwn(int programs) {
    String script =
        """
        import os, sys, time
        programs = int(sys.argv[1])
        os.close(os.open("/own", os.O_WRONLY | os.O_CREAT))
        done, told = os.pipe()
        for _ in range(programs):
            if os.fork() == 0:
                for _ in range(100000 // programs):
                    os.open("/own", os.O_RDONLY)
                os.write(told, b".")
                time.sleep(100000)
        for _ in range(programs):
            os.read(done, 1)
        print("all are open", flush=True)
        time.sleep(100000)
        """;
    List<String> program = List.of("python3", "-B", "-c", script, Integer.toString(programs));
    Vm vm = vms.create(VmSpec.of("own", base, program).but().disk(DISK).build()).start();
    awaitWords(vm, "all are open");
    answers();
    Ran count = vm.exec("sh", "-c", "ls /proc/[0-9]*/fd | wc -l");
    assertThat(count.status()).isZero();
    assertThat(Integer.parseInt(count.output().strip())).isGreaterThan(100_000);
    stopEnds(vm);
  }

  @Test
  void oneThatIgnoresWhatItIsTold() {
    Vm vm = started("deaf", "sh", "-c", "trap '' TERM INT HUP; echo up; while :; do sleep 1; done");
    awaitWords(vm, "up");
    stopEnds(vm);
    assertThat(vm.status()).isEqualTo("exited 137 (signal 9)");
  }

  /** QEMU has the one disk, and its root sees nothing of the other's. */
  @Test
  void noDeviceAndNoDiskOfAnotherIsReached() throws IOException {
    Vm vm = started("looks", "sleep", "100000");
    String script =
        """
        find / -xdev '(' -type b -o -type c ')' | grep -v '^/dev/'
        find /dev -type b
        mknod /tmp/disk b 254 0 2>/dev/null && echo made
        mknod /tmp/memory c 1 1 2>/dev/null && echo made
        ls /sys/block | grep -c '^vd'
        grep -c vd /proc/partitions
        mount -t ext4 /dev/vda /tmp 2>/dev/null && echo mounted
        cat /dev/vda /dev/mem /dev/kmem /dev/port 2>/dev/null | head -c 1
        ls /mine 2>/dev/null
        echo end
        """;
    assertThat(vm.exec("sh", "-c", script).output()).isEqualTo("1\n1\nend\n");
    try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(vm.pid()), "fd"))) {
      assertThat(open.map(VmAbuseTest::target).filter(file -> file.contains("disk.img")))
          .isNotEmpty()
          .allMatch(file -> file.contains(vm.id()));
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException closed) {
      return "";
    }
  }
}
