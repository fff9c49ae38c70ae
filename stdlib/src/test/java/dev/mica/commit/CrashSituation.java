package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** What there was before an operation of {@link CrashTest}, and what may be there after. */
final class CrashSituation {
  private final Scratch scratch;
  private final CrashStep.Operation operation;
  private final String tree;
  private final String upper;

  CrashSituation(Scratch scratch, CrashStep.Operation operation) {
    this.scratch = scratch;
    this.operation = operation;
    scratch.file("lower/kept", "lower");
    scratch.file("lower/gone", "lower");
    switch (operation) {
      case CREATE, CREATE_VM -> {}
      case REMOVE_VM -> {
        Vm _ = open().vms().create(CrashStep.vm(scratch.path(""), "old"));
      }
      case CREATE_OVER_EMPTY -> oddMode(scratch.dir("upper"));
      default -> changedUnion();
    }
    this.tree = treeBefore();
    this.upper = Files.exists(scratch.path("upper")) ? digest(scratch.path("upper")) : "";
  }

  /** Of what is not mounted yet it is the same by a mount for a moment. */
  private String treeBefore() {
    if (operation != CrashStep.Operation.REMOUNT) {
      return Files.exists(at()) ? digest(at()) : "";
    }
    open().unions().get("u").remount();
    String mounted = digest(at());
    unmounted();
    return mounted;
  }

  private void changedUnion() {
    Mica mica = open();
    Union union = mica.unions().create(CrashStep.spec(scratch.path("")));
    if (operation == CrashStep.Operation.REMOVE_COMMIT) {
      Union other =
          mica.unions()
              .create(
                  ScratchTest.spec(
                      "other",
                      List.of(Folder.of(scratch.path("lower"))),
                      scratch.path("other-upper"),
                      scratch.path("other-at")));
      Scratch.write(scratch.path("other-at/dir/old"), "old");
      Commit old = mica.commits().create(other, "old:v1", "");
      other.remove();
      assertThat(old.digest()).isNotEmpty();
    }
    if (operation == CrashStep.Operation.COLLECT) {
      scratch.file("home/layers/0123456789ab/dir/file", "orphan");
    }
    Scratch.write(at().resolve("kept"), "held");
    Scratch.write(at().resolve("new/file"), "new");
    Scratch.write(at().resolve("new/fixed"), "protected");
    Scratch.run("chattr", "+i", at().resolve("new/fixed").toString());
    try {
      Files.delete(at().resolve("gone"));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    assertThat(union.diff().isEmpty()).isFalse();
    switch (operation) {
      case REMOUNT -> unmounted();
      case SETTLE_KEEP, SETTLE_DISCARD -> removalCutShort();
      default -> {}
    }
  }

  /** As after a reboot, with the mount point gone as well. */
  private void unmounted() {
    Scratch.run("umount", at().toString());
    Scratch.run("rmdir", at().toString());
  }

  /** Its record is gone, the rest is to be decided. */
  private void removalCutShort() {
    Path record = scratch.path("home/unions/u.json");
    Scratch.write(
        scratch.path("home/journal/1-0000.json"),
        """
        {"operation": "remove a union", "objects": ["union u"], "facts": %s, "publishing": true,
         "process": {"pid": 1, "started": 0, "boot" : "another"}}
        """
            .formatted(Scratch.read(record)));
    try {
      Files.delete(record);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static void oddMode(Path directory) {
    try {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx-w---x"));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private Mica open() {
    return Mica.open(scratch.path("home"));
  }

  private Path at() {
    return scratch.path("at");
  }

  private static String digest(Path tree) {
    return Core.treeDigest(Tree.plain(tree)).digest();
  }

  void checkAfterReboot() {
    boolean mounted = scratch.mounts().contains(at().toString());
    boolean wrote = mounted && isWritten("late");
    scratch.mounts().reversed().forEach(target -> Scratch.run("umount", target));
    list("home/journal")
        .forEach(name -> {
          Path entry = scratch.path("home/journal").resolve(name);
          String other = "\"boot\" : \"another\"";
          Scratch.write(entry, Scratch.read(entry).replaceAll("\"boot\" : \"[^\"]*\"", other));
        });
    Mica mica = open();
    List<Union> unions = mica.unions().list();
    StateDir.at(mica.home()).lock("look").close();
    assertThat(list("home/journal")).isEmpty();
    unions.forEach(Union::remount);
    if (wrote) {
      assertThat(Scratch.read(scratch.path(unions.isEmpty() ? "upper/late" : "at/late")))
          .isEqualTo("late");
    }
    switch (operation) {
      case CREATE, CREATE_OVER_EMPTY -> assertThat(unions).hasSizeBetween(mounted ? 1 : 0, 1);
      case REMOVE_UNION, SETTLE_KEEP, SETTLE_DISCARD -> assertThat(unions).hasSizeLessThan(2);
      case CREATE_VM, REMOVE_VM -> checkVm(mica, false);
      default -> {
        assertThat(unions).extracting(Union::name).containsExactly("u");
        assertThat(Scratch.read(at().resolve("new/file"))).isEqualTo("new");
      }
    }
    if (operation == CrashStep.Operation.REMOVE_COMMIT) {
      checkCommitRemoved(mica, false);
    }
    if (operation == CrashStep.Operation.COLLECT) {
      mica.commits().gc(); // killed before it had begun, there is still something to collect
    }
    assertThat(list("home/layers"))
        .isEqualTo(mica.commits().list().stream().map(Commit::id).toList());
  }

  /** Killed in the middle of a rotation it leaves a union that refuses, until the next command. */
  private boolean isWritten(String name) {
    try {
      Files.writeString(at().resolve(name), name);
      return true;
    } catch (IOException refused) {
      assertThat(refused).hasMessageContaining("Read-only file system");
      return false;
    }
  }

  void check(boolean through) {
    Mica mica = open();
    List<Union> unions = mica.unions().list(); // whoever reads next recovers
    StateDir.at(mica.home()).lock("look").close();
    assertThat(list("home")).doesNotContain("scratch");
    assertThat(list("home/journal")).isEmpty();
    assertThat(list("home/trash")).isEmpty();
    switch (operation) {
      case CREATE, CREATE_OVER_EMPTY -> checkCreated(unions, through);
      case REMOVE_UNION -> checkRemoved(unions, through);
      case REMOUNT -> checkRemounted(unions, through);
      case SETTLE_KEEP, SETTLE_DISCARD -> checkSettled(unions, through);
      case ROTATE, COPY, REFLINK -> checkCommitted(mica, unions, through);
      case REMOVE_COMMIT -> checkCommitRemoved(mica, through);
      case COLLECT -> checkCollected(mica, through);
      case CREATE_VM, REMOVE_VM -> checkVm(mica, through);
    }
  }

  private void checkCreated(List<Union> unions, boolean through) {
    assertThat(unions.isEmpty() && through).isFalse();
    if (!unions.isEmpty()) {
      checkLive(unions);
      assertThat(unions.getFirst().diff().toList()).isEmpty();
      return;
    }
    assertThat(scratch.mounts()).isEmpty();
    if (operation == CrashStep.Operation.CREATE) {
      assertThat(list("")).isSubsetOf("lower", "home");
    } else {
      assertThat(list("")).isSubsetOf("lower", "home", "upper");
      assertThat(digest(scratch.path("upper"))).isEqualTo(upper);
    }
  }

  private void checkLive(List<Union> unions) {
    assertThat(unions).extracting(Union::name).containsExactly("u");
    assertThat(unions.getFirst().state()).isEqualTo(Union.State.MOUNTED);
    assertThat(scratch.mounts()).containsExactly(at().toString());
    assertThat(list("")).isSubsetOf(".u.mica-work", "at", "home", "lower", "other-upper", "upper");
  }

  private void checkRemoved(List<Union> unions, boolean through) {
    assertThat(unions.isEmpty() || !through).isTrue();
    if (unions.isEmpty()) {
      assertThat(scratch.mounts()).isEmpty();
      assertThat(list("")).containsExactlyInAnyOrder("home", "lower", "upper");
    } else {
      checkLive(unions);
      assertThat(digest(at())).isEqualTo(tree);
    }
  }

  private void checkRemounted(List<Union> unions, boolean through) {
    assertThat(unions).extracting(Union::name).containsExactly("u");
    assertThat(unions.getFirst().state() == Union.State.MOUNTED || !through).isTrue();
    unions.getFirst().remount();
    checkLive(unions);
    assertThat(digest(at())).isEqualTo(tree);
  }

  /** Without a record what is mounted stays so: it was decided that it is no union any more. */
  private void checkSettled(List<Union> unions, boolean through) {
    boolean kept = operation == CrashStep.Operation.SETTLE_KEEP;
    assertThat(kept && through && unions.isEmpty()).isFalse();
    assertThat(kept || unions.isEmpty()).isTrue();
    if (!unions.isEmpty()) {
      checkLive(unions);
    }
    assertThat(scratch.mounts()).containsExactly(at().toString());
    assertThat(digest(at())).isEqualTo(tree);
  }

  private void checkCommitted(Mica mica, List<Union> unions, boolean through) {
    checkLive(unions);
    List<Commit> commits = mica.commits().list();
    assertThat(commits.isEmpty() && through).isFalse();
    assertThat(list("home/layers")).isEqualTo(commits.stream().map(Commit::id).toList());
    Union union = unions.getFirst();
    if (operation == CrashStep.Operation.ROTATE) {
      assertThat(digest(at())).isEqualTo(tree);
      assertThat(union.diff().isEmpty()).isEqualTo(!commits.isEmpty());
      assertThat(union.lowers()).hasSize(1 + commits.size());
    } else {
      assertThat(union.diff().isEmpty()).isFalse();
      assertThat(union.lowers()).hasSize(1);
    }
    if (commits.isEmpty()) {
      assertThat(mica.commits().find("web:v1")).isEmpty();
    } else {
      Commit commit = mica.commits().get("web:v1");
      assertThat(commit.method().name()).isEqualTo(operation.name());
      assertThat(Scratch.read(commit.layer().resolve("new/file"))).isEqualTo("new");
    }
  }

  private void checkCommitRemoved(Mica mica, boolean through) {
    List<Commit> commits = mica.commits().list();
    assertThat(commits.isEmpty() || !through).isTrue();
    assertThat(list("home/layers")).isEqualTo(commits.stream().map(Commit::id).toList());
    if (commits.isEmpty()) {
      assertThat(mica.commits().find("old:v1")).isEmpty();
      assertThat(list("home/stats")).isEmpty();
    } else {
      Path old = mica.commits().get("old:v1").layer().resolve("dir/old");
      assertThat(Scratch.read(old)).isEqualTo("old");
    }
  }

  private void checkCollected(Mica mica, boolean through) {
    if (Files.exists(scratch.path("home/layers/0123456789ab"))) {
      assertThat(through).isFalse();
      assertThat(Scratch.read(scratch.path("home/layers/0123456789ab/dir/file")))
          .isEqualTo("orphan");
    }
    checkLive(mica.unions().list());
  }

  /** There with a whole disk, or not at all. */
  private void checkVm(Mica mica, boolean through) {
    List<Vm> vms = mica.vms().list();
    boolean creates = operation == CrashStep.Operation.CREATE_VM;
    assertThat(through && vms.isEmpty() == creates).isFalse();
    assertThat(mica.vms().damaged()).isEmpty();
    assertThat(list("home/containers")).hasSize(vms.size());
    for (Vm vm : vms) {
      assertThat(vm.name()).isEqualTo(creates ? "web" : "old");
      assertThat(vm.state()).isEqualTo(Vm.State.CREATED);
      Path disk =
          scratch.path("home/containers/" + list("home/containers").getFirst() + "/disk.img");
      assertThat(disk).hasSize(CrashStep.DISK);
      Scratch.run("e2fsck", "-fn", disk.toString());
    }
  }

  private List<String> list(String directory) {
    Path path = scratch.path(directory);
    if (!Files.exists(path)) {
      return List.of();
    }
    try (var entries = Files.list(path)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    } catch (IOException broken) {
      throw MicaException.failed("list", path, String.valueOf(broken.getMessage()));
    }
  }
}
