package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is refused and that it changes nothing; and what the registry keeps. */
final class UnionsTest extends ScratchTest {
  private UnionSpec plain(Path lower, @Nullable Path upper, Path at) {
    return spec(null, List.of(Folder.of(lower)), upper, at);
  }

  private UnionSpec withWork(Path lower, Path upper, Path work, Path at) {
    return new UnionSpec(
        null,
        List.of(Folder.of(lower)),
        Folder.of(upper),
        Folder.of(work),
        Folder.of(at),
        UnionSpec.Via.AUTO);
  }

  @Test
  void overlapsAreRefusedAndBothPathsNamed() {
    Path a = scratch.dir("a");
    Path b = scratch.dir("b");
    Path inA = scratch.dir("a/in");
    refusedNaming(plain(a, inA, scratch.path("at")), a, inA);
    refusedNaming(plain(inA, a, scratch.path("at")), inA, a);
    refusedNaming(plain(a, a, scratch.path("at")), a, a);
    refusedNaming(plain(a, b, inA), a, inA);
    refusedNaming(plain(b, a, inA), a, inA);
    refusedNaming(plain(a, b, a.resolve("new")), a, a.resolve("new"));
    refusedNaming(withWork(a, b, inA, scratch.path("at")), a, inA);
    refusedNaming(withWork(inA, b, scratch.dir("b/work"), scratch.path("at")), b, "b/work");
    refusedNaming(withWork(inA, b, scratch.dir("w"), scratch.path("w/at")), "w/at", "w");
    refusedNaming(spec(null, List.of(Folder.of(a), Folder.of(inA)), b, scratch.path("at")), a, inA);
  }

  private void refusedNaming(UnionSpec spec, Object... names) {
    refusedAfterLock(spec, names);
    assertThat(scratch.path("at")).doesNotExist();
  }

  /** The lock's own files come and go with it; all else must stay as it is. */
  private void refusedAfterLock(UnionSpec spec, Object... names) {
    List<String> before = listing();
    List<String> mounts = scratch.mounts();
    assertThatThrownBy(() -> mica.unions().create(spec))
        .isInstanceOf(MicaException.class)
        .satisfies(failure -> {
          for (Object name : names) {
            assertThat(failure).hasMessageContaining(name.toString());
          }
          assertThat(failure.getMessage()).doesNotContain("\n");
        });
    assertThat(scratch.mounts()).isEqualTo(mounts);
    assertThat(listing()).isEqualTo(before);
  }

  private List<String> listing() {
    List<String> all = new ArrayList<>();
    try (var paths = Files.walk(scratch.path(""))) {
      paths
          .filter(path -> !path.equals(scratch.path(""))) // home comes into it
          .filter(path -> !path.startsWith(scratch.path("home")))
          .forEach(path -> all.add(path + " " + modeOf(path)));
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
    return all;
  }

  private static String modeOf(Path path) {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(path))
          + Files.getLastModifiedTime(path);
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
  }

  @Test
  void anOverlapIsSeenThroughSymlinksAndBindMounts() throws IOException {
    Path a = scratch.dir("a");
    scratch.dir("a/deep/in");
    Path link = Files.createSymbolicLink(scratch.path("link"), scratch.path("a/deep"));
    refusedNaming(plain(a, link, scratch.path("at")), a, "a/deep");
    Path bound = scratch.dir("bound");
    Scratch.run("mount", "--bind", scratch.path("a/deep").toString(), bound.toString());
    refusedNaming(plain(a, bound.resolve("in"), scratch.path("at")), a, bound.resolve("in"));
    refusedNaming(plain(bound.resolve("in"), a, scratch.path("at")), a, bound.resolve("in"));
    refusedNaming(plain(a, scratch.dir("b"), bound.resolve("new")), a, bound.resolve("new"));
  }

  @Test
  void whatIsMissingOrNoDirectoryIsRefused() {
    Path a = scratch.dir("a");
    Path file = scratch.file("file", "text");
    refusedNaming(plain(scratch.path("none"), scratch.path("b"), scratch.path("at")), "none");
    refusedNaming(plain(file, scratch.path("b"), scratch.path("at")), file);
    refusedNaming(plain(a, file, scratch.path("at")), file);
    refusedNaming(plain(a, scratch.path("no/where"), scratch.path("at")), "no/where");
    refusedNaming(plain(a, scratch.path("b"), scratch.path("no/where")), "no/where");
    refusedNaming(spec(null, List.of(), scratch.path("b"), scratch.path("at")), "no lower");
  }

  @Test
  void aTargetThatIsNotFreeIsRefused() {
    Path a = scratch.dir("a");
    Path full = scratch.file("full/file", "text").resolveSibling("");
    refusedNaming(plain(a, scratch.path("b"), full), full, "not empty");
    refusedNaming(plain(a, scratch.path("b"), full.resolve("file")), "full/file");
    Path mounted = scratch.dir("mounted");
    Scratch.run("mount", "-t", "tmpfs", "none", mounted.toString());
    refusedNaming(plain(a, scratch.path("b"), mounted), mounted, "mounted there already");
  }

  private UnionSpec guest(Path upper, @Nullable Path work) {
    return new UnionSpec(
        "u",
        List.of(Folder.of(scratch.dir("a"))),
        Folder.of(upper),
        work == null ? null : Folder.of(work),
        Folder.of(scratch.path("at")),
        UnionSpec.Via.GUEST);
  }

  @Test
  void whatCannotBeSharedWithAHelperIsRefused() {
    Path mounted = scratch.dir("mounted");
    Scratch.run("mount", "-t", "tmpfs", "none", mounted.toString());
    refusedNaming(guest(mounted, null), mounted, "take a folder in it as the upper");
    refusedNaming(guest(scratch.path("b"), scratch.dir("w")), "leave out", "w");
    Path left = scratch.dir(".u.mica-guest");
    refusedNaming(guest(scratch.path("b"), null), left, "exists already");
  }

  private Path odd(String name) {
    return PathBytes.resolve(scratch.dir("odd"), name.getBytes(StandardCharsets.ISO_8859_1));
  }

  @Test
  void pathsThatAreNotUtf8AreKept() throws IOException {
    require(UnionSpec.Via.KERNEL);
    Path lower = Files.createDirectory(odd("l\u00e9"));
    Files.writeString(lower.resolve("kept"), "below");
    Path upper = odd("u\u00e8");
    Path at = odd("a\u00ff");
    Union union = mica.unions().create(spec("odd", List.of(Folder.of(lower)), upper, at));
    Files.writeString(at.resolve("new"), "text");
    assertThat(upper.resolve("new")).hasContent("text");

    Union read = Mica.open(scratch.path("home")).unions().get("odd");
    assertThat(read.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(read.lowers()).containsExactly(lower);
    assertThat(read.at().path()).isEqualTo(at);
    assertThat(read.upper().orElseThrow().path()).isEqualTo(upper);
    assertThat(read.at().location()).isEqualTo(scratch.path("odd") + "/a\\xff");
    assertThat(read.diff().toList()).hasSize(1);

    Commit commit = mica.commits().create(read, "odd", "");
    assertThat(mica.commits().get("odd").base()).containsExactly(lower);
    assertThat(at.resolve("kept")).hasContent("below");
    assertThat(read.lowers()).containsExactly(commit.layer(), lower);
    union.remove();
    assertThat(at).doesNotExist();
    assertThat(mica.commits().get("odd").mount(scratch.path("at").toString()).lowers())
        .containsExactly(commit.layer(), lower);
  }

  @Test
  void listsAreTheCallersToChange() {
    Union union = union("u", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    Scratch.write(scratch.path("at/file"), "");
    Commit commit = mica.commits().create(union, "c:1", "");
    for (List<?> list :
        List.of(
            mica.unions().list(),
            union.lowers(),
            mica.commits().list(),
            mica.commits().log("c:1"),
            mica.commits().gc(),
            commit.refs(),
            commit.base(),
            commit.layers())) {
      list.clear();
    }
    assertThat(union.lowers()).hasSize(2);
    assertThat(commit.layers()).hasSize(2);
  }

  @Test
  void badNamesAreRefused() {
    Path a = scratch.dir("a");
    for (String name : List.of("", "-a", "a/b", "a\nb", "ä", "a".repeat(65), "..")) {
      UnionSpec spec = spec(name, List.of(Folder.of(a)), scratch.path("b"), scratch.path("at"));
      assertThatThrownBy(() -> mica.unions().create(spec))
          .isInstanceOfSatisfying(
              MicaException.class,
              failure -> assertThat(failure.kind()).isEqualTo(MicaException.Kind.USAGE));
    }
    union("u", a, scratch.path("b"), scratch.path("at"));
    refusedAfterLock(
        spec("u", List.of(Folder.of(a)), scratch.path("b2"), scratch.path("at2")),
        "u",
        scratch.path("at"));
  }

  @Test
  void moreThan500LayersAreRefused() {
    List<Folder> lowers = new ArrayList<>();
    for (int i = 0; i < 501; i++) {
      lowers.add(Folder.of(scratch.dir("l" + i)));
    }
    refusedNaming(spec(null, lowers, scratch.path("b"), scratch.path("at")), "501", "500");
  }

  @Test
  void anUpperOrWorkInUseIsRefused() {
    Path a = scratch.dir("a");
    union("u", a, scratch.path("b"), scratch.path("at"));
    Path at2 = scratch.path("at2");
    refusedAfterLock(plain(a, scratch.path("b"), at2), scratch.path("b"), "the union u");
    refusedAfterLock(plain(a, scratch.dir("b/in"), at2), "b/in", "the union u");
    refusedAfterLock(
        plain(scratch.path("b"), scratch.path("c"), at2), scratch.path("b"), "union u");
    refusedAfterLock(
        withWork(a, scratch.dir("c"), scratch.path(".u.mica-work/work"), at2), "mica-work", "u");
  }

  @Test
  void anUpperOfSomebodyElsesOverlayIsRefused() {
    Path a = scratch.dir("a");
    Path up = scratch.dir("up");
    String options = "lowerdir=" + a + ",upperdir=" + up + ",workdir=" + scratch.dir("work");
    Scratch.run(
        "mount", "-t", "overlay", "-o", options, "theirs", scratch.dir("theirs").toString());
    refusedNaming(plain(a, up, scratch.path("at")), up, scratch.path("theirs"));
    refusedNaming(
        withWork(a, scratch.dir("b"), scratch.path("work/work"), scratch.path("at")),
        "work",
        scratch.path("theirs"));
  }

  @Test
  void anUpperThatIsAMountPointNeedsAWorkDirectory() {
    Path a = scratch.dir("a");
    Path disk = scratch.fileSystem("disk", "ext4", 16);
    Scratch.run("rmdir", disk.resolve("lost+found").toString());
    refusedNaming(plain(a, disk, scratch.path("at")), disk, "work directory");
    Path upper = scratch.dir("disk/upper");
    Union union =
        mica.unions().create(withWork(a, upper, scratch.dir("disk/work"), scratch.path("at")));
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    union.remove();
    assertThat(scratch.path("disk/work")).isDirectory();
  }

  @Test
  void anUpperThatCannotServeIsRefusedWithWhatItLacks() {
    Path ram = scratch.dir("ram");
    Scratch.run("mount", "-t", "ramfs", "none", ram.toString());
    UnionSpec spec =
        new UnionSpec(
            null,
            List.of(Folder.of(scratch.dir("a"))),
            Folder.of(ram.resolve("upper")),
            null,
            Folder.of(scratch.path("at")),
            UnionSpec.Via.KERNEL);
    refusedNaming(spec, ram.resolve("upper"), "trusted xattr");
  }

  @Test
  void aLowerThatCannotServeLeavesNothing() {
    UnionSpec spec =
        new UnionSpec(
            null,
            List.of(Folder.of("/proc")),
            Folder.of(scratch.path("upper")),
            null,
            Folder.of(scratch.path("at")),
            UnionSpec.Via.KERNEL);
    refusedNaming(spec, "/proc");
    assertThat(mica.unions().list()).isEmpty();
  }

  @Test
  void anEmptyUpperThatWasThereGetsItsMetadataBackOnFailure() throws IOException {
    Path upper = scratch.dir("upper");
    Files.setPosixFilePermissions(upper, PosixFilePermissions.fromString("rwx-w--wx"));
    UnionSpec spec =
        new UnionSpec(
            null,
            List.of(Folder.of("/proc")),
            Folder.of(upper),
            null,
            Folder.of(scratch.path("at")),
            UnionSpec.Via.KERNEL);
    refusedNaming(spec, "/proc");
  }

  @Test
  void nothingOfMicasOwnIsWrittenByAUnion() {
    Union first = union("first", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    Scratch.write(scratch.path("at/folder/file"), "text");
    Path layer = mica.commits().create(first, "c:1", "").layers().getFirst();
    first.remove();
    for (Path inside : List.of(layer, layer.resolve("folder"), scratch.path("home/new"))) {
      refusedNaming(plain(scratch.path("a"), inside, scratch.path("at")), inside, "home");
      refusedNaming(plain(scratch.path("a"), scratch.path("c"), inside), inside, "home");
    }
    Union over = union("over", layer.resolve("folder"), scratch.path("c"), scratch.path("at"));
    assertThatThrownBy(() -> mica.commits().get("c:1").remove())
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("the union over stands on it");
    over.remove();
    mica.commits().get("c:1").remove();
  }

  @Test
  void aLowerInAUnionThatChangesIsRefused() {
    Union first = union("first", scratch.dir("a/folder"), scratch.path("b"), scratch.path("at"));
    for (Path lower : List.of(scratch.path("at"), scratch.dir("at/in"))) {
      refusedAfterLock(plain(lower, scratch.path("c"), scratch.path("at2")), lower, "first");
    }
    first.remove();
  }

  /** What is mounted in another one goes before it, whatever they are called. */
  @Test
  void allAreRemovedThoughOneIsMountedInAnother() {
    union("outer", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    union("inner", scratch.dir("a"), scratch.path("c"), scratch.path("at/in"));
    union("amid", scratch.dir("a"), scratch.path("d"), scratch.path("at/in/in"));
    assertThat(mica.unions().removeAll()).containsExactly("amid", "inner", "outer");
    assertThat(scratch.mounts()).isEmpty();
  }

  @Test
  void anUpperThatSomebodyStillWritesIsNotMountedAgain() throws IOException {
    Union union = union("u", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    try (OutputStream held = Files.newOutputStream(scratch.path("at/file"))) {
      Scratch.run("umount", "-l", scratch.path("at").toString());
      assertThatThrownBy(union::remount)
          .isInstanceOf(MicaException.class)
          .hasMessageContaining(scratch.path("b").toString());
      held.write('x');
      assertThat(mica.commits().create(union, "c:1", "").method()).isEqualTo(Commit.Method.COPY);
    }
    union.remount();
    assertThat(Scratch.read(scratch.path("at/file"))).isEqualTo("x");
  }

  @Test
  void anotherProcessSeesTheUnionAndCanRemoveIt() {
    Union union = union("at", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    assertThat(union.name()).isEqualTo("at");
    Mica other = Mica.open(scratch.path("home"));
    Union same = other.unions().get("at");
    assertThat(same.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(same.lowers()).containsExactly(scratch.path("a"));
    assertThat(same.upper().orElseThrow().path()).isEqualTo(scratch.path("b"));
    assertThat(other.unions().list()).hasSize(1);
    same.remove();
    assertThat(mica.unions().find("at")).isEmpty();
    assertThatThrownBy(() -> mica.unions().get("att"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("att");
  }

  @Test
  void aLowerRemovedMeanwhileIsToldAndTheUnionCanStillGo() {
    Union union = union("u", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    Scratch.run("umount", scratch.path("at").toString());
    Scratch.run("rmdir", scratch.path("a").toString());
    assertThat(union.state()).isEqualTo(Union.State.BROKEN);
    assertThat(union.problem().orElseThrow()).contains(scratch.path("a").toString());
    assertThatThrownBy(union::remount)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(scratch.path("a").toString());
    union.remove();
    assertThat(mica.unions().list()).isEmpty();
  }

  @Test
  void somethingElseMountedThereIsToldAndLeftAlone() {
    Union union = union("u", scratch.dir("a"), scratch.path("b"), scratch.path("at"));
    Scratch.run("umount", scratch.path("at").toString());
    Scratch.run("mount", "-t", "tmpfs", "other", scratch.path("at").toString());
    assertThat(union.state()).isEqualTo(Union.State.BROKEN);
    assertThat(union.problem().orElseThrow()).contains("something else", "other");
    union.remove();
    assertThat(scratch.mounts()).containsExactly(scratch.path("at").toString());
  }

  @Test
  void readOnlyUnionsOfOneAndOfTwo() {
    Path a = scratch.file("a/file", "a").resolveSibling("");
    Path b = scratch.file("b/other", "b").resolveSibling("");
    Union one = mica.unions().create(spec("one", List.of(Folder.of(a)), null, scratch.path("at1")));
    Union two =
        mica.unions()
            .create(spec("two", List.of(Folder.of(a), Folder.of(b)), null, scratch.path("at2")));
    for (Union union : List.of(one, two)) {
      assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
      assertThat(union.upper()).isEmpty();
      Path file = union.at().path().resolve("file");
      assertThat(Scratch.read(file)).isEqualTo("a");
      assertThatThrownBy(() -> Files.writeString(file, "x")).isInstanceOf(IOException.class);
      assertThatThrownBy(union::diff).isInstanceOf(MicaException.class);
    }
    assertThat(Scratch.read(scratch.path("at2/other"))).isEqualTo("b");
    assertThat(mica.unions().removeAll()).containsExactlyInAnyOrder("one", "two");
    assertThat(scratch.mounts()).isEmpty();
  }

  @Test
  void aFreshUnionShowsNoDifferenceWhateverTheRootOfItsLower() throws IOException {
    Path a = scratch.dir("a");
    Files.setPosixFilePermissions(a, PosixFilePermissions.fromString("rwxr-x--x"));
    Scratch.run("chown", "12:34", a.toString());
    Scratch.run("setfattr", "-n", "user.colour", "-v", "blue", a.toString());
    Scratch.run("touch", "-d", "1999-01-01 00:00:00.123456789", a.toString());
    Union made = union("made", a, scratch.path("b"), scratch.path("at1"));
    Union taken = union("taken", a, scratch.dir("c"), scratch.path("at2"));
    assertThat(made.diff().toList()).isEmpty();
    assertThat(taken.diff().toList()).isEmpty();
  }
}
