package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is refused, and of which nothing is left: layouts and archives that lie, that have no image
 * for this platform, or that are too large.
 */
final class BadLayoutTest extends LoadTestBase {
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
  @EnumSource
  void aLayoutThatLiesLeavesNothing(Wrong wrong) throws IOException {
    JsonNode index = json(layout.resolve("index.json"));
    Path manifest = blob(index.get("manifests").get(0));
    JsonNode is = json(manifest);
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

  private static JsonNode json(Path file) {
    return JsonMapper.shared().readTree(file.toFile());
  }

  private Path blob(JsonNode descriptor) {
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
    JsonNode image = json(open.resolve("manifest.json")).get(0);
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
    JsonNode named = json(index).get("manifests").get(0);
    Path manifest = blob(named);
    JsonNode config = json(manifest).get("config");
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
    String digest = Digests.of(text.getBytes(StandardCharsets.UTF_8));
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
