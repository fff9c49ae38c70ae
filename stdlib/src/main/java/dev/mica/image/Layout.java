package dev.mica.image;

import dev.mica.state.Records;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** An OCI image layout, in a directory or an archive. */
final class Layout implements LocalSource {
  static final String INDEX = "index.json";
  static final String NAME = "org.opencontainers.image.ref.name";

  /** What containerd and Docker write: the whole name. */
  static final String FULL_NAME = "io.containerd.image.name";

  private final NamedFiles files;
  private final Map<String, List<JsonNode>> named = new LinkedHashMap<>();

  Layout(NamedFiles files, byte[] index) {
    this.files = files;
    JsonNode json = Json.read(index, why -> files.bad(INDEX + " in it: " + why));
    if (!json.path("manifests").isArray() || json.has("layers") || json.has("config")) {
      throw files.bad(INDEX + " in it is no index");
    }
    for (JsonNode one : json.get("manifests")) {
      named.computeIfAbsent(nameOf(one), _ -> new ArrayList<>()).add(one);
    }
    if (named.isEmpty()) {
      throw files.bad("it has no image");
    }
  }

  private static String nameOf(JsonNode descriptor) {
    JsonNode notes = descriptor.path("annotations");
    String full = notes.path(FULL_NAME).asString("");
    return full.isEmpty() ? notes.path(NAME).asString("") : full;
  }

  @Override
  public String label() {
    return files.label();
  }

  @Override
  public List<Named> images() {
    return named.keySet().stream()
        .map(name -> new Named(name, name.isEmpty() ? List.of() : List.of(name)))
        .toList();
  }

  @Override
  public Document manifest(String key) {
    List<JsonNode> ones = named.get(key);
    if (ones == null) {
      return document(key, "");
    }
    if (ones.size() == 1) {
      Descriptor is =
          Json.descriptor(ones.getFirst())
              .orElseThrow(() -> files.bad(INDEX + " in it has a descriptor without a size"));
      Document document = document(is.digest(), is.mediaType());
      if (document.content().length != is.size()) {
        throw files.bad("the manifest " + is.digest() + " has another size than its index says");
      }
      return document;
    }
    ObjectNode index = Records.object();
    index.put("schemaVersion", 2).put("mediaType", MediaTypes.OCI_INDEX);
    ones.forEach(index.putArray("manifests")::add);
    return new Document(MediaTypes.OCI_INDEX, Json.bytes(index));
  }

  private Document document(String digest, String mediaType) {
    String name = file(digest);
    byte[] content =
        files
            .read(name, Limits.DOCUMENT)
            .orElseThrow(() -> files.bad("the manifest " + digest + " is missing"));
    if (!Digests.of(content).equals(digest)) {
      throw files.bad("the manifest " + digest + " in it has other bytes");
    }
    return new Document(mediaType, content);
  }

  private static String file(String digest) {
    return "blobs/sha256/" + new Descriptor("", digest, 0).hex();
  }

  @Override
  public Blob open(Descriptor blob, long from) throws IOException {
    OptionalLong size = files.size(file(blob.digest()));
    if (size.isEmpty()) {
      throw files.bad("the blob " + blob.digest() + " is missing");
    }
    if (size.getAsLong() != blob.size()) {
      throw files.bad(
          "the blob "
              + blob.digest()
              + " has "
              + size.getAsLong()
              + " bytes, not the "
              + blob.size()
              + " that its manifest says");
    }
    return new Blob(from, files.open(file(blob.digest()), from));
  }

  @Override
  public void close() {
    files.close();
  }
}
