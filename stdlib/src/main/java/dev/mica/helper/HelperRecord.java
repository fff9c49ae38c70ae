package dev.mica.helper;

import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.state.Records;
import dev.mica.union.Helper;
import dev.mica.vm.share.Share;
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
 * @param is which directories its {@link #folders} are, in their order
 * @param port the virtio-serial port it is exported over
 * @param tags the shares of its {@link #folders}, in their order; none until they are plugged
 */
record HelperRecord(
    String name,
    List<Path> lowers,
    @Nullable Path shared,
    List<Identity> is,
    String port,
    List<String> tags) {
  HelperRecord {
    lowers = List.copyOf(lowers);
    is = List.copyOf(is);
    tags = List.copyOf(tags);
  }

  static HelperRecord of(Helper.Served union, String port) {
    OpenDirectory shared = union.shared();
    return new HelperRecord(
        union.name(),
        union.lowers().stream().map(OpenDirectory::openedBy).toList(),
        shared == null ? null : shared.openedBy(),
        union.folders().stream().map(OpenDirectory::identity).toList(),
        port,
        List.of());
  }

  /** All that it has shared. */
  List<Path> folders() {
    List<Path> all = new ArrayList<>(lowers);
    if (shared != null) {
      all.addFirst(shared);
    }
    return all;
  }

  HelperRecord with(List<Share> shares) {
    List<String> plugged = shares.stream().map(Share::tag).toList();
    return new HelperRecord(name, lowers, shared, is, port, plugged);
  }

  boolean uses(Identity folder) {
    return is.stream().anyMatch(folder::is);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("name", name);
    ArrayNode below = json.putArray("lowers");
    lowers.forEach(lower -> below.add(lower.toString()));
    json.put("aside", shared == null ? null : shared.toString());
    ArrayNode which = json.putArray("is");
    is.forEach(one -> which.add(one.text()));
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
    List<Identity> is = new ArrayList<>();
    for (JsonNode one : json.required("is")) {
      is.add(Identity.of(one.asString()));
    }
    List<String> tags = new ArrayList<>();
    for (JsonNode tag : json.required("tags")) {
      tags.add(tag.asString());
    }
    JsonNode shared = json.required("aside");
    return new HelperRecord(
        json.required("name").asString(),
        lowers,
        shared.isNull() ? null : Path.of(shared.asString()),
        is,
        json.required("port").asString(),
        tags);
  }
}
