package dev.mica.union;

import dev.mica.state.PathJson;
import dev.mica.state.Records;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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

  private UnionRecord whole() {
    require(!lowers.isEmpty(), "the union has no lower");
    require(lowers.size() == is.lowers().size(), "it does not say which directory each lower is");
    require(upper == null || is.besides() != null, "it does not say which directory has the upper");
    return this;
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
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

  /** As {@link Records} reads it: a record is of the union that it is called after. */
  static UnionRecord of(String name, ObjectNode json) {
    UnionRecord union = of(json);
    require(union.name.equals(name), "it is of the union '" + union.name + "'");
    return union;
  }

  static UnionRecord of(ObjectNode json) {
    List<Path> lowers = new ArrayList<>();
    for (JsonNode lower : json.required("lowers")) {
      lowers.add(requirePath(lower));
    }
    UnionRecord read =
        new UnionRecord(
            json.required("name").asString(),
            lowers,
            path(json.required("upper")),
            path(json.required("work")),
            json.required("workMade").asBoolean(),
            requirePath(json.required("at")),
            json.required("atMade").asBoolean(),
            Records.constant(UnionSpec.Via.class, json.required("via")),
            Instant.parse(json.required("created").asString()),
            Identities.of(json.required("is")));
    return read.whole();
  }

  private static Path requirePath(JsonNode json) {
    Path path = path(json);
    if (path == null) {
      throw new IllegalArgumentException("a path is missing");
    }
    return path;
  }

  private static @Nullable Path path(JsonNode json) {
    Path path = PathJson.path(json);
    require(path == null || path.isAbsolute(), "'" + path + "' is no absolute path");
    return path;
  }
}
