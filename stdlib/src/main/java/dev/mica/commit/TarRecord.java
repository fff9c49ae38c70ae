package dev.mica.commit;

import dev.mica.state.Records;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a layer is as a tar, in {@code tars/LAYER.json}.
 *
 * @param diffId digest of the tar, uncompressed
 * @param bytes of the tar, uncompressed
 * @param ours whether Mica wrote it, and can do so again
 * @param blobs the tar as the store of blobs has it, in one or more forms
 * @param remarks on what the tar cannot hold of the layer, for people
 */
public record TarRecord(
    String diffId, long bytes, boolean ours, List<Blob> blobs, List<String> remarks) {
  /** Copies the lists. */
  public TarRecord {
    blobs = List.copyOf(blobs);
    remarks = List.copyOf(remarks);
    if (!diffId.matches("sha256:[0-9a-f]{64}")) {
      throw new IllegalArgumentException("'" + diffId + "' is no digest");
    }
  }

  /**
   * One form of the tar.
   *
   * @param mediaType plain or by which compression, in OCI's words
   * @param size bytes
   */
  public record Blob(String mediaType, String digest, long size) {}

  /** The same with one more form. */
  public TarRecord and(Blob blob) {
    List<Blob> all = new ArrayList<>(blobs);
    all.removeIf(one -> one.digest().equals(blob.digest()));
    all.add(blob);
    return new TarRecord(diffId, bytes, ours, all, remarks);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object().put("diffId", diffId).put("bytes", bytes).put("ours", ours);
    ArrayNode forms = json.putArray("blobs");
    for (Blob blob : blobs) {
      forms
          .addObject()
          .put("mediaType", blob.mediaType())
          .put("digest", blob.digest())
          .put("size", blob.size());
    }
    remarks.forEach(json.putArray("remarks")::add);
    return json;
  }

  static TarRecord of(ObjectNode json) {
    List<Blob> blobs = new ArrayList<>();
    json.path("blobs")
        .forEach(one ->
            blobs.add(
                new Blob(
                    one.required("mediaType").asString(),
                    one.required("digest").asString(),
                    one.required("size").asLong())));
    List<String> remarks = new ArrayList<>();
    json.path("remarks").forEach(one -> remarks.add(one.asString()));
    return new TarRecord(
        json.required("diffId").asString(),
        json.required("bytes").asLong(),
        json.required("ours").asBoolean(),
        blobs,
        remarks);
  }
}
