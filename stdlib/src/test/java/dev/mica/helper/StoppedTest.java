package dev.mica.helper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.folder.Folder;
import dev.mica.host.Check;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever serves a union of the helper VM is stopped, by SIGSTOP, and not killed: the union and
 * the doctor say so, and what it is that stands still. When it goes on, the union does so by
 * itself; and who does not want to wait mounts it again.
 */
final class StoppedTest extends ScratchTest {
  /** What only a hang exceeds. */
  private static final long LONGEST_S = 120;

  enum Part {
    QEMU("the guest has been silent|the helper VM does not answer"),
    UPPER_SERVER("the file server of .* stands still"),
    LOWER_SERVER("the file server of .* stands still"),
    RELAY("its relay does not answer");

    private final String problem;

    Part(String problem) {
      this.problem = problem;
    }
  }

  private Union union;

  /** None is left stopped, or nobody could end it but by force. */
  private List<Long> stopped = List.of();

  @BeforeEach
  void mount() {
    require(UnionSpec.Via.GUEST);
    scratch.dir("lower");
    for (String name : List.of("read", "meanwhile", "later", "last")) {
      scratch.file("lower/" + name, name);
    }
    union =
        mica.unions()
            .create(
                new UnionSpec(
                    "u",
                    List.of(Folder.of(scratch.path("lower"))),
                    Folder.of(scratch.path("upper")),
                    null,
                    Folder.of(scratch.path("at")),
                    UnionSpec.Via.GUEST));
    assertThat(Scratch.read(scratch.path("at/read"))).isEqualTo("read");
  }

  @AfterEach
  void end() {
    signal("CONT", stopped);
    mica.unions().list().forEach(Union::remove);
    mica.host().helper().kill();
    assertThat(scratch.mounts()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Part.class)
  void itGoesOnWhenThatDoesOrIsMountedAgain(Part part) throws Exception {
    stop(part);
    goesOn(part);
    isMounted("later");
    stop(part);
    union.remount();
    assertThat(stopped).noneMatch(StoppedTest::isThere);
    stopped = List.of();
    isMounted("last");
  }

  private void goesOn(Part part) throws Exception {
    Process caller = new ProcessBuilder("cat", scratch.path("at/meanwhile").toString()).start();
    try {
      if (part == Part.QEMU) {
        // Nobody waits for what may never come back.
        assertThat(caller.waitFor(LONGEST_S, TimeUnit.SECONDS)).as("the call ends").isTrue();
        assertThat(new String(caller.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
            .contains("Input/output error");
      } else {
        await("the call", () -> isOpening(caller));
      }
      isDead(part);
      signal("CONT", stopped);
      await("the union", () -> union.problem().isEmpty());
      assertThat(caller.waitFor(LONGEST_S, TimeUnit.SECONDS)).as("the call ends").isTrue();
      if (part != Part.QEMU) {
        assertThat(new String(caller.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .isEqualTo("meanwhile");
      }
    } finally {
      caller.destroyForcibly();
    }
  }

  private void isDead(Part part) {
    assertThat(union.state()).isEqualTo(Union.State.DEAD);
    String problem = union.problem().orElseThrow();
    assertThat(problem).containsPattern(part.problem);
    Check unions =
        mica.host().checks().stream()
            .filter(one -> one.name().equals("unions"))
            .findFirst()
            .orElseThrow();
    assertThat(unions.detail()).contains("u: " + problem);
  }

  /** And works, on a file that nobody has looked at so far. */
  private void isMounted(String name) {
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(Scratch.read(scratch.path("at").resolve(name))).isEqualTo(name);
    Scratch.write(scratch.path("at").resolve("made " + name), "made");
    assertThat(Scratch.read(scratch.path("upper").resolve("made " + name))).isEqualTo("made");
  }

  private void stop(Part part) throws IOException {
    long pid =
        switch (part) {
          case QEMU -> mica.host().helper().pid();
          case UPPER_SERVER -> share(false);
          case LOWER_SERVER -> share(true);
          case RELAY -> Long.parseLong(Scratch.read(scratch.path("home/relays/u.pid")).strip());
        };
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    stopped =
        Stream.concat(Stream.of(process), process.descendants()).map(ProcessHandle::pid).toList();
    signal("STOP", stopped);
    await("it to stop", () -> stopped.stream().allMatch(StoppedTest::standsStill));
  }

  private long share(boolean readOnly) {
    return mica.host().helper().shares().stream()
        .filter(share -> share.readOnly() == readOnly)
        .findFirst()
        .orElseThrow()
        .pid();
  }

  private static void signal(String name, List<Long> pids) {
    for (long pid : pids) {
      Scratch.run("kill", "-" + name, Long.toString(pid));
    }
  }

  /** Whether each of its threads does, which on a busy host takes a while. */
  private static boolean standsStill(long pid) {
    Path threads = Path.of("/proc", Long.toString(pid), "task");
    try (Stream<Path> all = Files.list(threads)) {
      return all.allMatch(thread ->
          Scratch.read(thread.resolve("status")).lines().anyMatch("State:\tT (stopped)"::equals));
    } catch (IOException gone) {
      throw new AssertionError(threads.toString(), gone);
    }
  }

  private static boolean isThere(long pid) {
    try {
      return Files.readAllBytes(Path.of("/proc", Long.toString(pid), "environ")).length > 0;
    } catch (IOException gone) {
      return false;
    }
  }

  /** Whether it waits in openat(2). */
  private static boolean isOpening(Process process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "syscall"))
          .startsWith("257 ");
    } catch (IOException gone) {
      return false;
    }
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_S);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for " + what).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
