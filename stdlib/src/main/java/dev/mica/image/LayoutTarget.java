package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import dev.mica.state.Records;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** An OCI layout in a directory, which may have other images already. */
final class LayoutTarget implements ImageTarget {
  static final String LAYOUT = "oci-layout";
  static final String VERSION = "{\"imageLayoutVersion\":\"1.0.0\"}";

  private final Path directory;
  private final Path blobs;

  private LayoutTarget(Path directory) {
    this.directory = directory;
    this.blobs = directory.resolve("blobs/sha256");
  }

  /** The one at {@code directory}, which is made; a directory of anything else is refused. */
  static LayoutTarget at(Path directory) {
    LayoutTarget target = new LayoutTarget(directory);
    try {
      Path version = directory.resolve(LAYOUT);
      if (!Files.exists(version)) {
        requireEmpty(directory);
        Files.createDirectories(target.blobs);
        Files.writeString(version, VERSION);
      }
      Files.createDirectories(target.blobs);
      return target;
    } catch (IOException broken) {
      throw target.failed(broken);
    }
  }

  private static void requireEmpty(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> entries = Files.list(directory)) {
      if (entries.findAny().isPresent()) {
        throw MicaException.failed(
                "save to", directory, "it has something in it, and is no OCI layout")
            .hint("choose an empty directory, or one that is not there");
      }
    }
  }

  private MicaException failed(IOException broken) {
    return MicaException.failed("save to", directory, Why.of(broken)).because(broken);
  }

  @Override
  public String label() {
    return directory.toString();
  }

  @Override
  public boolean has(Descriptor blob) {
    try {
      Path file = blobs.resolve(blob.hex());
      return Files.isRegularFile(file) && Files.size(file) == blob.size();
    } catch (IOException gone) {
      return false;
    }
  }

  @Override
  public void put(Descriptor blob, Path file) {
    Path part = blobs.resolve(".mica-" + ProcessHandle.current().pid());
    try {
      Files.deleteIfExists(part);
      Files.copy(file, part);
      publish(part, blobs.resolve(blob.hex()));
    } catch (IOException broken) {
      throw failed(broken);
    } finally {
      remove(part);
    }
  }

  /** The same of a blob that is in memory. */
  void putContent(Descriptor blob, byte[] content) {
    try {
      write(blobs.resolve(blob.hex()), content);
    } catch (IOException broken) {
      throw failed(broken);
    }
  }

  private static void publish(Path part, Path file) throws IOException {
    try (FileChannel written = FileChannel.open(part, StandardOpenOption.WRITE)) {
      written.force(true);
    }
    Durable.move(part, file);
  }

  private static void remove(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException broken) {
      throw MicaException.failed("remove", part, Why.of(broken)).because(broken);
    }
  }

  @Override
  public void putManifest(Descriptor manifest, byte[] content, String tag) {
    try (FileChannel alone = FileChannel.open(directory.resolve(LAYOUT), StandardOpenOption.WRITE);
        FileLock _ = alone.lock()) {
      write(blobs.resolve(manifest.hex()), content);
      write(directory.resolve(Layout.INDEX), Json.bytes(index(manifest, tag)));
    } catch (IOException broken) {
      throw failed(broken);
    }
  }

  private void write(Path file, byte[] content) throws IOException {
    Path part = directory.resolve(".mica-" + ProcessHandle.current().pid());
    try {
      Files.write(part, content);
      publish(part, file);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** The index with this image, in the place of one that was called so. */
  private ObjectNode index(Descriptor manifest, String tag) {
    Optional<byte[]> old = new FolderFiles(directory).read(Layout.INDEX, Limits.DOCUMENT);
    ObjectNode index = empty();
    ArrayNode all = index.putArray("manifests");
    if (old.isPresent()) {
      JsonNode json = Json.read(old.get(), why -> failed(new IOException("its index: " + why)));
      json.path("manifests")
          .valueStream()
          .filter(one -> !one.path("annotations").path(Layout.NAME).asString("").equals(tag))
          .forEach(all::add);
    }
    all.add(entry(manifest, tag));
    return index;
  }

  static ObjectNode empty() {
    return Records.object().put("schemaVersion", 2).put("mediaType", MediaTypes.OCI_INDEX);
  }

  static ObjectNode entry(Descriptor manifest, String tag) {
    ObjectNode entry = Json.descriptor(manifest);
    entry.putObject("annotations").put(Layout.NAME, tag);
    return entry;
  }

  static byte[] version() {
    return VERSION.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {}
}
