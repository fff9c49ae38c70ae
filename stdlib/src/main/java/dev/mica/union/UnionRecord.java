package dev.mica.union;

import dev.mica.state.PathJson;
import dev.mica.state.Records;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is kept of a union, every path real.
 *
 * @param workMade whether the work directory is Mica's to remove
 * @param atMade whether the mount point is Mica's to remove
 * @param is which directories these paths mean
 */
record UnionRecord(
    String name,
    List<Path> lowers,
    @Nullable Path upper,
    @Nullable Path work,
    boolean workMade,
    Path at,
    boolean atMade,
    UnionSpec.Via via,
    Instant created,
    Identities is) {
  UnionRecord {
    lowers = List.copyOf(lowers);
  }

  /** The first column of mount(8). */
  String source() {
    return "mica:" + name;
  }

  /** What the mount shows: one lower alone is bound, not stacked. */
  boolean isBind() {
    return upper == null && lowers.size() == 1 && via != UnionSpec.Via.FUSE;
  }

  /** Upper and lowers, topmost first. */
  List<Path> stack() {
    return upper == null ? lowers : stack(upper);
  }

  /** The same with the upper where it is for now. */
  List<Path> stack(Path realUpper) {
    List<Path> all = new ArrayList<>(lowers);
    all.addFirst(realUpper);
    return all;
  }

  UnionRecord over(List<Path> otherLowers, Identities other) {
    return new UnionRecord(
        name, otherLowers, upper, work, workMade, at, atMade, via, created, other);
  }

  UnionRecord is(Identities other) {
    return over(lowers, other);
  }

  /** A guest's work directory is in what is shared with it, and comes and goes with the mount. */
  UnionRecord via(UnionSpec.Via other) {
    boolean guest = other == UnionSpec.Via.GUEST;
    return new UnionRecord(
        name,
        lowers,
        upper,
        guest ? null : work,
        !guest && workMade,
        at,
        atMade,
        other,
        created,
        guest ? is.work(null) : is);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("name", name);
    ArrayNode below = json.putArray("lowers");
    lowers.forEach(lower -> below.add(PathJson.of(lower)));
    json.set("upper", PathJson.of(upper));
    json.set("work", PathJson.of(work));
    json.put("workMade", workMade);
    json.set("at", PathJson.of(at));
    json.put("atMade", atMade);
    json.put("via", via.name());
    json.put("created", created.toString());
    json.set("is", is.toJson());
    return json;
  }

  static UnionRecord of(ObjectNode json) {
    List<Path> lowers = new ArrayList<>();
    for (JsonNode lower : json.required("lowers")) {
      lowers.add(requirePath(lower));
    }
    return new UnionRecord(
        json.required("name").asString(),
        lowers,
        PathJson.path(json.required("upper")),
        PathJson.path(json.required("work")),
        json.required("workMade").asBoolean(),
        requirePath(json.required("at")),
        json.required("atMade").asBoolean(),
        UnionSpec.Via.valueOf(json.required("via").asString()),
        Instant.parse(json.required("created").asString()),
        Identities.of(json.required("is")));
  }

  private static Path requirePath(JsonNode json) {
    return Objects.requireNonNull(PathJson.path(json));
  }
}
