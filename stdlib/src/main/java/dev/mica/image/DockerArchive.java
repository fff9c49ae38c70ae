package dev.mica.image;

import dev.mica.core.OverlayMount;
import dev.mica.core.Sha256;
import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An archive as {@code docker save} writes it. It has no manifests of OCI's form; they are made
 * here, and name the configurations and layers as they are in the archive.
 */
final class DockerArchive implements LocalSource {
  static final String MANIFEST = "manifest.json";

  private static final int BUFFER = 1 << 20;

  private final NamedFiles files;
  private final Map<String, List<String>> names = new LinkedHashMap<>();
  private final Map<String, byte[]> manifests = new HashMap<>();
  private final Map<String, String> blobs = new HashMap<>();

  private DockerArchive(NamedFiles files) {
    this.files = files;
  }

  static DockerArchive of(NamedFiles files, byte[] manifest) {
    DockerArchive archive = new DockerArchive(files);
    JsonNode json = Json.read(manifest, why -> files.bad(MANIFEST + " in it: " + why));
    if (!json.isArray() || json.isEmpty()) {
      throw files.bad(MANIFEST + " in it is no list of images");
    }
    json.forEach(archive::add);
    return archive;
  }

  private void add(JsonNode image) {
    String config = image.path("Config").asString("");
    byte[] content =
        files
            .read(config, Limits.DOCUMENT)
            .orElseThrow(() -> files.bad("the configuration '" + config + "' is missing"));
    List<String> diffIds = Configs.diffIds(content, files::bad);
    JsonNode layers = image.path("Layers");
    if (layers.size() != diffIds.size() || layers.size() > OverlayMount.MOST_LOWERS) {
      throw files.bad(
          "it lists " + layers.size() + " layers, and its configuration " + diffIds.size());
    }
    ObjectNode manifest = Records.object();
    manifest.put("schemaVersion", 2).put("mediaType", MediaTypes.OCI_MANIFEST);
    String digest = Digests.of(content);
    blobs.put(digest, config);
    manifest.set(
        "config", Json.descriptor(new Descriptor(MediaTypes.OCI_CONFIG, digest, content.length)));
    ArrayNode array = manifest.putArray("layers");
    for (int i = 0; i < layers.size(); i++) {
      array.add(Json.descriptor(layer(layers.get(i).asString(""), diffIds.get(i))));
    }
    List<String> tags = new ArrayList<>();
    image.path("RepoTags").forEach(tag -> tags.add(tag.asString("")));
    manifests.put(digest, Json.bytes(manifest));
    names.computeIfAbsent(digest, _ -> new ArrayList<>()).addAll(tags);
  }

  /** A plain tar's digest is the one in the configuration; when it is read they are compared. */
  private Descriptor layer(String name, String diffId) {
    OptionalLong size = files.size(name);
    if (size.isEmpty()) {
      throw files.bad("the layer '" + name + "' is missing");
    }
    String type = compression(name);
    String digest = type.equals(MediaTypes.LAYER_TAR) ? diffId : hash(name);
    blobs.put(digest, name);
    return new Descriptor(type, digest, size.getAsLong());
  }

  private String compression(String name) {
    try (InputStream in = files.open(name, 0)) {
      byte[] magic = in.readNBytes(4);
      return MediaTypes.layer(magic);
    } catch (IOException broken) {
      throw cannotRead(name, broken);
    }
  }

  private String hash(String name) {
    try (InputStream in = files.open(name, 0);
        Sha256 hash = new Sha256()) {
      byte[] buffer = new byte[BUFFER];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        hash.add(buffer, n);
      }
      return hash.digest();
    } catch (IOException broken) {
      throw cannotRead(name, broken);
    }
  }

  private MicaException cannotRead(String name, IOException broken) {
    return files
        .bad("the layer '" + name + "' cannot be read: " + dev.mica.failure.Why.of(broken))
        .because(broken);
  }

  @Override
  public String label() {
    return files.label();
  }

  @Override
  public List<Named> images() {
    return names.entrySet().stream()
        .map(one -> new Named(one.getKey(), List.copyOf(one.getValue())))
        .toList();
  }

  @Override
  public Document manifest(String key) {
    byte[] content = manifests.get(key);
    if (content == null) {
      throw files.bad("it has no image " + key);
    }
    return new Document(MediaTypes.OCI_MANIFEST, content);
  }

  @Override
  public Blob open(Descriptor blob, long from) throws IOException {
    String name = blobs.get(blob.digest());
    if (name == null) {
      throw files.bad("it has no blob " + blob.digest());
    }
    return new Blob(from, files.open(name, from));
  }

  @Override
  public void close() {
    files.close();
  }
}
