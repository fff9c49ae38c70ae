package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.host.Check;
import dev.mica.test.Lab;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store that is mounted read-only: what reads works, what writes fails in one line. */
final class ReadOnlyStoreTest extends ScratchTest {
  private static final String READ_ONLY = "Read-only file system";
  private final Path at = scratch.path("at");
  private final Path home = scratch.path("disk/home");

  private void disk(String type) {
    if (type.equals("tmpfs")) {
      Scratch.run("mount", "-t", "tmpfs", "disk", scratch.dir("disk").toString());
    } else {
      scratch.fileSystem("disk", type, 16);
    }
    mica = Mica.open(home);
    scratch.file("lower/file", "lower");
    LayerSource below = Folder.of(scratch.path("lower"));
    for (String name : List.of("one", "two")) {
      Union union =
          mica.unions().create(spec(name, List.of(below), scratch.path("up-" + name), at));
      Scratch.write(at.resolve(name), name);
      below = mica.commits().create(union, "web:" + name, "");
      union.remove();
    }
    mica.unions().create(spec("u", List.of(below), scratch.path("upper"), at));
    Vm _ = mica.vms().create(CrashStep.vm(scratch.path(""), "web"));
    Scratch.write(at.resolve("three"), "three");
  }

  private void closeDisk() {
    Scratch.run("mount", "-o", "remount,ro", scratch.path("disk").toString());
    mica = Mica.open(home); // as another process
  }

  private void checkWhatReads() {
    assertThat(mica.commits().list())
        .flatExtracting(Commit::refs)
        .containsExactly("web:two", "web:one");
    assertThat(mica.commits().damaged()).isEmpty();
    assertThat(mica.unions().damaged()).isEmpty();
    assertThat(mica.commits().log("web:two")).hasSize(2);
    assertThat(mica.commits().graph()).contains("(web:two)", "(web:one)");
    Commit two = mica.commits().get("web:two");
    assertThat(two.digest()).startsWith("sha256:").isEqualTo(two.digest());
    assertThat(Lab.lines(two.diff())).contains("added two");
    assertThat(Lab.lines(mica.commits().get("web:one").diff(two))).containsExactly("added two");
    assertThat(mica.unions().list()).extracting(Union::name).containsExactly("u");
    Union union = mica.unions().get("u");
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(Lab.lines(union.diff())).contains("added three");
    assertThat(mica.vms().list()).extracting(Vm::name).containsExactly("web");
    assertThat(mica.vms().damaged()).isEmpty();
    Vm vm = mica.vms().get("web");
    assertThat(vm.status()).isEqualTo("created");
    assertThat(vm.logs()).isEmpty();
  }

  private void assertRefused(String what, ThrowingCallable action) {
    assertThatThrownBy(action)
        .as(what)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(READ_ONLY)
        .hasMessageContaining(home.toString())
        .extracting(failure -> String.valueOf(failure.getMessage()).lines().count())
        .isEqualTo(1L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "tmpfs"})
  void whatReadsWorksAndWhatWritesIsRefused(String type) throws IOException {
    disk(type);
    closeDisk();
    String before = Core.treeDigest(Tree.plain(home)).digest();
    List<String> mounts = scratch.mounts();
    checkWhatReads();
    Map<String, ThrowingCallable> writes = new LinkedHashMap<>();
    writes.put("commit create", () -> mica.commits().create(mica.unions().get("u"), "w:1", ""));
    writes.put("commit rm", () -> mica.commits().get("web:two").remove());
    writes.put("commit gc", () -> mica.commits().gc());
    writes.put("commit mount", () -> mica.commits().get("web:one").mount(scratch.path("v") + ""));
    writes.put("union rm", () -> mica.unions().get("u").remove());
    writes.put("union rm --all", () -> mica.unions().removeAll());
    writes.put("union remount", () -> mica.unions().get("u").remount());
    writes.put("vm create", () -> mica.vms().create(CrashStep.vm(scratch.path(""), "other")));
    writes.put("vm start", () -> mica.vms().get("web").start());
    writes.put("vm rm", () -> mica.vms().get("web").remove());
    writes.put("doctor --settle", () -> mica.host().settle("1-0000", true));
    writes.put(
        "union create",
        () ->
            mica.unions()
                .create(
                    spec(
                        "v",
                        List.of(Folder.of(scratch.path("lower"))),
                        scratch.path("up2"),
                        scratch.path("at2"))));
    writes.forEach(this::assertRefused);
    assertThat(scratch.mounts()).isEqualTo(mounts);
    assertThat(scratch.path("up2")).doesNotExist();
    assertThat(scratch.path("at2")).doesNotExist();
    assertThat(Core.treeDigest(Tree.plain(home)).digest()).isEqualTo(before);
    assertThat(mica.host().checks())
        .filteredOn(check -> check.name().equals("unions"))
        .extracting(Check::status)
        .containsExactly(Check.Status.OK);
  }

  /** What was cut short is as it stands, and the doctor tells of it and of what ends it. */
  @Test
  void whatWasCutShortIsShown() throws IOException {
    disk("ext4");
    Files.writeString(
        home.resolve("journal/1-0000.json"),
        """
        {"operation": "collect garbage", "facts": {}, "publishing": true,
         "process": {"pid": 1, "started": 0, "boot": "another"}}
        """);
    closeDisk();
    checkWhatReads();
    assertThat(mica.host().checks())
        .filteredOn(check -> check.name().equals("leftover 1-0000"))
        .extracting(Check::detail, Check::fix)
        .first()
        .asString()
        .contains("collect garbage", READ_ONLY, "--settle 1-0000 --keep");
    Scratch.run("mount", "-o", "remount,rw", scratch.path("disk").toString());
    checkWhatReads();
    assertThat(home.resolve("journal")).isEmptyDirectory();
  }
}
