package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.core.Tree;
import dev.mica.folder.Diff;
import dev.mica.test.Lab;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.TestAbortedException;

/**
 * Whole images between Mica and the programs that others handle them with: what we save they unpack
 * to the same tree, and what they make we load as the same tree, with all attributes that they
 * keep.
 */
final class WholeImagesTest extends ScratchTest {
  private static final String BASE =
      """
      set -e
      long=$(printf 'n%.0s' $(seq 120))
      mkdir -p etc usr/bin old/deep emptied many shared "$long/$long"
      echo root >etc/passwd
      echo program >usr/bin/program
      chmod 6755 usr/bin/program
      ln usr/bin/program usr/bin/again
      ln usr/bin/program shared/third
      setcap cap_net_raw+ep usr/bin/program
      ln -s ../usr/bin/program etc/link
      ln -s "$long$long" etc/long-link
      echo deep >"$long/$long/file"
      echo gone >old/deep/file
      echo gone >emptied/file
      mkfifo fifo
      mknod device c 5 1
      mknod block b 7 99
      chown 1234:5678 old
      chown 4000000:3000000 etc/passwd
      printf name >"$(printf 'utf8-\\303\\244')"
      head -c 300000 /dev/urandom >random
      for i in $(seq 200); do echo $i >many/f$i; done
      chmod 1777 shared
      setfattr -n user.note -v 'of a user' etc/passwd
      setfattr -n user.dir -v 0x00ff0a many
      touch -d '2001-02-03 04:05:06.123456789' random etc many
      touch -d '1969-12-31 23:59:58' old
      touch -h -d '2002-02-03 04:05:06.987654321' etc/link
      touch -d '2003-02-03 04:05:06.5' .
      """;

  /** Over that: what comes to whiteouts, an opaque directory, and names of one file. */
  private static final String CHANGE =
      """
      set -e
      echo changed >etc/passwd
      rm -r old usr/bin/again
      rm -r emptied
      mkdir emptied
      echo other >emptied/other
      rm many/f1*
      mv many/f2 many/moved
      chmod 0711 etc
      chown 77 random
      rm fifo
      mkdir fifo
      echo in >fifo/in
      mkdir -p new/below
      ln random new/random-too
      setfattr -n user.note -v again etc/passwd
      mkdir acl
      setfacl -m u:1000:rwx,d:u:1001:rx acl
      touch -d '2010-02-03 04:05:06.5' acl new etc usr/bin emptied many .
      """;

  private static void run(Path folder, String script) {
    Scratch.run("bash", "-c", "cd \"$0\" && " + script, folder.toString());
  }

  /** Skips the test where one of them is not installed; fails it where all must work. */
  private static void needs(String... programs) {
    for (String program : programs) {
      boolean there =
          Arrays.stream(System.getenv("PATH").split(":"))
              .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
      if (!there && "1".equals(System.getenv("MICA_MUST_WORK"))) {
        throw new AssertionError(program + " is not installed, and MICA_MUST_WORK=1 needs it");
      }
      if (!there) {
        throw new TestAbortedException(program + " is not installed");
      }
    }
  }

  /** An image of two layers, made by us. */
  private Commit ours() {
    Path base = scratch.dir("base");
    run(base, BASE);
    Commit below = mica.commits().importFolder(base.toString(), "whole:v1").commits().getFirst();
    Union union =
        mica.unions().create(spec("w", List.of(below), scratch.path("upper"), scratch.path("at")));
    run(scratch.path("at"), CHANGE);
    return mica.commits().create(union, "whole:v2", "");
  }

  private Path save(Commit commit, String format, String compression) {
    Path to = scratch.path("saved-" + format + "-" + compression);
    assertThat(commit.save(to.toString(), format, compression).remarks()).isEmpty();
    return to;
  }

  private static Tree treeOf(Commit commit) {
    return Tree.layers(commit.layers());
  }

  /** All lines of their diff match, and there is something in them. */
  private static void assertSame(Tree ours, Path theirs, String but) {
    assertThat(theirs.resolve("many/moved")).exists();
    assertThat(theirs.resolve("etc/passwd")).hasContent("changed");
    assertThat(Lab.lines(Diff.of("ours", ours, "theirs", Tree.plain(theirs), true)))
        .filteredOn(line -> !Pattern.matches(but, line))
        .isEmpty();
  }

  /** A program of containers/storage, with a store in the scratch. */
  private String store(String program, String... words) {
    String[] first = {
      program,
      "--root=" + scratch.path("store-" + program),
      "--runroot=" + scratch.path("run-" + program),
      "--storage-driver=vfs"
    };
    String said =
        Scratch.run(
            Stream.concat(Arrays.stream(first), Arrays.stream(words)).toArray(String[]::new));
    return said.strip().lines().reduce("", (before, line) -> line);
  }

  private static void skopeo(String from, String to) {
    Scratch.run("skopeo", "--insecure-policy", "copy", "--quiet", from, to);
  }

  /** Whatever the form, what skopeo hands on umoci unpacks to the same tree, to the nanosecond. */
  @Test
  void skopeoAndUmociUnpackWhatWeSave() {
    needs("skopeo", "umoci");
    Commit commit = ours();
    skopeo("oci-archive:" + save(commit, "oci", "gzip"), "oci:" + scratch.path("from-oci") + ":v");
    skopeo(
        "docker-archive:" + save(commit, "docker", "gzip"),
        "oci:" + scratch.path("from-docker") + ":v");
    skopeo("oci-archive:" + save(commit, "oci", "none"), "oci:" + scratch.path("from-none") + ":v");
    List<String> images =
        List.of(
            scratch.path("from-oci") + ":v",
            scratch.path("from-docker") + ":v",
            scratch.path("from-none") + ":v",
            save(commit, "layout", "gzip") + ":whole:v2");
    for (String image : images) {
      Path bundle = scratch.path("bundle-" + images.indexOf(image));
      Scratch.run("umoci", "unpack", "--image", image, bundle.toString());
      assertSame(treeOf(commit), bundle.resolve("rootfs"), "");
    }
  }

  /** Their stores make the root anew: its time is that of then. */
  private static final String ROOT = "modified times [.]";

  /** Its container is a copy of the image, which it makes without ACLs. */
  @Test
  void buildahUnpacksWhatWeSave() {
    needs("buildah");
    Commit commit = ours();
    List<String> images =
        List.of(
            "oci-archive:" + save(commit, "oci", "zstd"),
            "oci-archive:" + save(commit, "oci", "gzip"),
            "docker-archive:" + save(commit, "docker", "gzip"),
            "oci:" + save(commit, "layout", "gzip") + ":whole:v2");
    for (String image : images) {
      String container = store("buildah", "from", "--quiet", image);
      assertSame(
          treeOf(commit),
          Path.of(store("buildah", "mount", container)),
          ROOT + "|modified xattr acl");
      store("buildah", "umount", container);
    }
  }

  @ParameterizedTest
  @CsvSource({"oci,zstd", "oci,gzip", "docker,gzip"})
  void podmanLoadsWhatWeSaveAndGivesItBack(String format, String compression) {
    needs("podman");
    Commit commit = ours();
    store("podman", "load", "--quiet", "--input=" + save(commit, format, compression));
    assertSame(treeOf(commit), Path.of(store("podman", "image", "mount", "whole:v2")), ROOT);
    store("podman", "image", "umount", "whole:v2");
    Path again = scratch.path("again.tar");
    store("podman", "save", "--quiet", "--format=oci-archive", "--output=" + again, "whole:v2");
    Commit back = load(again, "back:v2");
    assertThat(Lab.lines(Diff.of("ours", treeOf(commit), "theirs", treeOf(back), true))).isEmpty();
    assertThat(back.layers()).hasSize(2);
  }

  /** What is loaded; the directories that are told to have no entry are {@code without}. */
  private Commit load(Path file, String as, String... without) {
    Commits.Loaded loaded = mica.commits().load(file.toString(), Optional.of(as), Optional.empty());
    assertThat(loaded.remarks())
        .containsExactlyInAnyOrder(
            Arrays.stream(without)
                .map(path -> path + ": a directory without an entry: made as root's, 0755")
                .toArray(String[]::new));
    return loaded.commits().getFirst();
  }

  /** It writes whole seconds, no ACLs, and nothing of the root. */
  @ParameterizedTest
  @CsvSource({"oci-archive,oci", "docker-archive,docker", "oci,oci"})
  void weLoadWhatBuildahCommits(String kind, String format) {
    needs("buildah");
    String container = store("buildah", "from", "--quiet", "scratch");
    run(Path.of(store("buildah", "mount", container)), BASE);
    store("buildah", "commit", "--quiet", "--format=" + format, container, "made:v1");
    container = store("buildah", "from", "--quiet", "--pull-never", "localhost/made:v1");
    Path tree = Path.of(store("buildah", "mount", container));
    run(tree, CHANGE);
    Path to = scratch.path("made");
    store("buildah", "commit", "--quiet", "--format=" + format, container, kind + ":" + to + ":v2");
    Commit commit = load(to, "made:v2", ".", ".");
    assertThat(commit.layers()).hasSize(2);
    assertSame(treeOf(commit), tree, "modified (times .*|mode,times [.]|times,xattr acl)");
    store("buildah", "umount", container);
  }

  /**
   * It writes whole seconds, and no entry of a directory in which only the names of a file have
   * become fewer: that is told.
   */
  @Test
  void weLoadWhatUmociRepacks() {
    needs("umoci");
    String image = scratch.path("made") + ":v2";
    Scratch.run("umoci", "init", "--layout", scratch.path("made").toString());
    Scratch.run("umoci", "new", "--image", image);
    Path tree = scratch.path("none");
    for (String script : List.of(BASE, CHANGE)) {
      Path bundle = scratch.path("bundle" + script.length());
      Scratch.run("umoci", "unpack", "--image", image, bundle.toString());
      tree = bundle.resolve("rootfs");
      run(tree, script);
      Scratch.run("umoci", "repack", "--image", image, bundle.toString());
    }
    Commit commit = load(scratch.path("made"), "made:v2", "usr", "shared");
    assertThat(commit.layers()).hasSize(2);
    assertSame(treeOf(commit), tree, "modified (times .*|mode,times shared)");
  }
}
