package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.core.Identity;
import dev.mica.folder.Folder;
import dev.mica.state.PathJson;
import dev.mica.state.Records;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A share as it is kept.
 *
 * @param folder of this host, a real path
 * @param is which directory that is
 * @param at where it is in the container
 */
record Volume(Path folder, Identity is, String at, boolean readOnly) {
  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.set("folder", PathJson.of(folder));
    return json.put("is", is.text()).put("at", at).put("readOnly", readOnly);
  }

  static Volume of(JsonNode json) {
    Path folder = PathJson.path(json.required("folder"));
    if (folder == null || !folder.isAbsolute()) {
      throw new IllegalArgumentException("'" + json + "' has no absolute path");
    }
    return new Volume(
        folder,
        Identity.of(json.required("is").asString()),
        json.required("at").asString(),
        json.required("readOnly").asBoolean());
  }

  VmShare asSeenBy(Caller caller) {
    return new VmShare(Folder.of(caller, folder), at, readOnly);
  }
}
