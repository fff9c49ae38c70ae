package dev.mica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.container.VmShare;
import dev.mica.container.VmSpec;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Change;
import dev.mica.folder.Entry;
import dev.mica.folder.Folder;
import dev.mica.test.Exchanging;
import dev.mica.test.OpenFiles;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * An operator, or a container of theirs, exchanges a folder in their root for a symlink that leads
 * out of it, all the while that Mica uses paths through that folder: what lies outside is never
 * read and never changed.
 */
final class ReachRaceTest extends ScratchTest {
  private static final int ROUNDS = 150;

  private Path root = scratch.path("root");
  private Mica bounded = mica;

  /**
   * What is done with a path that leads through the folder; whether it was done with what lies
   * outside.
   */
  enum Use {
    DIFF {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        Folder there = test.bounded.folder("way/there");
        try (var changes = test.bounded.folder("empty").diff(there).stream()) {
          return changes.map(Change::path).anyMatch(name -> name.toString().equals("out"));
        }
      }
    },
    LIST {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        Folder there = test.bounded.folder("way/there");
        return test.hasOut(there.list()) || test.hasOut(there.find(_ -> true));
      }
    },
    DRAW {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        return test.bounded.folder("way").tree(3).contains(" out");
      }
    },
    READ {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        return test.bounded.folder("way/text").text().equals("out");
      }
    },
    LOAD_LAYOUT {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        return test.isOut(test.bounded.commits().load("way/layout").commits().getFirst());
      }
    },
    LOAD_ARCHIVE {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        return test.isOut(test.bounded.commits().load("way/archive").commits().getFirst());
      }
    },
    IMPORT_FOLDER {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        return test.isOut(
            test.bounded.commits().importFolder("way/there", "i:1").commits().getFirst());
      }
    },
    IMPORT_TAR {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        return test.isOut(
            test.bounded.commits().importFolder("way/tar", "i:1").commits().getFirst());
      }
    },
    SAVE_ARCHIVE {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        var _ = test.bounded.commits().get("in:1").save("way/new-" + round);
        return false;
      }
    },
    SAVE_LAYOUT {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        var _ = test.bounded.commits().get("in:1").save("way/l-" + round, "layout", "none");
        return false;
      }
    },
    WRITE {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        test.bounded.folder("way/new-" + round).write("in");
        test.bounded.folder("way/text").write("in");
        return false;
      }
    },
    CREATE {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        Folder _ = test.bounded.folder("way/new-" + round + "/deep").create();
        return false;
      }
    },
    DELETE {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        test.bounded.folder("way/precious").delete();
        return false;
      }
    },
    COPY {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        Folder there = test.bounded.folder("copy-" + round);
        Folder _ = test.bounded.folder("way/there").copyTo(there);
        return Files.exists(there.path().resolve("out"));
      }
    },
    VM {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        VmSpec from = VmSpec.of("v", test.bounded.folder("way/there"), List.of("true"));
        VmSpec with =
            VmSpec.of("w", test.bounded.folder("empty"), List.of("true"))
                .with(List.of(new VmShare(test.bounded.folder("way/there"), "/x", false)));
        for (VmSpec spec : List.of(from, with)) {
          test.bounded.vms().create(spec).remove();
        }
        return false;
      }
    },
    MOUNT {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        Union union = test.bounded.commits().get("in:1").mount("way/at");
        test.mica.unions().get(union.name()).remove();
        return false;
      }
    },
    UNION {
      @Override
      boolean isOutside(ReachRaceTest test, int round) {
        Union union =
            test.bounded
                .unions()
                .create(
                    new UnionSpec(
                        "u",
                        List.of(test.bounded.folder("way/there")),
                        test.bounded.folder("way/up"),
                        null,
                        test.bounded.folder("way/at"),
                        UnionSpec.Via.KERNEL));
        try {
          return Files.exists(union.at().path().resolve("out"))
              || scratchMounts(test).anyMatch(at -> at.contains("/outside"));
        } finally {
          test.mica.unions().get("u").remove();
        }
      }
    };

    abstract boolean isOutside(ReachRaceTest test, int round);
  }

  private static java.util.stream.Stream<String> scratchMounts(ReachRaceTest test) {
    return test.scratch.mounts().stream();
  }

  private boolean hasOut(List<Entry> entries) {
    return entries.stream().anyMatch(entry -> entry.path().toString().equals("out"));
  }

  private boolean isOut(Commit commit) {
    return Files.exists(commit.layer().resolve("out"));
  }

  @BeforeEach
  void make() {
    for (String side : List.of("in", "out")) {
      String folder = side.equals("in") ? "root/way/" : "outside/";
      scratch.file(folder + "there/" + side, side);
      scratch.file(folder + "text", side);
      Path tree = scratch.path(folder + "there");
      Scratch.run(
          "tar", "-C", tree.toString(), "-cf", scratch.path(folder + "tar").toString(), ".");
      var _ = mica.commits().importFolder(tree.toString(), side + ":1");
      var _ = mica.commits().get(side + ":1").save(scratch.path(folder + "archive").toString());
      var _ =
          mica.commits()
              .get(side + ":1")
              .save(scratch.path(folder + "layout").toString(), "layout", "none");
    }
    scratch.file("outside/precious/file", "out");
    scratch.dir("root/empty");
    Map<String, String> environment = Map.of("HOME", root.toString());
    bounded = mica.as(Caller.of("ann", Role.OPERATOR, root, environment, List.of(root)));
  }

  /** Without a race: a commit knows its folders by their paths. */
  @Test
  void whatACommitStandsOnIsNoSymlink() throws IOException {
    require(UnionSpec.Via.KERNEL);
    Path lower = scratch.dir("root/lower");
    Scratch.write(lower.resolve("in"), "in");
    Union union = union("u", lower, root.resolve("up"), root.resolve("at"));
    Scratch.write(root.resolve("at/new"), "new");
    Commit made = mica.commits().create(union, "c:1", "");
    union.remove();
    Commit commit = bounded.commits().get("c:1");
    assertThat(commit.diff().toList()).hasSize(1);
    Files.move(lower, root.resolve("moved"));
    Files.createSymbolicLink(lower, scratch.path("outside"));

    String why = "a symlink on the way to it leads elsewhere";
    assertThatThrownBy(() -> commit.diff().toList()).hasMessageContaining(why);
    assertThatThrownBy(() -> commit.diff(bounded.commits().get("in:1")).toList())
        .hasMessageContaining(why);
    assertThatThrownBy(() -> commit.save("saved")).hasMessageContaining(why);
    assertThatThrownBy(() -> commit.mount("at")).hasMessageContaining("ann may only use");
    assertThatThrownBy(() -> bounded.vms().create(VmSpec.of("v", commit, List.of("true"))))
        .hasMessageContaining("ann may only use");
    assertThat(root.resolve("saved")).doesNotExist();
    assertThat(made.diff().toList()).as("an admin's").hasSize(1);
  }

  /** Its documents say which files it has. */
  @Test
  void noFileOfALayoutLiesOutside() throws IOException {
    Path layout = scratch.dir("root/names");
    Path secret = scratch.file("outside/secret", "{}");
    for (String name : List.of(secret.toString(), "../../outside/secret", "link")) {
      Files.writeString(
          layout.resolve("manifest.json"),
          "[{\"Config\": \"" + name + "\", \"RepoTags\": [\"x:1\"], \"Layers\": []}]");
      Files.deleteIfExists(layout.resolve("link"));
      Files.createSymbolicLink(layout.resolve("link"), secret);
      assertThatThrownBy(() -> bounded.commits().load("names"))
          .hasMessageContaining("the configuration '" + name + "' is missing");
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingOutsideIsUsed(Use use) throws IOException {
    require(UnionSpec.Via.KERNEL);
    Path outside = scratch.path("outside");
    String before = Core.treeDigest(Tree.plain(outside)).digest();
    Path link = root.resolve("link");
    Files.createSymbolicLink(link, outside);
    int done = 0;
    int out = 0;
    try (Exchanging _ = new Exchanging(root.resolve("way"), link)) {
      for (int i = 0; i < ROUNDS; i++) {
        try {
          out += use.isOutside(this, i) ? 1 : 0;
          done++;
        } catch (MicaException refused) {
          assertThat(refused.kind()).isNotEqualTo(MicaException.Kind.USAGE);
        }
      }
    }
    assertThat(out).as("of %d rounds, of which %d were done", ROUNDS, done).isZero();
    assertThat(Core.treeDigest(Tree.plain(outside)).digest()).isEqualTo(before);
    assertThat(scratch.mounts()).noneMatch(at -> at.contains("/outside"));
    assertThat(stillOpen()).as("what was opened and not closed").isEmpty();
  }

  /** What of the folders here is open in this process. */
  private List<Path> stillOpen() {
    return OpenFiles.that(
        leads -> leads.startsWith(scratch.path("")) && !leads.startsWith(scratch.path("home")));
  }
}
