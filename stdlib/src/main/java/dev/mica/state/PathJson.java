package dev.mica.state;

import dev.mica.text.PathBytes;
import dev.mica.text.Printable;
import java.nio.file.Path;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Paths in records: a string, or, where the path's bytes are not UTF-8, an object with {@code path}
 * for people and {@code pathBytes}, its bytes in base64, for Mica.
 */
public final class PathJson {
  private PathJson() {}

  /** The path as a record keeps it; of null it is null. */
  public static JsonNode of(@Nullable Path path) {
    return path == null ? JsonNodeFactory.instance.nullNode() : ofText(PathBytes.text(path));
  }

  /** The same of a text that {@link PathBytes#text} made, or of any other that may be kept so. */
  public static JsonNode ofText(String text) {
    if (PathBytes.isUtf8(text)) {
      return JsonNodeFactory.instance.stringNode(text);
    }
    byte[] bytes = PathBytes.encode(text);
    ObjectNode json = Records.object();
    json.put("path", Printable.of(bytes));
    json.put("pathBytes", Base64.getEncoder().encodeToString(bytes));
    return json;
  }

  /** The path that was kept; null where null was. */
  public static @Nullable Path path(JsonNode json) {
    return json.isNull() ? null : PathBytes.parse(text(json));
  }

  /** The text that was kept. */
  public static String text(JsonNode json) {
    return json instanceof ObjectNode object
        ? PathBytes.decode(Base64.getDecoder().decode(object.required("pathBytes").asString()))
        : json.asString();
  }
}
