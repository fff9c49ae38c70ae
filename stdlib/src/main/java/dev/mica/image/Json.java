package dev.mica.image;

import dev.mica.state.Records;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** JSON documents of images. */
final class Json {
  private Json() {}

  /** What {@code bytes} say; {@code bad} makes the failure of what is wrong in them. */
  static JsonNode read(byte[] bytes, Function<String, ? extends RuntimeException> bad) {
    try {
      return JsonMapper.shared().readTree(bytes);
    } catch (JacksonException wrong) {
      throw bad.apply("it is no JSON: " + wrong.getOriginalMessage());
    }
  }

  /** The document as bytes: no blanks, names in the order they were put. */
  static byte[] bytes(JsonNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  static ObjectNode descriptor(Descriptor of) {
    return Records.object()
        .put("mediaType", of.mediaType())
        .put("digest", of.digest())
        .put("size", of.size());
  }

  /** The descriptor in {@code json}; a size that is none is of no content. */
  static Optional<Descriptor> descriptor(JsonNode json) {
    JsonNode size = json.path("size");
    return size.isIntegralNumber() && size.canConvertToLong() && json.path("digest").isString()
        ? Optional.of(
            new Descriptor(
                json.path("mediaType").asString(""), json.get("digest").asString(), size.asLong()))
        : Optional.empty();
  }
}
