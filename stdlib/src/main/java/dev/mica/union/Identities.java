package dev.mica.union;

import dev.mica.core.Identity;
import dev.mica.state.Records;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which directories the paths of a union mean. Null: none, or one that is still to be made.
 *
 * @param lowers topmost first
 * @param besides the directory that the upper is in
 * @param at the mount point itself, which the mount hides
 * @param above the directory that the mount point is in; of records that an older Mica has written
 *     it is not known until the union is mounted again
 */
record Identities(
    List<Identity> lowers,
    @Nullable Identity upper,
    @Nullable Identity besides,
    @Nullable Identity work,
    @Nullable Identity at,
    @Nullable Identity above) {
  Identities {
    lowers = List.copyOf(lowers);
  }

  Identities upper(Identity other) {
    return new Identities(lowers, other, besides, work, at, above);
  }

  Identities work(@Nullable Identity other) {
    return new Identities(lowers, upper, besides, other, at, above);
  }

  Identities at(Identity other, Identity itsParent) {
    return new Identities(lowers, upper, besides, work, other, itsParent);
  }

  /** With another lower on top. */
  Identities over(Identity top) {
    List<Identity> all = new ArrayList<>(lowers);
    all.addFirst(top);
    return new Identities(all, upper, besides, work, at, above);
  }

  /** Without the lower on top. */
  Identities withoutTop() {
    return new Identities(lowers.subList(1, lowers.size()), upper, besides, work, at, above);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    ArrayNode below = json.putArray("lowers");
    lowers.forEach(lower -> below.add(lower.text()));
    json.put("upper", text(upper));
    json.put("besides", text(besides));
    json.put("work", text(work));
    json.put("at", text(at));
    json.put("above", text(above));
    return json;
  }

  static Identities of(JsonNode json) {
    List<Identity> lowers = new ArrayList<>();
    for (JsonNode lower : json.required("lowers")) {
      lowers.add(Identity.of(lower.asString()));
    }
    return new Identities(
        lowers,
        identity(json.required("upper")),
        identity(json.required("besides")),
        identity(json.required("work")),
        identity(json.required("at")),
        json.has("above") ? identity(json.required("above")) : null);
  }

  private static @Nullable String text(@Nullable Identity identity) {
    return identity == null ? null : identity.text();
  }

  private static @Nullable Identity identity(JsonNode node) {
    return node.isNull() ? null : Identity.of(node.asString());
  }
}
