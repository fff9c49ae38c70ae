package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.core.Core;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An upper is at its path at every instant, and comes back from wherever it was left. */
@SuppressWarnings("NullAway.Init") // JUnit calls make
final class GuestUpperTest {
  private Scratch scratch;
  private Path upper;
  private Path folder;
  private GuestUpper shared;

  @BeforeEach
  void make() {
    scratch = new Scratch();
    scratch.file("upper/file", "text");
    upper = scratch.path("upper");
    folder = scratch.path(".u.mica-guest");
    shared = new GuestUpper(upper, GuestUpper.folderFor(upper, "u"));
  }

  @AfterEach
  void clean() {
    if (Files.isDirectory(folder)) {
      Core.unfreeze(folder);
    }
    scratch.close();
  }

  @Test
  void itsPathLeadsToItWhileItIsAside() throws IOException {
    Object inode = Files.getAttribute(upper, "unix:ino");
    shared.moveIn();
    shared.moveIn();
    assertThat(shared.isIn()).isTrue();
    assertThat(shared.folder()).isEqualTo(folder);
    assertThat(shared.real()).isEqualTo(folder.resolve("upper"));
    assertThat(Files.getAttribute(upper, "unix:ino")).isEqualTo(inode);
    assertThat(Scratch.read(upper.resolve("file"))).isEqualTo("text");
    assertThat(names(folder)).containsExactly("upper", "work");
    shared.moveBack();
    isBack();
  }

  private void isBack() throws IOException {
    assertThat(shared.isIn()).isFalse();
    assertThat(shared.real()).isEqualTo(upper);
    assertThat(upper).isDirectory();
    assertThat(Files.isSymbolicLink(upper)).isFalse();
    assertThat(names(upper)).containsExactly("file");
    assertThat(folder).doesNotExist();
  }

  /** What the guest's file server may do is less than root may, and this is less still. */
  @Test
  @NeedsRoot
  void whoWritesInTheFolderCannotLeadThePathElsewhere() throws IOException {
    shared.moveIn();
    Path inside = folder.resolve("upper");
    for (String attempt :
        List.of("mv $1 $1.away", "ln -sfT /etc $1", "rm -rf $2/work", "mkdir $2/other")) {
      String[] command = {
        "setpriv",
        "--bounding-set",
        "-linux_immutable",
        "--inh-caps",
        "-linux_immutable",
        "--",
        "sh",
        "-c",
        "! " + attempt,
        "sh",
        inside.toString(),
        folder.toString()
      };
      Scratch.run(command);
    }
    assertThat(names(folder)).containsExactly("upper", "work");
    assertThat(Files.isSymbolicLink(inside)).isFalse();
    scratch.file("upper/new", "by whoever serves it");
    scratch.file(".u.mica-guest/work/work/rest", "of a mount");
    shared.moveBack();
    assertThat(Scratch.read(upper.resolve("new"))).isEqualTo("by whoever serves it");
    assertThat(folder).doesNotExist();
  }

  /** After each of the steps of entering, and each of those of leaving. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void cutShortItIsTakenBackOrDone(int steps) throws IOException {
    leaveAfter(steps);
    assertThat(Scratch.read(upper.resolve("file"))).isEqualTo("text");
    shared.moveBack();
    isBack();
    leaveAfter(steps);
    shared.moveIn();
    assertThat(shared.isIn()).isTrue();
    shared.moveBack();
    shared.moveBack();
    isBack();
  }

  private void leaveAfter(int steps) throws IOException {
    if (steps > 0) {
      scratch.dir(".u.mica-guest");
    }
    if (steps > 1) {
      scratch.file(".u.mica-guest/work/work/rest", "of a mount");
    }
    if (steps > 2) {
      Files.createSymbolicLink(folder.resolve("upper"), Path.of(".u.mica-guest/upper"));
    }
    if (steps > 3) {
      Core.exchange(upper, folder.resolve("upper"));
    }
    if (steps > 4) {
      boolean _ = Core.freeze(folder);
    }
  }

  @Test
  void anUpperIsNotRemovedWhenSomethingElseTookItsPlace() throws IOException {
    shared.moveIn();
    Files.delete(upper);
    scratch.file("upper/other", "other");
    assertThatThrownBy(shared::moveBack)
        .hasMessageContaining(upper.toString())
        .hasMessageContaining(folder.resolve("upper").toString());
    assertThat(Scratch.read(folder.resolve("upper/file"))).isEqualTo("text");
    assertThat(Scratch.read(upper.resolve("other"))).isEqualTo("other");
  }

  @Test
  @NeedsRoot
  void aMountPointStaysWhereItIs() throws IOException {
    Scratch.run("mount", "--bind", upper.toString(), upper.toString());
    assertThatThrownBy(shared::moveIn).hasMessageContaining("one of the two is a mount point");
    shared.moveBack();
    isBack();
  }

  private static List<String> names(Path directory) throws IOException {
    try (var list = Files.list(directory)) {
      return list.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
