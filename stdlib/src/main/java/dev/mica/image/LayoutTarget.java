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
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An OCI layout in a directory, which may have other images already. Blobs are written first; each
 * is flushed and then renamed. The index makes the image visible. It is written after the names of
 * all blobs are flushed, too.
 */
final class LayoutTarget implements BlobSink {
  static final String LAYOUT = "oci-layout";
  private static final String MODE = "rwxr-xr-x";
  static final String VERSION = "{\"imageLayoutVersion\":\"1.0.0\"}";

  private static final AtomicLong NUMBER = new AtomicLong();

  private final Path directory;
  private final Path blobs;
  private boolean made;

  private LayoutTarget(Path directory) {
    this.directory = directory;
    this.blobs = directory.resolve("blobs/sha256");
  }

  /**
   * The layout at {@code directory}, which is made when the first blob comes; a directory with
   * anything else is refused.
   */
  static LayoutTarget at(Path directory) {
    LayoutTarget target = new LayoutTarget(directory);
    try {
      if (!Files.exists(directory.resolve(LAYOUT))) {
        requireEmpty(directory);
      }
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
      if (!entries.allMatch(StaleParts::isStale)) {
        throw MicaException.failed(
                "save to", directory, "it has something in it, and is no OCI layout")
            .hint("choose an empty directory, or one that is not there");
      }
    }
  }

  private void make() {
    if (made) {
      return;
    }
    try {
      Durable.makeDirectories(directory.toAbsolutePath(), MODE);
      Path version = directory.resolve(LAYOUT);
      if (!Files.exists(version)) { // first, so that a killed process leaves a layout
        replace(version, VERSION.getBytes(StandardCharsets.UTF_8));
      }
      Durable.makeDirectories(blobs.toAbsolutePath(), MODE);
      StaleParts.removeIn(directory);
      StaleParts.removeIn(blobs);
      made = true;
    } catch (IOException broken) {
      throw failed(broken);
    }
  }

  private MicaException failed(IOException broken) {
    return MicaException.failed("save to", directory, Why.of(broken)).because(broken);
  }

  @Override
  public Optional<Path> find(Descriptor blob) {
    Path file = blobs.resolve(blob.hex());
    try {
      return Files.isRegularFile(file) && Files.size(file) == blob.size()
          ? Optional.of(file)
          : Optional.empty();
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  @Override
  public Path newPart() {
    make();
    Path part = StaleParts.part(blobs, NUMBER.incrementAndGet());
    BlobSink.discard(part); // left by a dead process that had the same number
    return part;
  }

  @Override
  public Path add(Descriptor blob, Path part) {
    Path file = blobs.resolve(blob.hex());
    try {
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      return file;
    } catch (IOException broken) {
      throw failed(broken);
    }
  }

  /** It comes with the image. */
  @Override
  public void keep(Descriptor document, byte[] content) {}

  /** Adds the image under that name, in the place of an image that had it. */
  void put(Image image, String name) {
    for (Image.Layer layer : image.layers()) {
      if (find(layer.blob()).isEmpty()) {
        copy(layer.blob(), layer.file());
      }
    }
    write(image.manifest().config(), image.config());
    write(image.manifest().self(), image.manifest().content());
    try {
      Durable.syncDirectory(blobs);
      try (FileChannel alone =
              FileChannel.open(directory.resolve(LAYOUT), StandardOpenOption.WRITE);
          FileLock _ = alone.lock()) {
        replace(directory.resolve(Layout.INDEX), Json.bytes(index(image.manifest().self(), name)));
      }
    } catch (IOException broken) {
      throw failed(broken);
    }
  }

  private void copy(Descriptor blob, Path file) {
    Path part = newPart();
    try {
      Files.copy(file, part);
      try (FileChannel written = FileChannel.open(part, StandardOpenOption.WRITE)) {
        written.force(true);
      }
      Path _ = add(blob, part);
    } catch (IOException broken) {
      throw failed(broken);
    } finally {
      BlobSink.discard(part);
    }
  }

  private void write(Descriptor blob, byte[] content) {
    Path part = newPart();
    try {
      Durable.writePart(part, content);
      Path _ = add(blob, part);
    } catch (IOException broken) {
      throw failed(broken);
    } finally {
      BlobSink.discard(part);
    }
  }

  private void replace(Path file, byte[] content) throws IOException {
    Path part = StaleParts.part(directory, NUMBER.incrementAndGet());
    try {
      Durable.writePart(part, content);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      Durable.syncDirectory(directory);
    } finally {
      BlobSink.discard(part);
    }
  }

  /** The index with this image, in the place of an image that had the name. */
  private ObjectNode index(Descriptor manifest, String name) {
    Optional<byte[]> old = new FolderFiles(directory).read(Layout.INDEX, Limits.DOCUMENT);
    ObjectNode index = empty();
    ArrayNode all = index.putArray("manifests");
    if (old.isPresent()) {
      JsonNode json = Json.read(old.get(), why -> failed(new IOException("its index: " + why)));
      json.path("manifests")
          .valueStream()
          .filter(one -> !one.path("annotations").path(Layout.NAME).asString("").equals(name))
          .forEach(all::add);
    }
    all.add(entry(manifest, name));
    return index;
  }

  static ObjectNode empty() {
    return Records.object().put("schemaVersion", 2).put("mediaType", MediaTypes.OCI_INDEX);
  }

  static ObjectNode entry(Descriptor manifest, String name) {
    ObjectNode entry = Json.descriptor(manifest);
    entry.putObject("annotations").put(Layout.NAME, name);
    return entry;
  }

  static byte[] version() {
    return VERSION.getBytes(StandardCharsets.UTF_8);
  }
}
