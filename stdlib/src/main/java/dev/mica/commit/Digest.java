package dev.mica.commit;

import dev.mica.core.TreeDigest;
import dev.mica.state.Records;
import tools.jackson.databind.node.ObjectNode;

/**
 * The record of a layer's tree digest, in {@code digests/ID.json}. The program {@code mica-digest}
 * writes the same record.
 *
 * @param version which of the tree's facts the digest covers ({@link TreeDigest#VERSION}). Digests
 *     of two versions cannot be compared.
 */
record Digest(TreeDigest tree, int version) {
  static Digest of(TreeDigest tree) {
    return new Digest(tree, TreeDigest.VERSION);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("digest", tree.digest());
    json.put("manifest", version);
    json.put("entries", tree.entries());
    json.put("bytes", tree.bytes());
    return json;
  }

  static Digest of(ObjectNode json) {
    TreeDigest tree =
        new TreeDigest(
            json.required("digest").asString(),
            json.required("entries").asLong(),
            json.required("bytes").asLong());
    if (!tree.digest().matches("sha256:[0-9a-f]{64}")) {
      throw new IllegalArgumentException("'" + tree.digest() + "' is no digest");
    }
    return new Digest(tree, json.required("manifest").asInt());
  }
}
