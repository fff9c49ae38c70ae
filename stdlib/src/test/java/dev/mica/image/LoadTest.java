package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.commit.Exchange;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images in files, written and read by others: skopeo, umoci, tar. */
final class LoadTest extends ScratchTest {
  private Path layout = scratch.path("unmade");

  @BeforeEach
  void makeImage() {
    layout = TestImages.layout(scratch, "two", 200_000, 100_000);
    Scratch.run(
        "umoci",
        "config",
        "--image",
        layout + ":v1",
        "--config.env",
        "LANG=C",
        "--config.cmd",
        "sh",
        "--config.label",
        "maker=test");
  }

  private static void skopeo(String from, String to) {
    Scratch.run("skopeo", "--insecure-policy", "copy", "--quiet", from, to);
  }

  private static String digestOf(String image) {
    return Scratch.run("skopeo", "--insecure-policy", "inspect", "--format={{.Digest}}", image)
        .strip();
  }

  private Commit load(Path file) {
    List<Commit> commits = mica.commits().load(file.toString()).commits();
    assertThat(commits).hasSize(1);
    return commits.getFirst();
  }

  private int count(String directory) {
    Path in = scratch.path("home").resolve(directory);
    if (!Files.exists(in)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(in)) {
      return (int) all.count();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private void assertNothing() {
    assertThat(mica.commits().list()).isEmpty();
    assertThat(count("commits")).isZero();
    assertThat(count("layers")).isZero();
    assertThat(count("tars")).isZero();
    assertThat(count("journal")).isZero();
    assertThat(count("trash")).isZero();
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
  void anotherPlatformIsRefusedWithThoseThereAre() {
    Path image = layout.resolve("index.json");
    String index = Scratch.read(image);
    Scratch.write(
        image,
        index
            .replace(
                "\"annotations\"",
                "\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"},\"annotations\"")
            .replace("\"manifests\":[", "\"manifests\":[" + entry(index) + ","));
    assertThatThrownBy(() -> load(layout))
        .hasMessageContaining("it has no image for linux/")
        .hasMessageContaining("linux/s390x");
    assertNothing();
  }

  /** The one entry of an index, for another platform. */
  private static String entry(String index) {
    String one = index.substring(index.indexOf('[') + 1, index.lastIndexOf(']'));
    return one.replace(
        "\"annotations\"",
        "\"platform\":{\"os\":\"linux\",\"architecture\":\"riscv64\"},\"annotations\"");
  }

  /** What is wrong in a layout that was made right. */
  enum Wrong {
    BLOB_BYTES("have the digest"),
    BLOB_SHORT("bytes, not the"),
    BLOB_GONE("is missing"),
    MANIFEST_BYTES("has other bytes"),
    MANIFEST_GONE("is missing"),
    CONFIG_BYTES("has other bytes"),
    INDEX_TEXT("no JSON"),
    INDEX_GONE("neither index.json");

    private final String says;

    Wrong(String says) {
      this.says = says;
    }
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.EnumSource
  void aLayoutThatLiesLeavesNothing(Wrong wrong) throws IOException {
    tools.jackson.databind.JsonNode index = json(layout.resolve("index.json"));
    Path manifest = blob(index.get("manifests").get(0));
    tools.jackson.databind.JsonNode is = json(manifest);
    Path blob = blob(is.get("layers").get(1));
    switch (wrong) {
      case BLOB_BYTES -> flip(blob);
      case BLOB_SHORT -> Files.write(blob, List.of("short"));
      case BLOB_GONE -> Files.delete(blob);
      case MANIFEST_BYTES -> flip(manifest);
      case MANIFEST_GONE -> Files.delete(manifest);
      case CONFIG_BYTES -> flip(blob(is.get("config")));
      case INDEX_TEXT -> Scratch.write(layout.resolve("index.json"), "{");
      case INDEX_GONE -> Files.delete(layout.resolve("index.json"));
    }
    assertThatThrownBy(() -> load(layout))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(wrong.says);
    assertNothing();
    mica.commits().gc();
    assertThat(count("blobs/sha256")).isZero();
    assertThat(count("blobs/parts")).isZero();
  }

  private static tools.jackson.databind.JsonNode json(Path file) {
    return tools.jackson.databind.json.JsonMapper.shared().readTree(file.toFile());
  }

  private Path blob(tools.jackson.databind.JsonNode descriptor) {
    return layout
        .resolve("blobs/sha256")
        .resolve(descriptor.get("digest").asString().substring("sha256:".length()));
  }

  private static void flip(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  @Test
  void aDiffIdThatIsNotTheLayersIsRefused() {
    Path archive = scratch.path("given.tar");
    skopeo("oci:" + layout + ":v1", "docker-archive:" + archive + ":web:v7");
    Path open = scratch.dir("open");
    Scratch.run("tar", "-xf", archive.toString(), "-C", open.toString());
    tools.jackson.databind.JsonNode image = json(open.resolve("manifest.json")).get(0);
    Path config = open.resolve(image.get("Config").asString());
    String ids = json(config).get("rootfs").get("diff_ids").get(0).asString();
    String digit = ids.endsWith("0") ? "1" : "0";
    String lie = ids.substring(0, ids.length() - 1) + digit;
    Scratch.write(config, Scratch.read(config).replace(ids, lie));
    Path lying = scratch.path("lying.tar");
    Scratch.run("tar", "-cf", lying.toString(), "-C", open.toString(), ".");
    assertThatThrownBy(() -> load(lying))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("have the digest");
    assertNothing();
  }

  /** All digests of documents are right: only the unpacked bytes tell. */
  @Test
  void aDiffIdOfACompressedLayerThatIsNotItsIsRefused() throws IOException {
    Path index = layout.resolve("index.json");
    tools.jackson.databind.JsonNode named = json(index).get("manifests").get(0);
    Path manifest = blob(named);
    tools.jackson.databind.JsonNode config = json(manifest).get("config");
    String id = json(blob(config)).get("rootfs").get("diff_ids").get(1).asString();
    String lie = id.substring(0, id.length() - 1) + (id.endsWith("0") ? "1" : "0");
    String old = config.get("digest").asString();
    String fresh = put(Scratch.read(blob(config)).replace(id, lie));
    String again = put(Scratch.read(manifest).replace(old, fresh));
    String digest = named.get("digest").asString();
    Scratch.write(index, Scratch.read(index).replace(digest, again));
    assertThatThrownBy(() -> load(layout))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("and its image says " + lie);
    assertNothing();
  }

  /** Puts a blob into the layout; its digest. */
  private String put(String text) {
    String digest = Digests.of(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    Scratch.write(
        layout.resolve("blobs/sha256").resolve(digest.substring("sha256:".length())), text);
    return digest;
  }

  @Test
  void anArchiveWithANameTwiceIsRefused() {
    Path archive = scratch.path("given.tar");
    skopeo("oci:" + layout + ":v1", "oci-archive:" + archive + ":web:v7");
    scratch.file("x/index.json", "{\"manifests\":[]}");
    Scratch.run("tar", "-rf", archive.toString(), "-C", scratch.path("x").toString(), "index.json");
    assertThatThrownBy(() -> load(archive)).hasMessageContaining("twice");
    assertNothing();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../etc/passwd", "/etc/passwd", "", "nothing"})
  void aDockerArchiveLeadsNowhereElse(String path) {
    scratch.file(
        "a/manifest.json", "[{\"Config\":\"" + path + "\",\"RepoTags\":[\"x:y\"],\"Layers\":[]}]");
    Path archive = scratch.path("bad.tar");
    Scratch.run(
        "tar", "-cf", archive.toString(), "-C", scratch.path("a").toString(), "manifest.json");
    assertThatThrownBy(() -> load(archive))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("is missing");
    assertNothing();
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

  @Test
  void aFullFileSystemLeavesNothing() {
    Path large = TestImages.layout(scratch, "large", 6 << 20);
    Path disk = scratch.dir("disk");
    Scratch.run("mount", "-t", "tmpfs", "-o", "size=9m", "small", disk.toString());
    Mica small = Mica.open(disk.resolve("home"));
    assertThatThrownBy(() -> small.commits().load(large.toString()))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("No space left on device");
    assertThat(small.commits().list()).isEmpty();
    small.commits().gc();
    Commit loaded = small.commits().load(layout.toString()).commits().getFirst();
    assertThat(loaded.verify()).hasSize(2).noneMatch(Commit.Verified::isBad);
  }

  @Test
  void aBombIsBounded() {
    Path zeros = scratch.path("zeros");
    Scratch.run("truncate", "-s", "700M", zeros.toString());
    Path bomb = scratch.path("bomb.tar.zst");
    Scratch.run(
        "tar", "--zstd", "-cf", bomb.toString(), "-C", scratch.path("").toString(), "zeros");
    assertThatThrownBy(() -> mica.commits().importFolder(bomb.toString(), "bomb:v1"))
        .isInstanceOf(MicaException.class);
    assertNothing();
  }
}
