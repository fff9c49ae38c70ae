package dev.mica.image;

import dev.mica.access.Reached;
import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.core.ScratchDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import dev.mica.state.Records;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An OCI layout in a directory, which may have other images already. Blobs are written first; each
 * is flushed and then renamed. The index makes the image visible. It is written after the names of
 * all blobs are flushed, too.
 *
 * <p>The directory may be somebody else's: it is opened once, no link in it is followed, and what
 * is written has its name only when it is whole.
 */
final class LayoutTarget implements BlobSink, AutoCloseable {
  static final String LAYOUT = "oci-layout";
  private static final String MODE = "rwxr-xr-x";
  static final String VERSION = "{\"imageLayoutVersion\":\"1.0.0\"}";

  private static final AtomicLong NUMBER = new AtomicLong();

  private final Reached directory;
  private @Nullable Opened opened;

  private LayoutTarget(Reached directory) {
    this.directory = directory;
  }

  /** What is written to, open. */
  private record Opened(OpenDirectory top, OpenDirectory blobs, ScratchDirectory scratch)
      implements AutoCloseable {
    static Opened of(Reached directory) throws IOException {
      OpenDirectory top =
          directory.isDirectory()
              ? OpenDirectory.of(directory.path().resolve("."), directory.named())
              : made(directory);
      try {
        return of(top, new ScratchDirectory(top));
      } catch (IOException | RuntimeException failure) {
        top.close();
        throw failure;
      }
    }

    /** What we make is no link: somebody else has put that there meanwhile. */
    private static OpenDirectory made(Reached directory) throws IOException {
      Durable.makeDirectories(directory.path().resolveSibling(""), MODE);
      try (OpenDirectory above = directory.openParent()) {
        return child(above, directory.named().getFileName().toString());
      }
    }

    private static Opened of(OpenDirectory top, ScratchDirectory scratch) throws IOException {
      try {
        if (!Files.exists(top.path().resolve(LAYOUT), LinkOption.NOFOLLOW_LINKS)) {
          replace(top, scratch, LAYOUT, versionText()); // first: a killed process leaves a layout
        }
        try (OpenDirectory all = child(top, "blobs")) {
          return new Opened(top, child(all, "sha256"), scratch);
        }
      } catch (IOException | RuntimeException failure) {
        scratch.close();
        throw failure;
      }
    }

    private static OpenDirectory child(OpenDirectory in, String name) throws IOException {
      Path path = in.path().resolve(name);
      Durable.makeDirectories(path, MODE);
      return OpenDirectory.of(path, in.openedBy().resolve(name));
    }

    @Override
    public void close() {
      scratch.close();
      blobs.close();
      top.close();
    }
  }

  /**
   * The layout at {@code directory}, which is made when the first blob comes; a directory with
   * anything else is refused.
   */
  static LayoutTarget at(Reached directory) {
    LayoutTarget target = new LayoutTarget(directory);
    try {
      if (directory.isDirectory()) {
        target.requireLayout();
      } else if (directory.isThere()) {
        throw new NotDirectoryException(directory.toString());
      }
      return target;
    } catch (IOException broken) {
      throw target.failed(broken);
    }
  }

  private Path version() {
    return directory.path().resolve(LAYOUT);
  }

  private void requireLayout() throws IOException {
    if (!Files.exists(version(), LinkOption.NOFOLLOW_LINKS)) {
      requireEmpty();
    } else if (!Files.isRegularFile(version(), LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("its " + LAYOUT + " is no file");
    }
  }

  private void requireEmpty() throws IOException {
    Core.cleanScratch(directory.path());
    try (Stream<Path> entries = Files.list(directory.path())) {
      if (!entries.allMatch(ScratchDirectory::isOne)) { // of one who writes there now
        throw MicaException.failed(
                "save to", directory, "it has something in it, and is no OCI layout")
            .hint("choose an empty directory, or one that is not there");
      }
    }
  }

  private Opened open() {
    Opened now = opened;
    if (now != null) {
      return now;
    }
    try {
      now = Opened.of(directory);
      opened = now;
      return now;
    } catch (IOException broken) {
      throw failed(broken);
    }
  }

  private MicaException failed(IOException broken) {
    return MicaException.failed("save to", directory, Why.of(broken)).because(broken);
  }

  @Override
  public Optional<Path> find(Descriptor blob) {
    if (opened == null && !(directory.isDirectory() && Files.exists(version()))) {
      return Optional.empty();
    }
    Path file = open().blobs.path().resolve(blob.hex());
    try {
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) == blob.size()
          ? Optional.of(file)
          : Optional.empty();
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  @Override
  public Path newPart() {
    return open().scratch.path().resolve(Long.toString(NUMBER.incrementAndGet()));
  }

  @Override
  public Path add(Descriptor blob, Path part) {
    Path file = open().blobs.path().resolve(blob.hex());
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
    Opened now = open();
    try {
      Durable.syncDirectory(now.blobs.path());
      try (FileChannel alone =
              FileChannel.open(
                  now.top.path().resolve(LAYOUT),
                  StandardOpenOption.WRITE,
                  LinkOption.NOFOLLOW_LINKS);
          FileLock _ = alone.lock()) {
        byte[] index = Json.bytes(index(now, image.manifest().self(), name));
        replace(now.top, now.scratch, Layout.INDEX, index);
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

  private static void replace(
      OpenDirectory top, ScratchDirectory scratch, String name, byte[] content) throws IOException {
    Path part = scratch.path().resolve(name);
    try {
      Durable.writePart(part, content);
      Files.move(part, top.path().resolve(name), StandardCopyOption.ATOMIC_MOVE);
      Durable.syncDirectory(top.path());
    } finally {
      BlobSink.discard(part);
    }
  }

  /** The index with this image, in the place of an image that had the name. */
  private ObjectNode index(Opened now, Descriptor manifest, String name) {
    Optional<byte[]> old = new FolderFiles(now.top).read(Layout.INDEX, Limits.DOCUMENT);
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

  static byte[] versionText() {
    return VERSION.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    Opened now = opened;
    if (now != null) {
      now.close();
    }
  }
}
