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
 * @param layers its own layers of the store, topmost first; a commit of an older Mica has one, with
 *     the commit's id. Several commits may have the same layers.
 * @param below what these lie on, topmost first: {@code layer:ID} or the path of a folder, in the
 *     form of {@link PathBytes#text}
 * @param parent the commit that it was made over
 * @param unkept the flags of files that its layer lacks, for people; empty if it has all
 * @param config the settings for a container of it, if there are any
 * @param manifest digest of the manifest that it came with, which is among the blobs
 * @param held how long the container that it was made of was stopped for it
 */
record CommitRecord(
    String id,
    List<String> layers,
    List<String> below,
    Optional<String> parent,
    String message,
    Instant created,
    String origin,
    Commit.Method method,
    String unkept,
    Optional<ImageConfig> config,
    Optional<String> manifest,
    Duration held) {
  private static final String LAYER = "layer:";
  private static final Pattern ID = Pattern.compile("[0-9a-f]{4,64}");

  CommitRecord {
    layers = List.copyOf(layers);
    below = List.copyOf(below);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("the commit has no layer");
    }
    requireId(id);
    layers.forEach(CommitRecord::requireId);
    parent.ifPresent(CommitRecord::requireId);
    for (String kept : below) {
      requireBelow(layers, kept);
    }
    if (parent.filter(id::equals).isPresent()) {
      throw new IllegalArgumentException("the commit stands on itself");
    }
  }

  private static void requireBelow(List<String> own, String kept) {
    Optional<String> layer = layerId(kept);
    layer.ifPresent(CommitRecord::requireId);
    if (layer.isPresent() && own.contains(layer.get())) {
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

  /**
   * The form in which {@code path} is kept: a layer of the store by its id, so that the store can
   * be moved.
   */
  static String keep(Path path, Path layers) {
    return layers.equals(path.getParent()) ? LAYER + path.getFileName() : PathBytes.text(path);
  }

  private static Optional<String> layerId(String kept) {
    return kept.startsWith(LAYER) ? Optional.of(kept.substring(LAYER.length())) : Optional.empty();
  }

  /** Its own layers, and those of the store that they lie on, topmost first. */
  List<String> layerIds() {
    return Stream.concat(
            layers.stream(), below.stream().map(CommitRecord::layerId).flatMap(Optional::stream))
        .distinct()
        .toList();
  }

  /** Whether its own layers lie on that layer. */
  boolean standsOn(String layer) {
    return below.contains(LAYER + layer);
  }

  /** What its own layers lie on, if the layers of the store are in {@code store}. */
  List<Path> below(Path store) {
    return below.stream()
        .map(kept -> layerId(kept).map(store::resolve).orElseGet(() -> PathBytes.parse(kept)))
        .toList();
  }

  /** All its layers and folders, topmost first. */
  List<Path> stack(Path store) {
    return Stream.concat(layers.stream().map(store::resolve), below(store).stream()).toList();
  }

  List<Path> base() {
    return below.stream()
        .filter(kept -> layerId(kept).isEmpty())
        .map(PathBytes::parse)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  CommitRecord by(Commit.Method other) {
    return new CommitRecord(
        id, layers, below, parent, message, created, origin, other, unkept, config, manifest, held);
  }

  CommitRecord without(String flags) {
    return new CommitRecord(
        id, layers, below, parent, message, created, origin, method, flags, config, manifest, held);
  }

  CommitRecord of(List<String> ownLayers) {
    return new CommitRecord(
        id, ownLayers, below, parent, message, created, origin, method, unkept, config, manifest,
        held);
  }

  /** The same record, but lying on nothing: its layer has the whole tree. */
  CommitRecord squashed() {
    return new CommitRecord(
        id,
        layers,
        List.of(),
        Optional.empty(),
        message,
        created,
        origin,
        method,
        unkept,
        config,
        manifest,
        held);
  }

  /** Whether it lies on nothing. */
  boolean isWhole() {
    return below.isEmpty();
  }

  CommitRecord standingStill(Duration time) {
    return new CommitRecord(
        id, layers, below, parent, message, created, origin, method, unkept, config, manifest,
        time);
  }

  /** The same record with other settings for a container. */
  CommitRecord running(Optional<ImageConfig> other) {
    return new CommitRecord(
        id, layers, below, parent, message, created, origin, method, unkept, other, manifest, held);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("id", id);
    layers.forEach(json.putArray("layers")::add);
    ArrayNode kept = json.putArray("below");
    below.forEach(one -> kept.add(PathJson.ofText(one)));
    json.put("parent", parent.orElse(null));
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
    config.ifPresent(is -> json.set("image", ImageConfig.toJson(is)));
    manifest.ifPresent(digest -> json.put("manifest", digest));
    return json;
  }

  private static JsonNode list(JsonNode json) {
    if (!json.isArray()) {
      throw new IllegalArgumentException("'" + json + "' is no list");
    }
    return json;
  }

  static CommitRecord of(ObjectNode json) {
    List<String> below = new ArrayList<>();
    for (JsonNode one : list(json.required("below"))) {
      below.add(PathJson.text(one));
    }
    String id = json.required("id").asString();
    List<String> layers = new ArrayList<>();
    if (json.has("layers")) {
      list(json.get("layers")).forEach(one -> layers.add(one.asString()));
    }
    return new CommitRecord(
        id,
        json.has("layers") ? layers : List.of(id),
        below,
        json.has("parent")
            ? Optional.of(json.get("parent"))
                .filter(parent -> !parent.isNull())
                .map(JsonNode::asString)
            : below.stream().findFirst().flatMap(CommitRecord::layerId),
        json.required("message").asString(),
        Instant.parse(json.required("created").asString()),
        json.required("origin").asString(),
        Records.constant(Commit.Method.class, json.required("method")),
        json.path("unkept").asString(""),
        json.has("image") ? Optional.of(ImageConfig.of(json.get("image"))) : Optional.empty(),
        Optional.of(json.path("manifest").asString("")).filter(text -> !text.isEmpty()),
        Duration.ofNanos(json.path("held").asLong(0)));
  }
}
