package dev.mica.commit;

import dev.mica.state.Records;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is about to be done to make a commit: the facts its journal entry keeps.
 *
 * @param refBefore the commit that {@code ref} led to; null: none
 */
record Creation(CommitRecord commit, String ref, @Nullable String refBefore) {
  String union() {
    return commit.origin();
  }

  Creation by(Commit.Method method) {
    return new Creation(commit.by(method), ref, refBefore);
  }

  Creation over(@Nullable String before) {
    return new Creation(commit, ref, before);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.set("commit", commit.toJson());
    json.put("ref", ref);
    json.put("refBefore", refBefore);
    return json;
  }

  static Creation of(ObjectNode json) {
    return new Creation(
        CommitRecord.of((ObjectNode) json.required("commit")),
        json.required("ref").asString(),
        json.required("refBefore").isNull() ? null : json.required("refBefore").asString());
  }
}
