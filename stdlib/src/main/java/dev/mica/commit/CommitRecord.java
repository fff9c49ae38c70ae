package dev.mica.commit;

import dev.mica.state.PathJson;
import dev.mica.state.Records;
import dev.mica.text.PathBytes;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A commit's record, as {@code commits/ID.json} has it.
 *
 * @param below what its layer lies on, topmost first: {@code layer:ID} or the path of a folder, as
 *     {@link PathBytes#text} has it
 * @param unkept which flags of files its layer has not, for people; empty: none
 * @param held how long what it was made of stood still for it
 */
record CommitRecord(
    String id,
    List<String> below,
    String message,
    Instant created,
    String origin,
    Commit.Method method,
    String unkept,
    Duration held) {
  private static final String LAYER = "layer:";
  private static final Pattern ID = Pattern.compile("[0-9a-f]{4,64}");

  CommitRecord {
    below = List.copyOf(below);
    if (below.isEmpty()) {
      throw new IllegalArgumentException("the commit lies on nothing");
    }
    requireId(id);
    for (String kept : below) {
      requireBelow(id, kept);
    }
  }

  private static void requireBelow(String id, String kept) {
    Optional<String> layer = layerId(kept);
    layer.ifPresent(CommitRecord::requireId);
    if (layer.isPresent() && layer.get().equals(id)) {
      throw new IllegalArgumentException("the commit stands on itself");
    }
    if (layer.isEmpty() && !PathBytes.parse(kept).isAbsolute()) {
      throw new IllegalArgumentException("'" + kept + "' is no absolute path");
    }
  }

  /** An id becomes a part of a path: it must not lead elsewhere. */
  private static void requireId(String id) {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException("'" + id + "' is no commit's id");
    }
  }

  /** How {@code path} is kept: a layer of the store by its id, so that the store can be moved. */
  static String keep(Path path, Path layers) {
    return layers.equals(path.getParent()) ? LAYER + path.getFileName() : PathBytes.text(path);
  }

  private static Optional<String> layerId(String kept) {
    return kept.startsWith(LAYER) ? Optional.of(kept.substring(LAYER.length())) : Optional.empty();
  }

  /** The id of the commit right below, if there is one. */
  Optional<String> parent() {
    return layerId(below.getFirst());
  }

  /**
   * The id of this commit, and those of the layers of the store that it stands on, topmost first.
   */
  List<String> layerIds() {
    return Stream.concat(
            Stream.of(id), below.stream().map(CommitRecord::layerId).flatMap(Optional::stream))
        .distinct()
        .toList();
  }

  boolean standsOn(String otherId) {
    return below.contains(LAYER + otherId);
  }

  List<Path> below(Path layers) {
    return below.stream()
        .map(kept -> layerId(kept).map(layers::resolve).orElseGet(() -> PathBytes.parse(kept)))
        .toList();
  }

  List<Path> base() {
    return below.stream()
        .filter(kept -> layerId(kept).isEmpty())
        .map(PathBytes::parse)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  CommitRecord by(Commit.Method other) {
    return new CommitRecord(id, below, message, created, origin, other, unkept, held);
  }

  CommitRecord without(String flags) {
    return new CommitRecord(id, below, message, created, origin, method, flags, held);
  }

  CommitRecord standingStill(Duration time) {
    return new CommitRecord(id, below, message, created, origin, method, unkept, time);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("id", id);
    ArrayNode kept = json.putArray("below");
    below.forEach(one -> kept.add(PathJson.ofText(one)));
    json.put("message", message);
    json.put("created", created.toString());
    json.put("origin", origin);
    json.put("method", method.name());
    if (!unkept.isEmpty()) {
      json.put("unkept", unkept);
    }
    if (!held.isZero()) {
      json.put("held", held.toNanos());
    }
    return json;
  }

  static CommitRecord of(ObjectNode json) {
    List<String> below = new ArrayList<>();
    for (JsonNode one : json.required("below")) {
      below.add(PathJson.text(one));
    }
    return new CommitRecord(
        json.required("id").asString(),
        below,
        json.required("message").asString(),
        Instant.parse(json.required("created").asString()),
        json.required("origin").asString(),
        Records.constant(Commit.Method.class, json.required("method")),
        json.path("unkept").asString(""),
        Duration.ofNanos(json.path("held").asLong(0)));
  }
}
