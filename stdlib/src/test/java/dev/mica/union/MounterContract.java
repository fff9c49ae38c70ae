package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.commit.Commit;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.MountFlag;
import dev.mica.core.Mounts;
import dev.mica.core.Tree;
import dev.mica.core.TreeDigest;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.test.Hammer;
import dev.mica.test.Lab;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every mounter must do; a subclass for each names it. */
abstract class MounterContract extends ScratchTest {
  abstract UnionSpec.Via via();

  /** How many random trees are tried where nobody says. */
  abstract int seeds();

  /** A directory name with what separates options, as far as the upper's path may have it. */
  String oddName() {
    return "a:b,c\\d e";
  }

  /** Random edits, all of them. */
  void edit(Lab lab, int seed, Path at) {
    lab.ask("edit", seed, at);
  }

  private Union create(String name, Path lower, Path upper, Path at) {
    return mica.unions()
        .create(
            new UnionSpec(
                name, List.of(Folder.of(lower)), Folder.of(upper), null, Folder.of(at), via()));
  }

  @Test
  void changesLandInTheUpperOnly() throws IOException {
    Path lower = scratch.file("lower/kept", "lower").resolveSibling("");
    scratch.file("lower/gone", "lower");
    Union union = create("u", lower, scratch.path("upper"), scratch.path("at"));

    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(union.via()).isEqualTo(via());
    assertThat(union.diff().toList()).isEmpty();

    Scratch.write(scratch.path("at/kept"), "changed");
    Scratch.write(scratch.path("at/new/file"), "new");
    Files.delete(scratch.path("at/gone"));

    assertThat(Scratch.read(scratch.path("lower/kept"))).isEqualTo("lower");
    assertThat(Scratch.read(scratch.path("upper/kept"))).isEqualTo("changed");
    assertThat(Lab.lines(union.diff()))
        .containsExactly(
            "deleted gone", "modified content,times kept", "added new", "added new/file");

    union.remove();
    assertThat(scratch.mounts()).isEmpty();
    assertThat(scratch.path("at")).doesNotExist();
    assertThat(scratch.path(".u.mica-work")).doesNotExist();
    assertThat(Scratch.read(scratch.path("upper/kept"))).isEqualTo("changed");
  }

  @Test
  void aPathMayHoldWhatSeparatesOptions() {
    Path lower = scratch.file("a:b,c\\d e/lower/file", "text").resolveSibling("");
    Path at = scratch.path("a:b,c\\d e/at");
    Path upper = scratch.dir(oddName()).resolve("upper");
    Union union = create("u", lower, upper, at);
    Scratch.write(at.resolve("file"), "changed");
    assertThat(Lab.lines(union.diff())).containsExactly("modified content,times file");
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    union.remove();
    assertThat(at).doesNotExist();
  }

  /** A set-uid file of a lower where those make nobody root makes nobody root in the union. */
  @Test
  void whatTheMountOfALayerForbidsTheUnionForbids() {
    for (String flag : List.of("nosuid", "nodev", "noexec")) {
      Path lower = scratch.dir("lower-" + flag);
      Scratch.run("mount", "-t", "tmpfs", "-o", flag, "mica-test", lower.toString());
      Path at = scratch.path("at-" + flag);
      Union union = create(flag, lower, scratch.path("upper-" + flag), at);
      requireFlag(flag, at);
      Scratch.run("umount", at.toString());
      union.remount();
      requireFlag(flag, at);
      union.remove();
    }
  }

  private static void requireFlag(String flag, Path at) {
    assertThat(Mounts.all())
        .filteredOn(mount -> mount.target().equals(at.toString()))
        .flatExtracting(Mount::flags)
        .contains(MountFlag.valueOf(flag.toUpperCase(java.util.Locale.ROOT)));
  }

  @Test
  void unmountedByHandItCanBeMountedAgain() {
    Path lower = scratch.dir("lower");
    Union union = create("u", lower, scratch.path("upper"), scratch.path("at"));
    Scratch.write(scratch.path("at/file"), "text");
    Scratch.run("umount", scratch.path("at").toString());
    assertThat(union.state()).isEqualTo(Union.State.UNMOUNTED);
    union.remount();
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(Scratch.read(scratch.path("at/file"))).isEqualTo("text");
    union.remove();
    assertThat(Scratch.read(scratch.path("upper/file"))).isEqualTo("text");
  }

  @Test
  void aHeldUnionStaysAndTellsWhoHoldsIt() throws IOException, InterruptedException {
    Union union = create("u", scratch.dir("lower"), scratch.path("upper"), scratch.path("at"));
    Process holder =
        new ProcessBuilder("sleep", "1000").directory(scratch.path("at").toFile()).start();
    try {
      org.assertj.core.api.Assertions.assertThatThrownBy(union::remove)
          .hasMessageContaining(scratch.path("at").toString())
          .hasMessageContaining("process " + holder.pid() + " (sleep)");
      assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    } finally {
      holder.destroy();
      holder.waitFor();
    }
    union.remove();
    assertThat(mica.unions().list()).isEmpty();
  }

  /**
   * tree(union) = tree(lowers + commit), and the diff is what an independent oracle finds; for
   * random trees and edits. {@code -Dmica.seed=N} runs one seed, {@code -Dmica.seeds=N} the first
   * N.
   */
  @Test
  void aCommitShowsTheTreeOfItsUnion() throws IOException {
    Integer only = Integer.getInteger("mica.seed");
    int count =
        Integer.getInteger("mica.seeds." + name(), Integer.getInteger("mica.seeds", seeds()));
    try (Lab lab = new Lab()) {
      for (int seed = only == null ? 1 : only; seed <= (only == null ? count : only); seed++) {
        try {
          oneSeed(lab, seed);
        } catch (AssertionError | RuntimeException | IOException failure) {
          throw new AssertionError(
              "seed "
                  + seed
                  + "; again: mvn -pl stdlib test -Dtest="
                  + getClass().getSimpleName()
                  + " -DargLine='--enable-native-access=ALL-UNNAMED -Dmica.seed="
                  + seed
                  + "'",
              failure);
        }
      }
    }
  }

  private String name() {
    return via().name().toLowerCase(java.util.Locale.ROOT);
  }

  private void oneSeed(Lab lab, int seed) throws IOException {
    Path lower = scratch.path("s/lower");
    Path upper = scratch.path("s/upper");
    Path at = scratch.path("s/at");
    scratch.dir("s");
    lab.ask("make", seed, lower);
    TreeDigest before = Core.treeDigest(Tree.plain(lower));
    Union union = create("s", lower, upper, at);
    edit(lab, seed, at);
    compareDiff(lab, lower, at, union);
    if (!union.diff().isEmpty()) {
      Commit commit = commit(union, seed);
      Union view = commit.mount(scratch.path("s/view").toString());
      assertThat(lab.ask("compare", at, view.at().path())).isEmpty();
      compareHoles(lab, union, commit, view);
      view.remove();
      List<Path> lowers = union.lowers();
      TreeDigest shown = Core.treeDigest(Tree.plain(at));
      union.remove();
      if (upperIsLayer()) {
        theHostsOwnOverlayShows(shown, lowers, upper);
      }
      commit.remove();
    } else {
      union.remove();
    }
    assertThat(Core.treeDigest(Tree.plain(lower))).as("the lower afterwards").isEqualTo(before);
    lab.ask("remove", scratch.path("s"));
    assertThat(mica.commits().gc()).isEmpty();
  }

  /**
   * Of what has changed: a file that was only copied up is no change, and overlayfs may have filled
   * a hole of it that the lower still has.
   */
  private void compareHoles(Lab lab, Union union, Commit commit, Union view) {
    List<String> lines = lab.ask("compare", union.at().path(), view.at().path(), "--holes");
    List<String> changed = commit.diff().stream().map(change -> Lab.path(change) + ": ").toList();
    assertThat(lines).noneMatch(line -> changed.stream().anyMatch(line::startsWith));
  }

  /** Whether every overlayfs makes of the upper what this mounter does. */
  boolean upperIsLayer() {
    return true;
  }

  private void theHostsOwnOverlayShows(TreeDigest shown, List<Path> lowers, Path upper) {
    Union again =
        mica.unions()
            .create(
                new UnionSpec(
                    "again",
                    lowers.stream().<LayerSource>map(Folder::of).toList(),
                    Folder.of(upper),
                    null,
                    Folder.of(scratch.path("s/again")),
                    UnionSpec.Via.KERNEL));
    assertThat(Core.treeDigest(Tree.plain(again.at().path()))).isEqualTo(shown);
    again.remove();
  }

  /**
   * By rotation where the mounter can, every other time by a copy, while something holds the union.
   */
  private Commit commit(Union union, int seed) throws IOException {
    if (seed % 2 == 0) {
      return mica.commits().create(union, "seed:s" + seed, "");
    }
    Path held = union.at().path().resolve("held by the test");
    Files.writeString(held, "held");
    try (InputStream hold = Files.newInputStream(held)) {
      Commit commit = mica.commits().create(union, "seed:s" + seed, "");
      assertThat(commit.method()).isNotEqualTo(Commit.Method.ROTATE);
      assertThat(hold.read()).isEqualTo('h');
      return commit;
    }
  }

  /** How often a union is committed while programs write to it. */
  abstract int commits();

  /**
   * Whatever a program was told is written is in the union, and its path leads to nothing else at
   * any instant: what a mount point hides would be missing at the end.
   */
  @Test
  void nothingThatWasAcknowledgedIsLostInACommit() throws IOException {
    Path lower = scratch.file("lower/kept", "kept").resolveSibling("");
    Union union = create("u", lower, scratch.path("upper"), scratch.path("at"));
    try (Hammer hammer = new Hammer(union.at().path(), 4)) {
      for (int i = 0; i < commits(); i++) {
        commitIfItCan(union, "c:v" + i);
      }
      for (Hammer.Done done : hammer.stop()) {
        assertThat(done.wrong()).isEmpty();
        done.files()
            .forEach((name, number) -> assertThat(scratch.path("at/" + name)).hasContent(number));
      }
    }
    union.remove();
    assertThat(scratch.path("at")).doesNotExist();
  }

  /** Not where nothing was written since the last one, or a file changed while it was copied. */
  private void commitIfItCan(Union union, String ref) {
    try {
      mica.commits().create(union, ref, "");
    } catch (MicaException cannot) {
      assertThat(cannot).hasMessageMatching(".*(nothing has changed|while it was copied).*");
    }
  }

  private void compareDiff(Lab lab, Path lower, Path at, Union union) throws IOException {
    List<String> lines = Lab.lines(union.diff());
    List<String> links = lines.stream().filter(l -> l.startsWith("modified link ")).toList();
    List<String> rest = lines.stream().filter(l -> !links.contains(l)).toList();
    assertThat(rest).isEqualTo(lab.ask("difforacle", lower, at, "--exact", "--overlay"));
    Path file = scratch.path("s/links");
    Files.write(file, links);
    assertThat(lab.ask("links", lower, at, file)).isEmpty();
    Files.delete(file);
  }
}
