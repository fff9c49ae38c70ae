package dev.mica.image;

import dev.mica.job.Activity;
import dev.mica.state.Records;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes an image to an archive. */
final class ArchiveWriter {
  private static final int BUFFER = 1 << 20;

  private ArchiveWriter() {}

  /** An archive of OCI's form; {@code to} is closed. */
  static void oci(Image image, String name, TarOut to) {
    try (TarOut tar = to) {
      try {
        put(tar, LayoutTarget.LAYOUT, LayoutTarget.versionText());
        put(tar, blob(image.manifest().config()), image.config());
        Set<String> written = new HashSet<>();
        for (Image.Layer layer : image.layers()) {
          if (written.add(layer.blob().digest())) {
            put(tar, blob(layer.blob()), layer.file());
          }
        }
        put(tar, blob(image.manifest().self()), image.manifest().content());
        ObjectNode index = LayoutTarget.empty();
        index.putArray("manifests").add(LayoutTarget.entry(image.manifest().self(), name));
        put(tar, Layout.INDEX, Json.bytes(index));
        tar.finish();
      } catch (IOException broken) {
        throw tar.failed(broken);
      }
    }
  }

  private static String blob(Descriptor of) {
    return "blobs/sha256/" + of.hex();
  }

  /**
   * An archive as {@code docker load} takes it; layers that gzip compressed are plain in it. {@code
   * to} is closed.
   */
  static void docker(Image image, String name, TarOut to) {
    try (TarOut tar = to) {
      try {
        String config = image.manifest().config().hex() + ".json";
        put(tar, config, image.config());
        ObjectNode one = Records.object().put("Config", config);
        one.putArray("RepoTags").add(name);
        ArrayNode layers = one.putArray("Layers");
        Set<String> written = new HashSet<>();
        for (Image.Layer layer : image.layers()) {
          String path = new Descriptor("", layer.diffId(), 0).hex() + ".tar";
          layers.add(path);
          if (written.add(path)) {
            putPlain(tar, path, layer);
          }
        }
        ArrayNode all = tools.jackson.databind.json.JsonMapper.shared().createArrayNode().add(one);
        put(tar, DockerArchive.MANIFEST, Json.bytes(all));
        tar.finish();
      } catch (IOException broken) {
        throw tar.failed(broken);
      }
    }
  }

  private static void put(TarOut tar, String name, byte[] content) throws IOException {
    tar.put(name, content.length, new ByteArrayInputStream(content));
  }

  private static void put(TarOut tar, String name, Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      tar.put(name, Files.size(file), in);
    }
  }

  private static void putPlain(TarOut tar, String name, Image.Layer layer) throws IOException {
    if (!isGzip(layer.file())) {
      put(tar, name, layer.file());
      return;
    }
    long size = 0;
    try (Activity activity =
            Activity.begin(
                "uncompress " + layer.blob().digest(), OptionalLong.empty(), Activity.Work.NONE);
        InputStream in = gunzip(layer.file())) {
      byte[] buffer = new byte[BUFFER];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        size += n;
        activity.check();
      }
    }
    try (InputStream in = gunzip(layer.file())) {
      tar.put(name, size, in);
    }
  }

  private static InputStream gunzip(Path file) throws IOException {
    return new GZIPInputStream(Files.newInputStream(file), BUFFER);
  }

  private static boolean isGzip(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return MediaTypes.layer(in.readNBytes(4)).equals(MediaTypes.LAYER_GZIP);
    }
  }
}
