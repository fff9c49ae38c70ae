package dev.mica.image;

import dev.mica.commit.ImageConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** The configuration of an image as its document says it. */
final class Configs {
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

  private Configs() {}

  /**
   * The digests of the layers' tars, the lowest first.
   *
   * @param bad makes the failure of a document that is none
   */
  static List<String> diffIds(byte[] document, Function<String, ? extends RuntimeException> bad) {
    JsonNode ids = json(document, bad).path("rootfs").path("diff_ids");
    List<String> all = new ArrayList<>();
    for (JsonNode id : ids) {
      if (!DIGEST.matcher(id.asString("")).matches()) {
        throw bad.apply("its configuration names the layer '" + id + "', which is no digest");
      }
      all.add(id.asString());
    }
    return all;
  }

  /** How a container of it runs. */
  static ImageConfig config(byte[] document, Function<String, ? extends RuntimeException> bad) {
    try {
      return ImageConfig.of(json(document, bad));
    } catch (IllegalArgumentException wrong) {
      throw bad.apply("its configuration is not as it has to be: " + wrong.getMessage());
    }
  }

  private static JsonNode json(byte[] document, Function<String, ? extends RuntimeException> bad) {
    JsonNode json = Json.read(document, why -> bad.apply("its configuration: " + why));
    if (!json.isObject()) {
      throw bad.apply("its configuration is no JSON object");
    }
    return json;
  }
}
