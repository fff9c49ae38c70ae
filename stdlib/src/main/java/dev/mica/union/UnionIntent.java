package dev.mica.union;

import dev.mica.core.Identity;
import dev.mica.state.Records;
import java.util.Objects;
import tools.jackson.databind.node.ObjectNode;

/**
 * The facts that the journal entry of a union under way keeps: the union that is about to be made,
 * and the state of its paths before.
 *
 * @param upperMade whether the upper did not exist: then Mica makes it, and removes it if the union
 *     fails
 * @param upperEmpty whether the upper existed and was empty: then it gets the metadata of the
 *     topmost lower
 */
record UnionIntent(UnionRecord union, boolean upperMade, boolean upperEmpty) {
  UnionIntent via(UnionSpec.Via via) {
    return new UnionIntent(union.via(via), upperMade, upperEmpty);
  }

  UnionIntent is(Identities is) {
    return new UnionIntent(union.is(is), upperMade, upperEmpty);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.set("union", union.toJson());
    json.put("upperMade", upperMade);
    json.put("upperEmpty", upperEmpty);
    return json;
  }

  static UnionIntent of(ObjectNode json) {
    return new UnionIntent(
        UnionRecord.of((ObjectNode) json.required("union")),
        json.required("upperMade").asBoolean(),
        json.required("upperEmpty").asBoolean());
  }

  /** The directory that the mount point is in. */
  Identity above() {
    return Objects.requireNonNull(union.is().above());
  }

  /** Beside the upper: keeps the metadata an empty one had, until the union is there. */
  String before() {
    return "." + union.name() + ".mica-before";
  }

  /** The same while it is being made. */
  String beforeMaking() {
    return "." + union.name() + ".mica-making";
  }
}
