package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.Lab;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The commit store, on real unions. */
final class CommitsTest extends ScratchTest {
  private Path at;
  private Union union;

  CommitsTest() {
    at = scratch.path("at");
    scratch.file("lower/kept", "lower");
    scratch.file("lower/gone", "lower");
    union = union("u", scratch.path("lower"), scratch.path("upper"), at);
  }

  @BeforeEach
  void change() throws IOException {
    Scratch.write(at.resolve("kept"), "one");
    Files.delete(at.resolve("gone"));
  }

  private Commit commit(String ref) {
    return mica.commits().create(union, ref, "message of " + ref);
  }

  private static String digest(Path tree) {
    return Core.treeDigest(Tree.plain(tree)).digest();
  }

  @Test
  void anIdleUnionIsRotated() {
    String tree = digest(at);
    Commit commit = commit("web:v1");
    assertThat(commit.method()).isEqualTo(Commit.Method.ROTATE);
    assertThat(digest(at)).isEqualTo(tree);
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(union.diff().toList()).isEmpty();
    assertThat(union.lowers()).containsExactly(commit.layer(), scratch.path("lower"));
    assertThat(Scratch.read(commit.layer().resolve("kept"))).isEqualTo("one");

    Scratch.write(at.resolve("kept"), "two");
    assertThat(Scratch.read(commit.layer().resolve("kept"))).isEqualTo("one");
    assertThat(Lab.lines(union.diff())).containsExactly("modified content,times kept");
  }

  private String flags(String name) {
    return Scratch.run("lsattr", "-d", at.resolve(name).toString())
        .split(" ", 2)[0]
        .replace("-", "");
  }

  private void makeProtected() throws IOException {
    Files.createDirectory(at.resolve("dir"));
    Scratch.run("chattr", "+i", at.resolve("kept").toString(), at.resolve("dir").toString());
    Scratch.write(at.resolve("log"), "line");
    Scratch.run("chattr", "+a", at.resolve("log").toString());
  }

  private void assertProtected() {
    assertThat(flags("kept")).contains("i");
    assertThat(flags("dir")).contains("i");
    assertThat(flags("log")).contains("a");
    assertThatThrownBy(() -> Files.writeString(at.resolve("kept"), "other"))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> Files.createFile(at.resolve("dir/new")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void whatIsImmutableIsSoInTheCommit() throws IOException {
    makeProtected();
    assertThat(Lab.lines(union.diff()))
        .containsExactly(
            "added dir", "deleted gone", "modified content,times,flags kept", "added log");
    Commit rotated = commit("web:v1");
    assertThat(rotated.method()).isEqualTo(Commit.Method.ROTATE);
    assertProtected();
    assertThat(union.diff().toList()).isEmpty();

    Scratch.run("chattr", "-i", at.resolve("kept").toString());
    assertThat(Lab.lines(union.diff())).containsExactly("modified flags kept");
    Scratch.write(at.resolve("kept"), "free");
    assertThat(Scratch.read(rotated.layer().resolve("kept"))).isEqualTo("one");
  }

  @Test
  void whatIsImmutableIsSoInACopiedCommitAndGoesWithIt() throws IOException {
    makeProtected();
    try (InputStream open = Files.newInputStream(at.resolve("log"))) {
      assertThat(commit("web:v1").method()).isEqualTo(Commit.Method.COPY);
      assertThat(open.read()).isEqualTo('l');
    }
    union.remove();
    Union shown = mica.commits().get("web:v1").mount(at.toString());
    assertProtected();
    shown.remove();
    mica.commits().removeAll();
    assertThat(scratch.path("home/layers")).isEmptyDirectory();
    assertThat(scratch.path("home/trash")).isEmptyDirectory();
    Core.discard(scratch.path("upper"));
  }

  /** A rotation moves the files themselves, with all flags. */
  @Test
  void aCopySaysWhichFlagsItHasNot() throws IOException {
    Scratch.write(at.resolve("apart"), "text");
    Files.createDirectory(at.resolve("dir"));
    Scratch.run("chattr", "+dA", scratch.path("upper/apart").toString());
    Scratch.run("chattr", "+A", scratch.path("upper/dir").toString());
    Scratch.run("chattr", "+i", at.resolve("kept").toString());
    try (OutputStream open = Files.newOutputStream(at.resolve("open"))) {
      Commit copied = commit("web:v1");
      assertThat(copied.method()).isEqualTo(Commit.Method.COPY);
      assertThat(copied.unkeptFlags()).contains("dA of 2 entries");
      assertThat(mica.commits().get("web:v1").unkeptFlags()).contains("dA of 2 entries");
      open.write('a');
    }
    Commit rotated = commit("web:v2");
    assertThat(rotated.method()).isEqualTo(Commit.Method.ROTATE);
    assertThat(rotated.unkeptFlags()).isEmpty();
    assertThat(Scratch.run("lsattr", rotated.layer().resolve("apart").toString())).contains("dA");
  }

  @Test
  void aBusyUnionIsCopiedAndGoesOn() throws IOException {
    try (OutputStream open = Files.newOutputStream(at.resolve("open"))) {
      open.write('a');
      Commit commit = commit("web:v1");
      assertThat(commit.method()).isEqualTo(Commit.Method.COPY);
      assertThat(Scratch.read(commit.layer().resolve("open"))).isEqualTo("a");
      open.write('b');
      assertThat(Scratch.read(commit.layer().resolve("open"))).isEqualTo("a");
    }
    assertThat(Scratch.read(at.resolve("open"))).isEqualTo("ab");
    assertThat(union.lowers()).containsExactly(scratch.path("lower"));
  }

  @Test
  void onAFileSystemThatCanABusyUnionIsCloned() throws IOException {
    Path disk = scratch.fileSystem("disk", "xfs", 320);
    Mica onDisk = Mica.open(disk.resolve("home"));
    Path there = scratch.path("there");
    Union busy =
        onDisk
            .unions()
            .create(
                spec("busy", List.of(Folder.of(scratch.path("lower"))), disk.resolve("up"), there));
    Files.write(there.resolve("big"), new byte[1 << 20]);
    try (OutputStream open = Files.newOutputStream(there.resolve("open"))) {
      open.write('a');
      Commit commit = onDisk.commits().create(busy, "web", "");
      assertThat(commit.method()).isEqualTo(Commit.Method.REFLINK);
      assertThat(commit.refs()).containsExactly("web:latest");
      assertThat(Scratch.read(commit.layer().resolve("open"))).isEqualTo("a");
    }
    busy.remove();
    onDisk.commits().removeAll();
  }

  @Test
  void anUpperOnAnotherFileSystemIsCopied() {
    Path disk = scratch.fileSystem("disk", "ext4", 32);
    Path there = scratch.path("there");
    Union far =
        mica.unions()
            .create(
                spec("far", List.of(Folder.of(scratch.path("lower"))), disk.resolve("up"), there));
    Scratch.write(there.resolve("file"), "text");
    Commit commit = mica.commits().create(far, "far:v1", "");
    assertThat(commit.method()).isEqualTo(Commit.Method.COPY);
    assertThat(Scratch.read(commit.layer().resolve("file"))).isEqualTo("text");
    assertThat(far.state()).isEqualTo(Union.State.MOUNTED);
  }

  @Test
  void aUnionThatAnotherNamespaceSeesIsNotRotated() throws Exception {
    Process other =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                "echo ready; exec sleep 1000")
            .start();
    try (var said = other.inputReader()) {
      assertThat(said.readLine()).isEqualTo("ready");
      assertThat(commit("web:v1").method()).isEqualTo(Commit.Method.COPY);
    } finally {
      other.destroy();
      other.waitFor();
    }
    assertThat(commit("web:v2").method()).isEqualTo(Commit.Method.ROTATE);
  }

  @Test
  void withoutAChangeThereIsNothingToCommit() {
    commit("web:v1");
    assertThatThrownBy(() -> commit("web:v2"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("nothing has changed")
        .hasMessageContaining("web:v2");
    assertThat(mica.commits().list()).hasSize(1);
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
  }

  @Test
  void badNamesAreRefused() {
    for (String ref :
        List.of(
            "",
            "Web",
            "web:",
            ":v1",
            "web:a b",
            "we b",
            "/web",
            "web//a",
            "a:b:c",
            "web:" + "t".repeat(129),
            "-web",
            "web\n")) {
      assertThatThrownBy(() -> commit(ref))
          .isInstanceOfSatisfying(
              MicaException.class,
              failure -> assertThat(failure.kind()).isEqualTo(MicaException.Kind.USAGE));
    }
    assertThat(mica.commits().list()).isEmpty();
    assertThat(commit("team/web-1.x:V_1").refs()).containsExactly("team/web-1.x:V_1");
  }

  @Test
  void aCommitIsFoundByItsNamesAndIds() {
    Commit one = commit("web");
    assertThat(one.refs()).containsExactly("web:latest");
    assertThat(mica.commits().get("web").id()).isEqualTo(one.id());
    assertThat(mica.commits().get("web:latest").id()).isEqualTo(one.id());
    assertThat(mica.commits().get(one.id()).id()).isEqualTo(one.id());
    assertThat(mica.commits().get(one.id().substring(0, 6)).id()).isEqualTo(one.id());
    assertThat(mica.commits().find(one.id().substring(0, 3))).isEmpty();
    assertThatThrownBy(() -> mica.commits().get("wen:latest"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("did you mean web:latest?");

    Scratch.write(at.resolve("kept"), "two");
    Commit two = commit("web");
    assertThat(one.refs()).isEmpty();
    assertThat(mica.commits().get("web").id()).isEqualTo(two.id());
    assertThat(two.parent().orElseThrow().id()).isEqualTo(one.id());
    assertThat(mica.commits().log("web"))
        .extracting(Commit::id)
        .containsExactly(two.id(), one.id());
    assertThat(two.layers()).containsExactly(two.layer(), one.layer(), scratch.path("lower"));
    assertThat(two.base()).containsExactly(scratch.path("lower"));
    assertThat(mica.commits().list()).extracting(Commit::id).containsExactly(two.id(), one.id());
  }

  @Test
  void aNameIsGivenToOneAndTakenFromAnother() {
    Commit one = commit("web:v1");
    Scratch.write(at.resolve("kept"), "two");
    Commit two = commit("web:v2");
    assertThat(one.tag("stable").refs()).containsExactly("stable:latest", "web:v1");
    assertThat(two.tag("stable").refs()).containsExactly("stable:latest", "web:v2");
    assertThat(one.refs()).containsExactly("web:v1");
    assertThat(one.tag("web:v1").refs()).as("which it has").containsExactly("web:v1");
    assertThatThrownBy(() -> one.tag("Web"))
        .isInstanceOfSatisfying(
            MicaException.class,
            failure -> assertThat(failure.kind()).isEqualTo(MicaException.Kind.USAGE));
    union.remove();
    two.remove();
    assertThat(mica.commits().find("stable")).isEmpty();
    assertThatThrownBy(() -> two.tag("web:v3"))
        .hasMessageContaining("cannot find the commit " + two.id());
    assertThat(mica.commits().list()).extracting(Commit::id).containsExactly(one.id());
  }

  @Test
  void theOlderAndTheNewerAreMountedSideBySide() {
    Commit one = commit("web:v1");
    String treeOne = digest(at);
    Scratch.write(at.resolve("more"), "two");
    Commit two = commit("web:v2");
    String treeTwo = digest(at);
    Union viewOne = one.mount(scratch.path("v1").toString());
    Union viewTwo = two.mount(scratch.path("v2").toString());
    assertThat(digest(viewOne.at().path())).isEqualTo(treeOne);
    assertThat(digest(viewTwo.at().path())).isEqualTo(treeTwo);
    assertThat(Lab.lines(one.diff(two))).containsExactly("added more");
    assertThat(Lab.lines(two.diff())).containsExactly("added more");
    assertThat(Lab.lines(two.diff(one))).containsExactly("deleted more");
    assertThat(one.digest())
        .startsWith("sha256:")
        .isEqualTo(one.digest())
        .isNotEqualTo(two.digest());

    assertThatThrownBy(two::remove)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("the union");
    assertThatThrownBy(one::remove)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("web:v2");
    assertThat(mica.unions().removeAll()).containsExactlyInAnyOrder("u", "v1", "v2");
    mica.commits().removeAll();
    assertThat(mica.commits().list()).isEmpty();
    assertThat(scratch.path("home/layers")).isEmptyDirectory();
    assertThat(scratch.path("home/trash")).isEmptyDirectory();
  }

  @Test
  void aUnionOverACommitStandsOnAllItsLayers() {
    Commit one = commit("web:v1");
    Union over =
        mica.unions().create(spec("over", List.of(one), scratch.path("up2"), scratch.path("at2")));
    assertThat(over.lowers()).isEqualTo(one.layers());
    Scratch.write(scratch.path("at2/child"), "child");
    Commit child = mica.commits().create(over, "web:child", "");
    assertThat(child.parent().orElseThrow().id()).isEqualTo(one.id());
  }

  @Test
  void garbageIsCollectedAndCommitsStay() {
    Commit one = commit("web:v1");
    scratch.file("home/layers/0123456789ab/file", "left");
    scratch.file("home/trash/ba9876543210/file", "left");
    assertThat(mica.commits().gc())
        .containsExactlyInAnyOrder(
            "layer 0123456789ab", "trash ba9876543210", "trash 0123456789ab");
    assertThat(one.layer()).isDirectory();
    assertThat(mica.commits().gc()).isEmpty();
  }

  @Test
  void theGraphDrawsWhoStandsOnWhom() {
    Commit base = commit("web:base");
    Scratch.write(at.resolve("a"), "aaaa");
    Commit left = commit("web:left");
    Union over =
        mica.unions().create(spec("over", List.of(base), scratch.path("up2"), scratch.path("at2")));
    Scratch.write(scratch.path("at2/b"), "b");
    Commit right = mica.commits().create(over, "web:right", "");
    assertThat(mica.commits().graph())
        .isEqualTo(
            """
            * %s (web:right)  +1 ~0 -0, 1 B
            | * %s (web:left) message of web:left  +1 ~0 -0, 4 B
            |/
            * %s (web:base) message of web:base  +0 ~1 -1, 3 B
            """
                .formatted(right.id(), left.id(), base.id()));
  }

  @Test
  void aCommitOver128LayersMountsAndComesBackWhole() {
    List<Folder> lowers = new ArrayList<>();
    for (int i = 0; i < 128; i++) {
      lowers.add(Folder.of(scratch.file("l" + i + "/file" + i, "text" + i).resolveSibling("")));
      scratch.file("l" + i + "/top", "layer " + i);
    }
    Path deep = scratch.path("deep");
    Union tall = mica.unions().create(spec("deep", lowers, scratch.path("up2"), deep));
    Scratch.write(deep.resolve("file77"), "changed");
    Commit commit = mica.commits().create(tall, "deep:v1", "");
    assertThat(commit.layers()).hasSize(129);
    Path view = commit.mount(scratch.path("view").toString()).at().path();
    assertThat(digest(view)).isEqualTo(digest(deep));
    assertThat(Scratch.read(view.resolve("file127"))).isEqualTo("text127");
    assertThat(Scratch.read(view.resolve("file77"))).isEqualTo("changed");
    assertThat(Scratch.read(view.resolve("top"))).isEqualTo("layer 0");
  }
}
