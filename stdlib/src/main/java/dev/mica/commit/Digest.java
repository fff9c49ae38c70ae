package dev.mica.commit;

import dev.mica.core.Manifest;
import dev.mica.state.Records;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is recorded of a layer's tree, in {@code digests/ID.json}; {@code mica-digest} writes the
 * same.
 *
 * @param version of the manifest that the digest is over: those of two versions say nothing of each
 *     other
 */
record Digest(Manifest manifest, int version) {
  static Digest of(Manifest manifest) {
    return new Digest(manifest, Manifest.VERSION);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("digest", manifest.digest());
    json.put("manifest", version);
    json.put("entries", manifest.entries());
    json.put("bytes", manifest.bytes());
    return json;
  }

  static Digest of(ObjectNode json) {
    Manifest manifest =
        new Manifest(
            json.required("digest").asString(),
            json.required("entries").asLong(),
            json.required("bytes").asLong());
    if (!manifest.digest().matches("sha256:[0-9a-f]{64}")) {
      throw new IllegalArgumentException("'" + manifest.digest() + "' is no digest");
    }
    return new Digest(manifest, json.required("manifest").asInt());
  }
}
