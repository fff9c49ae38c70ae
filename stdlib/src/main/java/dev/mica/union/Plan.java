package dev.mica.union;

import dev.mica.state.Records;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is about to be done to make a union: the facts its journal entry keeps.
 *
 * @param upperMade whether the upper was not there and is Mica's to remove if the union fails
 * @param upperEmpty whether it was there with nothing in it, and gets the top lower's metadata
 */
record Plan(UnionRecord union, boolean upperMade, boolean upperEmpty) {
  Plan via(UnionSpec.Via via) {
    return new Plan(union.via(via), upperMade, upperEmpty);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.set("union", union.toJson());
    json.put("upperMade", upperMade);
    json.put("upperEmpty", upperEmpty);
    return json;
  }

  static Plan of(ObjectNode json) {
    return new Plan(
        UnionRecord.of((ObjectNode) json.required("union")),
        json.required("upperMade").asBoolean(),
        json.required("upperEmpty").asBoolean());
  }

  /** Keeps the metadata an empty upper had, until the union is there. */
  @Nullable Path before() {
    return beside("before");
  }

  /** The same while it is being made. */
  @Nullable Path beforeMaking() {
    return beside("making");
  }

  private @Nullable Path beside(String what) {
    Path upper = union.upper();
    return upper == null || !upperEmpty
        ? null
        : upper.resolveSibling("." + union.name() + ".mica-" + what);
  }
}
