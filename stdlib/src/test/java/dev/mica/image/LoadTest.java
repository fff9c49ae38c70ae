package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.commit.Commit;
import dev.mica.commit.Exchange;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.test.Scratch;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images in files, written and read by others: skopeo, umoci, tar. */
final class LoadTest extends LoadTestBase {
  private static String digestOf(String image) {
    return Scratch.run("skopeo", "--insecure-policy", "inspect", "--format={{.Digest}}", image)
        .strip();
  }

  @Test
  void aLayoutBecomesACommitWithItsConfiguration() {
    Commit commit = load(layout);
    assertThat(commit.refs()).containsExactly("two:v1");
    assertThat(commit.manifest()).hasValue(digestOf("oci:" + layout + ":v1"));
    assertThat(commit.layers()).hasSize(2);
    assertThat(commit.parent()).isEmpty();
    assertThat(commit.config().orElseThrow().env()).contains("LANG=C");
    assertThat(commit.config().orElseThrow().cmd()).containsExactly("sh");
    assertThat(commit.config().orElseThrow().labels()).containsEntry("maker", "test");
    Scratch.run("umoci", "unpack", "--image", layout + ":v1", scratch.path("bundle").toString());
    assertThat(
            Diff.of(
                    "umoci's",
                    Tree.plain(scratch.path("bundle/rootfs")),
                    "ours",
                    Tree.layers(commit.layers()),
                    true)
                .toList())
        .isEmpty();
    assertThat(commit.diff().summary().added()).isPositive();
    assertThat(commit.verify()).hasSize(2).noneMatch(Commit.Verified::isBad);
  }

  @ParameterizedTest
  @ValueSource(strings = {"oci-archive", "docker-archive"})
  void anArchiveOfSkopeosIsTakenAndGivenBackAsItWas(String kind) {
    Path archive = scratch.path("given.tar");
    skopeo("oci:" + layout + ":v1", kind + ":" + archive + ":web:v7");
    Commit commit = load(archive);
    assertThat(commit.refs()).containsExactly("web:v7");
    Path saved = scratch.path("saved.tar");
    Exchange.Saved what =
        commit.save(saved.toString(), kind.equals("oci-archive") ? "oci" : "docker", "gzip");
    assertThat(what.remarks()).isEmpty();
    assertThat(digestOf(kind + ":" + saved)).isEqualTo(digestOf(kind + ":" + archive));
    assertThat(what.manifest()).isEqualTo(commit.manifest().orElseThrow());
  }

  @Test
  void anArchiveByGzipIsUncompressedFirst() {
    Path archive = scratch.path("given.tar");
    skopeo("oci:" + layout + ":v1", "docker-archive:" + archive + ":web:v7");
    Scratch.run("gzip", archive.toString());
    assertThat(load(scratch.path("given.tar.gz")).refs()).containsExactly("web:v7");
    assertThat(count("blobs/parts")).isZero();
  }

  @Test
  void layersAreThereOnceHoweverManyImagesHaveThem() {
    Commit first = load(layout);
    Path more = scratch.path("more");
    skopeo("oci:" + layout + ":v1", "oci:" + more + ":v2");
    Scratch.run("umoci", "config", "--image", more + ":v2", "--config.user", "1000");
    Commit second = load(more);
    assertThat(second.id()).isNotEqualTo(first.id());
    assertThat(second.layers()).isEqualTo(first.layers());
    assertThat(count("layers")).isEqualTo(2);
    first.remove();
    assertThat(count("layers")).isEqualTo(2);
    assertThat(second.verify()).noneMatch(Commit.Verified::isBad);
    mica.commits().gc();
    Path saved = scratch.path("again.tar");
    assertThat(second.save(saved.toString()).manifest()).isEqualTo(second.manifest().orElseThrow());
    second.remove();
    assertNothing();
    assertThat(count("blobs/sha256")).isZero();
  }

  @Test
  void theSameImageAgainIsTheSameCommit() {
    Commit first = load(layout);
    Commit again =
        mica.commits()
            .load(layout.toString(), Optional.of("other:v9"), Optional.empty())
            .commits()
            .getFirst();
    assertThat(again.id()).isEqualTo(first.id());
    assertThat(again.refs()).containsExactly("other:v9", "two:v1");
  }

  /** As with other container programs: the image stays as long as somebody has a name for it. */
  @Test
  void oneOfSeveralNamesIsRemovedAlone() {
    Commit commit = load(layout);
    var _ = mica.commits().load(layout.toString(), Optional.of("other:v9"), Optional.empty());
    mica.commits().remove("two:v1");
    assertThat(mica.commits().find("two:v1")).isEmpty();
    assertThat(mica.commits().get("other:v9").id()).isEqualTo(commit.id());
    mica.commits().remove("other:v9");
    assertNothing();
    Commit anew = load(layout);
    var _ = mica.commits().load(layout.toString(), Optional.of("other:v9"), Optional.empty());
    mica.commits().remove(anew.id());
    assertNothing();
  }

  @Test
  void twoAtOnceMakeOneCommit() throws Exception {
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      Future<Commit> one = both.submit(() -> load(layout));
      Future<Commit> other = both.submit(() -> load(layout));
      assertThat(one.get().id()).isEqualTo(other.get().id());
    }
    assertThat(count("layers")).isEqualTo(2);
    assertThat(count("journal")).isZero();
  }

  @Test
  void aCommitOverAnImageIsAnImageForOthers() throws IOException {
    Commit base = load(layout);
    Union union =
        mica.unions().create(spec("u", List.of(base), scratch.path("upper"), scratch.path("at")));
    Scratch.write(scratch.path("at/new"), "new");
    Files.delete(scratch.path("at/noise-two-layer-0"));
    Commit commit = mica.commits().create(union, "web:v2", "nginx in");
    assertThat(commit.parent()).hasValueSatisfying(is -> assertThat(is.id()).isEqualTo(base.id()));
    assertThat(commit.config()).isEqualTo(base.config());
    assertThatThrownBy(base::remove).hasMessageContaining("stands on it");
    String digest = commit.save(scratch.path("one.tar").toString()).manifest();
    assertThat(commit.save(scratch.path("two.tar").toString()).manifest()).isEqualTo(digest);
    assertThat(Files.mismatch(scratch.path("one.tar"), scratch.path("two.tar"))).isEqualTo(-1);
    skopeo("oci-archive:" + scratch.path("one.tar"), "oci:" + scratch.path("out") + ":v2");
    Scratch.run(
        "umoci", "unpack", "--image", scratch.path("out") + ":v2", scratch.path("b").toString());
    assertThat(
            Diff.of(
                    "umoci's",
                    Tree.plain(scratch.path("b/rootfs")),
                    "ours",
                    Tree.layers(commit.layers()),
                    true)
                .toList())
        .isEmpty();
    for (String how : List.of("zstd", "none")) {
      Path tar = scratch.path(how + ".tar");
      commit.save(tar.toString(), "oci", how);
      skopeo("oci-archive:" + tar, "dir:" + scratch.path(how));
    }
    Path docker = scratch.path("docker.tar");
    commit.save(docker.toString(), "docker", "gzip");
    skopeo("docker-archive:" + docker, "dir:" + scratch.path("dir"));
    Path there = scratch.path("layout");
    commit.save(there.toString(), "layout", "gzip");
    base.save(there.toString());
    assertThat(digestOf("oci:" + there + ":web:v2")).isEqualTo(digest);
    assertThat(digestOf("oci:" + there + ":two:v1")).isEqualTo(base.manifest().orElseThrow());
  }

  /** It is written once, and its digest is known from then on. */
  @Test
  void aLayoutGetsANewLayerAndTheStoreDoesNot() throws Exception {
    scratch.file("from/etc/hosts", "me");
    Commit commit =
        mica.commits()
            .importFolder(scratch.path("from").toString(), "made:v1")
            .commits()
            .getFirst();
    Path there = scratch.path("there");
    String digest = commit.save(there.toString(), "layout", "zstd").manifest();
    assertThat(digestOf("oci:" + there + ":made:v1")).isEqualTo(digest);
    assertThat(scratch.path("home/blobs")).doesNotExist();
    Map<String, Object> written = inodes(there);
    assertThat(written).hasSize(3);
    assertThat(commit.save(there.toString(), "layout", "zstd").manifest()).isEqualTo(digest);
    Map<String, Object> again = inodes(there);
    assertThat(again.keySet()).isEqualTo(written.keySet());
    again.entrySet().retainAll(written.entrySet());
    assertThat(again).hasSize(1); // the layer; the documents are written each time
    Path archive = scratch.path("made.tar");
    assertThat(commit.save(archive.toString(), "oci", "zstd").manifest()).isEqualTo(digest);
    assertThat(mica.commits().gc()).noneMatch(line -> line.contains("layer"));
    assertThat(commit.save(scratch.path("other").toString(), "layout", "zstd").manifest())
        .isEqualTo(digest);
  }

  private static Map<String, Object> inodes(Path layout) throws IOException {
    Map<String, Object> all = new TreeMap<>();
    try (Stream<Path> files = Files.list(layout.resolve("blobs/sha256"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        all.put(file.getFileName().toString(), Files.getAttribute(file, "unix:ino"));
      }
    }
    return all;
  }

  @Test
  void whatATarCannotHoldIsNamed() {
    Path from = scratch.dir("from");
    Scratch.run("truncate", "-s", "1M", from.resolve("sparse").toString());
    Commit commit = mica.commits().importFolder(from.toString(), "holes:v1").commits().getFirst();
    Path to = scratch.path("out.tar");
    List<String> remarks = commit.save(to.toString()).remarks();
    assertThat(remarks).anyMatch(line -> line.startsWith("sparse: a file with holes"));
    assertThat(commit.save(scratch.path("again.tar").toString()).remarks()).isEqualTo(remarks);
  }

  @Test
  void aFolderAndATarOfItAreImported() {
    scratch.file("root/etc/hosts", "me");
    Path root = scratch.path("root");
    Scratch.run(
        "tar",
        "--format=posix",
        "-cf",
        scratch.path("r.tar").toString(),
        "-C",
        root.toString(),
        ".");
    Scratch.run(
        "tar",
        "--format=posix",
        "-czf",
        scratch.path("r.tgz").toString(),
        "-C",
        root.toString(),
        ".");
    Scratch.run("zstd", "-q", scratch.path("r.tar").toString());
    for (String from : List.of("root", "r.tar", "r.tgz", "r.tar.zst")) {
      Commit commit =
          mica.commits()
              .importFolder(
                  scratch.path(from).toString(),
                  "base:" + from,
                  "hello",
                  List.of("ENV A=\"b c\"", "ENTRYPOINT [\"/bin/x\"]", "CMD [\"-y\"]", "USER 5:6"))
              .commits()
              .getFirst();
      assertThat(
              Diff.of("root", Tree.plain(root), "ours", Tree.layers(commit.layers()), true)
                  .toList())
          .as(from)
          .isEmpty();
      assertThat(commit.config().orElseThrow().env()).containsExactly("A=b c");
      assertThat(commit.config().orElseThrow().entrypoint()).containsExactly("/bin/x");
      assertThat(commit.config().orElseThrow().user()).isEqualTo("5:6");
    }
    assertThatThrownBy(
            () -> mica.commits().importFolder(root.toString(), "bad:v1", "", List.of("FETCH x")))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("FETCH");
  }

  @Test
  void whatIsThereAlreadyIsNotWrittenOver() {
    Commit commit = load(layout);
    Path file = scratch.file("mine.tar", "mine");
    assertThatThrownBy(() -> commit.save(file.toString()))
        .hasMessageContaining("something is there already");
    assertThat(Scratch.read(file)).isEqualTo("mine");
    Path folder = scratch.dir("folder");
    scratch.file("folder/mine", "mine");
    assertThatThrownBy(() -> commit.save(folder.toString())).hasMessageContaining("no OCI layout");
  }
}
