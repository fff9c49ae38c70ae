package dev.mica.union;

import dev.mica.core.Identity;
import dev.mica.state.Records;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is about to be done to make a union: the facts its journal entry keeps.
 *
 * @param upperMade whether the upper was not there and is Mica's to remove if the union fails
 * @param upperEmpty whether it was there with nothing in it, and gets the top lower's metadata
 * @param above the directory that the mount point is in
 */
record Plan(UnionRecord union, boolean upperMade, boolean upperEmpty, Identity above) {
  Plan via(UnionSpec.Via via) {
    return new Plan(union.via(via), upperMade, upperEmpty, above);
  }

  Plan is(Identities is) {
    return new Plan(union.is(is), upperMade, upperEmpty, above);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.set("union", union.toJson());
    json.put("upperMade", upperMade);
    json.put("upperEmpty", upperEmpty);
    json.put("above", above.text());
    return json;
  }

  static Plan of(ObjectNode json) {
    return new Plan(
        UnionRecord.of((ObjectNode) json.required("union")),
        json.required("upperMade").asBoolean(),
        json.required("upperEmpty").asBoolean(),
        Identity.of(json.required("above").asString()));
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
