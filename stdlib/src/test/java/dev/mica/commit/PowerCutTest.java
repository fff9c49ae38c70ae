package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.folder.Folder;
import dev.mica.test.Child;
import dev.mica.test.Flushes;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What was said to be done is done also if the power fails at that moment: by the calls that were
 * made until then, and by what the disks hold.
 */
final class PowerCutTest extends ScratchTest {
  /**
   * Every directory in which a name was made, changed or removed was flushed afterwards. A commit
   * by reflink makes the same calls as one by copy.
   */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REFLINK")
  void everyNameIsFlushedBeforeItIsSaidToBeDone(CrashStep.Operation operation) throws Exception {
    CrashSituation before = new CrashSituation(scratch, operation);
    Path log = scratch.path("home").resolveSibling("calls");
    List<String> command = new ArrayList<>(Flushes.tracing(log));
    command.addAll(Child.command(CrashStep.class, operation, scratch.path("")));
    assertThat(Child.start(command).waitFor()).isZero();
    List<String> calls = Files.readAllLines(log);
    Files.delete(log);
    assertThat(new Flushes(scratch.path("")).unflushed(calls)).isEmpty();
    before.check(true);
  }

  /** That it would be seen. */
  @Test
  void aNameThatIsNotFlushedIsFound() {
    Path root = scratch.path("");
    List<String> calls =
        List.of(
            "7 openat(AT_FDCWD</>, \"%s/in\", O_PATH) = 5<%s/in>".formatted(root, root),
            "7 mkdir(\"%s/a\", 0755) = 0".formatted(root),
            "7 mkdir(\"/proc/self/fd/5/b\", 0755) = 0",
            "7 mkdirat(5<%s/in>, \"c\", 0755) = -1 EEXIST (File exists)".formatted(root),
            "7 fsync(9<%s>) = 0".formatted(root),
            "7 rename(\"%s/in/x\", \"%s/out/y\") = 0".formatted(root, root),
            "7 fsync(9<%s/out> <unfinished ...>".formatted(root),
            "8 mkdir(\"%s/out/late\", 0755 <unfinished ...>".formatted(root),
            "8 <... mkdir resumed>) = 0",
            "7 <... fsync resumed>) = 0",
            "8 mkdir(\"%s/flushed/d\", 0755 <unfinished ...>".formatted(root),
            "7 getpid() = 7",
            "8 <... mkdir resumed>) = 0",
            "8 fsync(9<%s/flushed> <unfinished ...>".formatted(root),
            "8 <... fsync resumed>) = 0");
    assertThat(new Flushes(scratch.path("")).unflushed(calls))
        .containsOnly(
            Map.entry(root.resolve("in"), "rename " + root + "/in/x"),
            Map.entry(root.resolve("out"), "mkdir " + root + "/out/late"));
  }

  private void disk(String name, String type, int megabytes) {
    Path at = scratch.fileSystem(name, type, megabytes);
    Scratch.run("sync", "-f", at.toString());
  }

  /** What the disks hold at this moment is all there is; and the host was booted again. */
  private void cutPower(int time) {
    for (String name : List.of("store", "work")) {
      Path image = scratch.path(name + (time == 1 ? ".img" : "." + (time - 1)));
      Scratch.run("cp", "--sparse=always", image.toString(), scratch.path(name + "." + time) + "");
    }
    scratch.awaitDigests(); // which keep the store busy, and may come to their end: it was copied
    scratch.mounts().reversed().forEach(target -> Scratch.run("umount", target));
    for (String name : List.of("store", "work")) {
      Path image = scratch.path(name + "." + time);
      Scratch.run("mount", "-o", "loop", image.toString(), scratch.path(name).toString());
    }
    String boot = Scratch.read(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    try (var records = Files.walk(scratch.path("store/home"))) {
      records
          .filter(file -> file.toString().endsWith(".json"))
          .forEach(file -> Scratch.write(file, Scratch.read(file).replace(boot, "another" + time)));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    mica = Mica.open(scratch.path("store/home"));
  }

  /** Upper and store on two disks: neither's journal orders the other's. */
  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs", "btrfs"})
  void afterAPowerCutTheDisksHaveWhatWasDone(String type) throws IOException {
    disk("work", type, 320);
    disk("store", "ext4", 64);
    mica = Mica.open(scratch.path("store/home"));
    scratch.file("lower/file", "lower");
    Path at = scratch.path("work/at");
    mica.unions()
        .create(
            new UnionSpec(
                "u",
                List.of(Folder.of(scratch.path("lower"))),
                Folder.of(scratch.path("work/up")),
                null,
                Folder.of(at),
                UnionSpec.Via.KERNEL));
    Vm _ = mica.vms().create(CrashStep.vm(scratch.path(""), "web"));
    cutPower(1);
    assertThat(mica.vms().get("web").state()).isEqualTo(Vm.State.CREATED);
    Scratch.run(
        "sh", "-c", "e2fsck -fn '" + scratch.path("store/home") + "'/containers/*/disk.img");
    Union union = mica.unions().get("u");
    assertThat(scratch.path("work/up")).isDirectory();
    union.remount();
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);

    Scratch.write(at.resolve("new/file"), "new");
    Scratch.run("sync", at.resolve("new/file").toString(), at.resolve("new").toString());
    Scratch.run("sync", at.toString());
    String id = mica.commits().create(union, "web:v1", "").id();
    cutPower(2);
    assertThat(mica.commits().list()).extracting(Commit::id).containsExactly(id);
    Commit commit = mica.commits().get("web:v1");
    assertThat(Scratch.read(commit.layer().resolve("new/file"))).isEqualTo("new");
    mica.unions().get("u").remount();
    assertThat(Scratch.read(at.resolve("new/file"))).isEqualTo("new");

    mica.unions().get("u").remove();
    commit.remove();
    cutPower(3);
    assertThat(mica.unions().list()).isEmpty();
    assertThat(mica.commits().list()).isEmpty();
    assertThat(Scratch.read(scratch.path("work/up/new/file"))).isEqualTo("new");
  }
}
