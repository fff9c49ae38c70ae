package dev.mica.commit;

import dev.mica.state.Records;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The facts that the journal entry of a commit under way keeps: the commit that is about to be
 * made, and the name it will get.
 *
 * @param ref that name; "": none
 * @param refBefore the commit that {@code ref} led to; null: none
 */
record CommitIntent(CommitRecord commit, String ref, @Nullable String refBefore) {
  String union() {
    return commit.origin();
  }

  CommitIntent by(Commit.Method method) {
    return new CommitIntent(commit.by(method), ref, refBefore);
  }

  CommitIntent squashed() {
    return new CommitIntent(commit.squashed(), ref, refBefore);
  }

  CommitIntent over(@Nullable String before) {
    return new CommitIntent(commit, ref, before);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.set("commit", commit.toJson());
    json.put("ref", ref);
    json.put("refBefore", refBefore);
    return json;
  }

  static CommitIntent of(ObjectNode json) {
    return new CommitIntent(
        CommitRecord.of((ObjectNode) json.required("commit")),
        json.required("ref").asString(),
        json.required("refBefore").isNull() ? null : json.required("refBefore").asString());
  }
}
