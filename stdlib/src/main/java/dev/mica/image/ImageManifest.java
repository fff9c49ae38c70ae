package dev.mica.image;

import dev.mica.failure.MicaException;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What one image is made of, as its manifest says.
 *
 * @param self of the manifest's own bytes
 * @param content those bytes, as they came
 * @param config the blob with the configuration
 * @param layers the blobs of the layers, the lowest first
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ImageManifest(Descriptor self, byte[] content, Descriptor config, List<Descriptor> layers) {
  /** An index may be one of indexes. */
  private static final int DEEPEST = 3;

  public ImageManifest {
    content = content.clone();
    layers = List.copyOf(layers);
  }

  @Override
  public byte[] content() {
    return content.clone();
  }

  /** One of the images that an index has. */
  private record Listed(Descriptor self, Optional<Platform> platform) {}

  /**
   * The manifest of the image of that name that is for {@code wanted}. Fails, naming those there
   * are, if an index has none; and where a document is not what its descriptor says, or is two
   * things at once.
   */
  public static ImageManifest find(ImageSource source, String tagOrDigest, Platform wanted) {
    String name = source.label() + (tagOrDigest.startsWith("sha256:") ? "@" : ":") + tagOrDigest;
    ImageSource.Document document = source.manifest(tagOrDigest);
    for (int depth = 0; depth < DEEPEST; depth++) {
      JsonNode json = json(document, name);
      String type = type(document, json, name);
      if (MediaTypes.isManifest(type)) {
        return of(document, json, type, name);
      }
      Descriptor child = Platform.choose(name, listed(json, name), Listed::platform, wanted).self();
      document = source.manifest(child.digest());
      compare(child, document.content(), name);
    }
    throw bad(name, "it is an index of indexes of indexes");
  }

  private static JsonNode json(ImageSource.Document document, String name) {
    try {
      JsonNode json = JsonMapper.shared().readTree(document.content());
      if (!json.isObject()) {
        throw bad(name, "its manifest is no JSON object");
      }
      return json;
    } catch (JacksonException wrong) {
      throw bad(name, "its manifest is no JSON: " + wrong.getOriginalMessage()).because(wrong);
    }
  }

  /** By its own word, which must be that of the source and fit what is in it (CVE-2021-41190). */
  private static String type(ImageSource.Document document, JsonNode json, String name) {
    boolean one = json.has("layers") || json.has("config");
    boolean many = json.has("manifests");
    if (one && many) {
      throw bad(name, "its manifest is that of an image and of an index at once");
    }
    if (json.has("fsLayers") || (!one && !many)) {
      throw bad(name, "its manifest is neither OCI's nor Docker's version 2, schema 2");
    }
    String said = json.path("mediaType").asString("");
    String sent = document.mediaType();
    boolean known = MediaTypes.isManifest(sent) || MediaTypes.isIndex(sent);
    if (!said.isEmpty() && known && !said.equals(sent)) {
      throw bad(name, "its manifest is sent as " + sent + " and calls itself " + said);
    }
    String type =
        !said.isEmpty()
            ? said
            : known ? sent : one ? MediaTypes.OCI_MANIFEST : MediaTypes.OCI_INDEX;
    if (one ? !MediaTypes.isManifest(type) : !MediaTypes.isIndex(type)) {
      throw bad(name, "its manifest calls itself " + type + ", and what is in it is another");
    }
    return type;
  }

  private static ImageManifest of(
      ImageSource.Document document, JsonNode json, String type, String name) {
    byte[] content = document.content();
    return new ImageManifest(
        new Descriptor(type, Digests.of(content), content.length),
        content,
        descriptor(json.path("config"), name),
        json.path("layers").valueStream().map(layer -> descriptor(layer, name)).toList());
  }

  private static List<Listed> listed(JsonNode json, String name) {
    return json.path("manifests")
        .valueStream()
        .map(each -> new Listed(descriptor(each, name), platform(each.path("platform"))))
        .toList();
  }

  private static Descriptor descriptor(JsonNode json, String name) {
    JsonNode size = json.path("size");
    if (!size.isIntegralNumber() || !size.canConvertToLong()) {
      throw bad(name, "one of its descriptors has no size");
    }
    return new Descriptor(
        json.path("mediaType").asString(""), json.path("digest").asString(""), size.asLong());
  }

  private static Optional<Platform> platform(JsonNode json) {
    String os = json.path("os").asString("");
    String architecture = json.path("architecture").asString("");
    return os.isEmpty() || architecture.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Platform(os, architecture, Optional.of(json.path("variant").asString(""))));
  }

  private static void compare(Descriptor child, byte[] content, String name) {
    if (content.length != child.size() || !Digests.of(content).equals(child.digest())) {
      throw bad(name, "the manifest " + child.digest() + " in its index has other bytes");
    }
  }

  private static MicaException bad(String name, String why) {
    return MicaException.failed("read the manifest of", name, why);
  }
}
