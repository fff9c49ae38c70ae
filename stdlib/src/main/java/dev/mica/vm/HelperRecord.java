package dev.mica.vm;

import dev.mica.state.Records;
import dev.mica.union.Helper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is kept of a union that the helper VM serves; written before anything is done for it.
 *
 * @param port the virtio-serial port it is exported over
 * @param tags the shares of its {@link #folders}, in their order; none until they are plugged
 */
record HelperRecord(
    String name, List<Path> lowers, @Nullable Path aside, String port, List<String> tags) {
  HelperRecord {
    lowers = List.copyOf(lowers);
    tags = List.copyOf(tags);
  }

  static HelperRecord of(Helper.Served union, String port) {
    return new HelperRecord(union.name(), union.lowers(), union.aside(), port, List.of());
  }

  /** All that it has shared. */
  List<Path> folders() {
    List<Path> all = new ArrayList<>(lowers);
    if (aside != null) {
      all.addFirst(aside);
    }
    return all;
  }

  HelperRecord with(List<Machine.Share> shares) {
    List<String> plugged = shares.stream().map(Machine.Share::tag).toList();
    return new HelperRecord(name, lowers, aside, port, plugged);
  }

  boolean uses(Path folder) {
    return folders().contains(folder);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("name", name);
    ArrayNode below = json.putArray("lowers");
    lowers.forEach(lower -> below.add(lower.toString()));
    json.put("aside", aside == null ? null : aside.toString());
    json.put("port", port);
    ArrayNode shares = json.putArray("tags");
    tags.forEach(shares::add);
    return json;
  }

  static HelperRecord of(ObjectNode json) {
    List<Path> lowers = new ArrayList<>();
    for (JsonNode lower : json.required("lowers")) {
      lowers.add(Path.of(lower.asString()));
    }
    List<String> tags = new ArrayList<>();
    for (JsonNode tag : json.required("tags")) {
      tags.add(tag.asString());
    }
    JsonNode aside = json.required("aside");
    return new HelperRecord(
        json.required("name").asString(),
        lowers,
        aside.isNull() ? null : Path.of(aside.asString()),
        json.required("port").asString(),
        tags);
  }
}
