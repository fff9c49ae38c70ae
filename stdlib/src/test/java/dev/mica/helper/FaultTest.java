package dev.mica.helper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.core.TreeDigest;
import dev.mica.folder.Folder;
import dev.mica.host.Check;
import dev.mica.test.Child;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import dev.mica.vm.Machine;
import dev.mica.vm.process.LogTail;
import dev.mica.vm.share.Share;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever is killed while a union of the helper VM is written to: nobody hangs, what was flushed
 * is in the upper, the upper is one that the host's own overlayfs mounts, the union tells the
 * truth, and removing it leaves nothing. Unless it was QEMU, another union goes on all the time.
 * {@code -Dmica.faults=N} kills N times, {@code -Dmica.fault.seed=S} begins with another seed.
 */
final class FaultTest extends ScratchTest {
  /** What only a hang exceeds; how long it really took is printed. */
  private static final Duration LONGEST = Duration.ofMinutes(1);

  private enum Victim {
    QEMU,
    UPPER_SERVER,
    LOWER_SERVER,
    RELAY,
    JVM;

    /** A seed says all, so that it alone repeats what failed. */
    static Victim of(long seed) {
      return values()[Math.floorMod(seed, values().length)];
    }
  }

  private final Map<Victim, List<Long>> millis = new EnumMap<>(Victim.class);

  @BeforeEach
  void works() {
    require(UnionSpec.Via.GUEST);
  }

  @AfterEach
  void stop() {
    mica.host().helper().kill();
  }

  @Test
  void whateverIsKilledNobodyHangsAndNothingIsLost() throws Exception {
    int faults = Integer.getInteger("mica.faults", Victim.values().length);
    long first = Long.getLong("mica.fault.seed", 1);
    long seed = first;
    try {
      for (; seed < first + faults; seed++) {
        one(Victim.of(seed), new Random(seed));
      }
    } catch (AssertionError | RuntimeException | IOException failure) {
      throw new AssertionError(
          Victim.of(seed)
              + " killed; again: -Dmica.faults=1 -Dmica.fault.seed="
              + seed
              + "; the console ends with: "
              + LogTail.end(scratch.path("home/vm/console.log")),
          failure);
    } finally {
      millis.forEach((victim, all) ->
          System.out.printf(
              "%s killed %d times, longest wait %d ms%n",
              victim, all.size(), all.stream().mapToLong(one -> one).max().orElse(0)));
    }
  }

  private void one(Victim victim, Random random) throws Exception {
    Path lower = scratch.dir("f/lower");
    for (int i = 0; i < 200; i++) {
      scratch.file(String.format("f/lower/lower%03d", i), "lower " + i);
    }
    TreeDigest before = Core.treeDigest(Tree.plain(lower));
    Union union = mica.unions().create(spec("f"));
    if (victim == Victim.JVM) {
      killJvm(random);
    } else {
      killUnderLoad(victim, union, random);
    }
    leavesNothing();
    assertThat(Core.treeDigest(Tree.plain(lower))).as("the lower").isEqualTo(before);
    Core.remove(scratch.path("f"));
  }

  private UnionSpec spec(String name) {
    return new UnionSpec(
        name,
        List.of(Folder.of(scratch.path(name + "/lower"))),
        Folder.of(scratch.path(name + "/upper")),
        null,
        Folder.of(scratch.path(name + "/at")),
        UnionSpec.Via.GUEST);
  }

  private void killUnderLoad(Victim victim, Union union, Random random) throws Exception {
    Scratch.write(scratch.dir("other/lower").resolve("below"), "below");
    Union other = mica.unions().create(spec("other"));
    long vm = mica.host().helper().pid();
    Path said = scratch.path("f/said");
    Process load =
        new ProcessBuilder("python3", lab("load.py"), union.at().location())
            .redirectOutput(said.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      int enough = random.nextInt(40);
      await("the load to write", () -> flushed(said).size() > enough || !load.isAlive());
      LockSupport.parkNanos(random.nextInt(20_000_000));
      kill(victim);
      long began = System.nanoTime();
      assertThat(load.waitFor(LONGEST.toMillis(), TimeUnit.MILLISECONDS)).as("it ends").isTrue();
      long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
      millis.computeIfAbsent(victim, _ -> new ArrayList<>()).add(took);
    } finally {
      load.destroyForcibly();
      load.waitFor();
    }
    assertThat(union.state()).isEqualTo(Union.State.DEAD);
    assertThat(union.problem()).isPresent();
    assertThat(check("unions").detail()).contains("f: " + union.problem().orElseThrow());
    isWhole(flushed(said));
    if (victim != Victim.QEMU) {
      goesOn(other);
    }
    if (random.nextBoolean()) {
      union.remount();
      assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
      Scratch.write(scratch.path("f/at/after"), "after");
      assertThat(Scratch.read(scratch.path("f/upper/after"))).isEqualTo("after");
    }
    union.remove();
    if (victim != Victim.QEMU) {
      goesOn(other);
      assertThat(mica.host().helper().pid()).as("the same VM").isEqualTo(vm);
    }
    other.remove();
    Core.remove(scratch.path("other"));
    theHostCanMountIt(flushed(said));
  }

  private void goesOn(Union other) throws IOException {
    assertThat(other.problem()).isEmpty();
    assertThat(other.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(Scratch.read(scratch.path("other/at/below"))).isEqualTo("below");
    Path file = Files.createTempFile(scratch.path("other/at"), "goes", "on");
    assertThat(scratch.path("other/upper").resolve(file.getFileName())).exists();
  }

  private Check check(String name) {
    return mica.host().checks().stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Another JVM makes or removes a union in the same state directory, and is killed on its way. */
  private void killJvm(Random random) throws Exception {
    boolean making = random.nextBoolean();
    if (making) {
      mica.unions().get("f").remove();
    }
    Process child =
        Child.start(
            Child.command(
                FaultStep.class, mica.home(), scratch.path("f"), making ? "create" : "remove"));
    child.waitFor(500 + random.nextInt(4000), TimeUnit.MILLISECONDS);
    child.destroyForcibly().waitFor();
    long began = System.nanoTime();
    Mica next = Mica.open(mica.home());
    for (Union union : next.unions().list()) {
      assertThat(union.state()).isIn(Union.State.MOUNTED, Union.State.UNMOUNTED);
      union.remount();
      Scratch.write(scratch.path("f/at/after"), "after");
      assertThat(Scratch.read(scratch.path("f/upper/after"))).isEqualTo("after");
      union.remove();
    }
    millis
        .computeIfAbsent(Victim.JVM, _ -> new ArrayList<>())
        .add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
  }

  private void kill(Victim victim) throws IOException {
    Path lower = scratch.path("f/lower");
    long pid =
        switch (victim) {
          case QEMU -> mica.host().helper().pid();
          case RELAY -> pidOf("mica-relay");
          case UPPER_SERVER -> share(false).pid();
          case LOWER_SERVER -> share(true).pid();
          case JVM -> throw new AssertionError(lower);
        };
    assertThat(pid).isPositive();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
  }

  private Share share(boolean readOnly) {
    return mica.host().helper().shares().stream()
        .filter(share -> share.readOnly() == readOnly)
        .filter(share -> share.folder().toString().matches(".*/f/(lower|[.]f[.]mica-guest)"))
        .findFirst()
        .orElseThrow();
  }

  /** Of ours: with this test's directory among its words. */
  private long pidOf(String program) throws IOException {
    return processes().stream()
        .filter(process -> process.words.contains("/" + program + "\0"))
        .findFirst()
        .orElseThrow()
        .pid;
  }

  private record Running(long pid, String words) {}

  private List<Running> processes() throws IOException {
    List<Running> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : all) {
        String words = words(process);
        if (words.contains(scratch.path("").toString())
            && !words.contains("org.apache.maven")
            && !words.contains("surefire")) {
          found.add(new Running(Long.parseLong(process.getFileName().toString()), words));
        }
      }
    }
    return found;
  }

  private static String words(Path process) {
    try {
      return new String(
          Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return "";
    }
  }

  private void isWhole(List<Integer> flushed) {
    for (int number : flushed) {
      String line = number + "\n";
      assertThat(Scratch.read(scratch.path(String.format("f/upper/load%05d", number))))
          .as("load %d", number)
          .isEqualTo(line.repeat(1 + number * 37 % 3000));
    }
  }

  private void theHostCanMountIt(List<Integer> flushed) {
    Union host =
        mica.unions()
            .create(
                new UnionSpec(
                    "host",
                    List.of(Folder.of(scratch.path("f/lower"))),
                    Folder.of(scratch.path("f/upper")),
                    null,
                    Folder.of(scratch.path("f/at")),
                    UnionSpec.Via.KERNEL));
    isWhole(flushed);
    assertThat(Core.treeDigest(Tree.plain(host.at().path())).entries())
        .isGreaterThan(flushed.size());
    assertThat(host.diff().toList()).hasSizeGreaterThanOrEqualTo(flushed.size());
    host.remove();
  }

  private void leavesNothing() throws IOException {
    assertThat(mica.unions().list()).isEmpty();
    assertThat(scratch.mounts()).isEmpty();
    assertThat(scratch.path("f/.f.mica-guest")).doesNotExist();
    if (Files.exists(scratch.path("f/upper"))) {
      assertThat(Files.isDirectory(scratch.path("f/upper"), LinkOption.NOFOLLOW_LINKS)).isTrue();
    }
    assertThat(mica.host().helper().unions()).isEmpty();
    assertThat(mica.host().helper().shares()).isEmpty();
    mica.host().helper().stop();
    assertThat(mica.host().helper().state()).isEqualTo(Machine.State.NONE);
    assertThat(processes()).isEmpty();
  }

  private static List<Integer> flushed(Path said) {
    return Scratch.read(said)
        .lines()
        .filter(line -> line.matches("\\d+"))
        .map(Integer::parseInt)
        .toList();
  }

  private interface Condition {
    boolean holds();
  }

  private static void await(String what, Condition condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited for " + what).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
