package dev.mica.image;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.commit.ImageConfig;
import dev.mica.commit.LayerStore;
import dev.mica.commit.TarRecord;
import dev.mica.core.Compression;
import dev.mica.core.LayerTar;
import dev.mica.core.Remark;
import dev.mica.core.Tars;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes an image of a commit. A commit that came as an image becomes the same image, byte for byte.
 * For others, the documents depend only on the record and the layers, so that a commit gives the
 * same digest on every machine.
 */
final class ImageBuilder {
  private final Caller caller;
  private final LayerStore store;
  private final Blobs blobs;
  private final BlobSink sink;
  private final Compression compression;
  private final List<String> remarks = new ArrayList<>();

  /**
   * Makes images for {@code caller}, of what they may reach. Layers without a blob are compressed
   * in that way and written: those of the commit itself to {@code sink}, and those that it stands
   * on to the store, because other commits have them too.
   */
  ImageBuilder(
      Caller caller, LayerStore store, Blobs blobs, BlobSink sink, Compression compression) {
    this.caller = caller;
    this.store = store;
    this.blobs = blobs;
    this.sink = sink;
    this.compression = compression;
  }

  /** The commit of that id as an image. */
  Image build(String id) {
    return build(id, sink);
  }

  private Image build(String id, BlobSink to) {
    LayerStore.Stack stack = store.stack(id);
    return stack.manifest().isPresent() ? asItCame(stack, stack.manifest().get()) : made(stack, to);
  }

  private MicaException bad(String id, String why) {
    return MicaException.failed("make an image of the commit", id, why);
  }

  private MicaException gone(String id, String digest) {
    return bad(id, "the blob " + digest + " that it came with is gone")
        .hint("load or pull it again");
  }

  private Image asItCame(LayerStore.Stack stack, String digest) {
    byte[] content = read(stack.id(), digest);
    JsonNode json = Json.read(content, why -> bad(stack.id(), "its manifest: " + why));
    String type = json.path("mediaType").asString(MediaTypes.OCI_MANIFEST);
    Descriptor self = new Descriptor(type, digest, content.length);
    Descriptor config = descriptor(stack.id(), json.path("config"));
    byte[] document = read(stack.id(), config.digest());
    List<String> diffIds = Configs.diffIds(document, why -> bad(stack.id(), why));
    List<Image.Layer> layers = new ArrayList<>();
    int index = 0;
    for (JsonNode one : json.path("layers")) {
      Descriptor blob = descriptor(stack.id(), one);
      Path file = blobs.find(blob).orElseThrow(() -> gone(stack.id(), blob.digest()));
      layers.add(new Image.Layer(blob, diffIds.get(index++), file));
    }
    List<Descriptor> all = layers.stream().map(Image.Layer::blob).toList();
    JsonNode parsed = Json.read(document, why -> bad(stack.id(), why));
    return new Image(
        new ImageManifest(self, content, config, all),
        document,
        layers,
        parsed.path("history").valueStream().toList(),
        List.of());
  }

  private Descriptor descriptor(String id, JsonNode json) {
    return Json.descriptor(json)
        .orElseThrow(() -> bad(id, "its manifest has a descriptor without a size"));
  }

  private byte[] read(String id, String digest) {
    Path file = blobs.describe(digest, "").flatMap(blobs::find).orElseThrow(() -> gone(id, digest));
    try {
      byte[] content = Files.readAllBytes(file);
      if (!Digests.of(content).equals(digest)) {
        throw bad(id, "the blob " + digest + " has changed").hint("load or pull it again");
      }
      return content;
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  private Image made(LayerStore.Stack stack, BlobSink to) {
    Optional<Image> parent = stack.parent().map(below -> build(below, blobs));
    List<Image.Layer> layers = new ArrayList<>();
    List<JsonNode> history = new ArrayList<>();
    if (parent.isPresent()) {
      layers.addAll(parent.get().layers());
      history.addAll(parent.get().history());
    } else {
      stack.below().forEach(path -> layers.add(layer(path, store.isLayer(path) ? blobs : to)));
    }
    stack.own().forEach(path -> layers.add(layer(path, to)));
    int known = parent.map(image -> image.layers().size()).orElse(0);
    for (int i = known; i < layers.size(); i++) {
      history.add(step(stack, i == layers.size() - 1));
    }
    byte[] config = Json.bytes(document(stack, layers, history));
    Descriptor is = new Descriptor(MediaTypes.OCI_CONFIG, Digests.of(config), config.length);
    to.keep(is, config);
    ObjectNode json = Records.object().put("schemaVersion", 2);
    json.put("mediaType", MediaTypes.OCI_MANIFEST);
    json.set("config", Json.descriptor(is));
    ArrayNode array = json.putArray("layers");
    layers.forEach(layer -> array.add(Json.descriptor(layer.blob())));
    byte[] content = Json.bytes(json);
    Descriptor self = new Descriptor(MediaTypes.OCI_MANIFEST, Digests.of(content), content.length);
    List<Descriptor> all = layers.stream().map(Image.Layer::blob).toList();
    return new Image(new ImageManifest(self, content, is, all), config, layers, history, remarks);
  }

  private static ObjectNode step(LayerStore.Stack stack, boolean top) {
    ObjectNode step = Records.object().put("created", stack.created().toString());
    step.put("created_by", "mica");
    if (top && !stack.message().isEmpty()) {
      step.put("comment", stack.message());
    }
    return step;
  }

  private static ObjectNode document(
      LayerStore.Stack stack, List<Image.Layer> layers, List<JsonNode> history) {
    ObjectNode json = Records.object().put("created", stack.created().toString());
    ImageConfig config = stack.config().orElseGet(ImageConfig::ofHost);
    ImageConfig.toJson(config)
        .properties()
        .forEach(each -> json.set(each.getKey(), each.getValue()));
    ObjectNode rootfs = json.putObject("rootfs").put("type", "layers");
    ArrayNode ids = rootfs.putArray("diff_ids");
    layers.forEach(layer -> ids.add(layer.diffId()));
    ArrayNode steps = json.putArray("history");
    history.forEach(steps::add);
    return json;
  }

  /** The blob of a layer or a folder: an existing one, or one that is made now. */
  private Image.Layer layer(Path path, BlobSink to) {
    Optional<TarRecord> known = store.tar(path);
    Optional<Image.Layer> there = known.flatMap(this::there);
    if (there.isPresent()) {
      known.get().remarks().forEach(remarks::add);
      return there.get();
    }
    if (known.filter(tar -> !tar.ours()).isPresent()) {
      throw gone(path.getFileName().toString(), known.get().diffId());
    }
    return write(path, to, known);
  }

  private Optional<Image.Layer> there(TarRecord tar) {
    String wanted = MediaTypes.layer(compression);
    return tar.blobs().stream()
        .filter(form -> !tar.ours() || form.mediaType().equals(wanted))
        .map(form -> new Descriptor(form.mediaType(), form.digest(), form.size()))
        .flatMap(blob ->
            sink.find(blob).or(() -> blobs.find(blob)).stream()
                .map(file -> new Image.Layer(blob, tar.diffId(), file)))
        .findFirst();
  }

  private Image.Layer write(Path path, BlobSink to, Optional<TarRecord> known) {
    Path part = to.newPart();
    try (Reached from = caller.reachRecorded(path)) {
      LayerTar tar = Tars.write(from.path(), part, compression, LayerForm.written());
      String type = MediaTypes.layer(compression);
      Descriptor blob = new Descriptor(type, tar.digest(), tar.packed());
      Path file = to.add(blob, part);
      List<String> said = tar.remarks().stream().map(Remark::toString).toList();
      remarks.addAll(said);
      TarRecord record = new TarRecord(tar.diffId(), tar.bytes(), true, List.of(), said);
      TarRecord.Blob form = new TarRecord.Blob(type, tar.digest(), tar.packed());
      store.putTar(
          path, known.filter(is -> is.diffId().equals(tar.diffId())).orElse(record).and(form));
      return new Image.Layer(blob, tar.diffId(), file);
    } finally {
      BlobSink.discard(part);
    }
  }
}
