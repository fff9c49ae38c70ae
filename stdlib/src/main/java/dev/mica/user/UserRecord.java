package dev.mica.user;

import dev.mica.access.Role;
import dev.mica.state.PathJson;
import dev.mica.state.Records;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The record of a user.
 *
 * @param roots the folders of this host that the user may name paths in, without symbolic links
 * @param recorded whether what the user's terminals show is recorded
 */
record UserRecord(
    String name, Role role, List<Path> roots, List<UserKey> keys, Instant added, boolean recorded) {
  UserRecord {
    roots = List.copyOf(roots);
    keys = List.copyOf(keys);
    require(!keys.isEmpty(), "the user has no key");
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("name", name);
    json.put("role", role.name());
    ArrayNode folders = json.putArray("roots");
    roots.forEach(root -> folders.add(PathJson.of(root)));
    ArrayNode lines = json.putArray("keys");
    keys.forEach(key -> lines.add(key.line()));
    json.put("added", added.toString());
    json.put("recorded", recorded);
    return json;
  }

  /** Reads a record, in the form that {@link Records} asks for; it must have that name. */
  static UserRecord of(String name, ObjectNode json) {
    List<Path> roots = new ArrayList<>();
    for (JsonNode root : json.required("roots")) {
      Path path = PathJson.path(root);
      if (path == null || !path.isAbsolute()) {
        throw new IllegalArgumentException("a root is no absolute path");
      }
      roots.add(path);
    }
    List<UserKey> keys = new ArrayList<>();
    for (JsonNode line : json.required("keys")) {
      keys.add(UserKey.of(line.asString()));
    }
    String own = json.required("name").asString();
    require(own.equals(name), "it is of the user '" + own + "'");
    return new UserRecord(
        name,
        Records.constant(Role.class, json.required("role")),
        roots,
        keys,
        Instant.parse(json.required("added").asString()),
        json.has("recorded") && json.required("recorded").booleanValue());
  }
}
