package dev.mica.image;

import dev.mica.failure.MicaException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Images in a directory or an archive, each of which has a key of the source's own. */
interface LocalSource extends ImageSource {
  /**
   * One of its images.
   *
   * @param key what {@link #manifest} is asked for
   * @param names what it says it is called; none: it does not say
   */
  record Named(String key, List<String> names) {}

  /** All of them. */
  List<Named> images();

  /**
   * Opens what lies at {@code file}: a layout's directory, or an archive of OCI's or Docker's form.
   */
  static LocalSource open(Path file, Blobs blobs) {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw MicaException.failed("load", file, "there is nothing there");
    }
    if (!Files.isDirectory(file) && !Files.isRegularFile(file)) {
      throw MicaException.failed("load", file, "it is neither a file nor a directory");
    }
    NamedFiles files = Files.isDirectory(file) ? new FolderFiles(file) : TarFiles.of(file, blobs);
    boolean done = false;
    try {
      LocalSource source = of(files);
      done = true;
      return source;
    } finally {
      if (!done) {
        files.close();
      }
    }
  }

  private static LocalSource of(NamedFiles files) {
    Optional<byte[]> index = files.read(Layout.INDEX, Limits.DOCUMENT);
    if (index.isPresent()) {
      return new Layout(files, index.get());
    }
    Optional<byte[]> manifest = files.read(DockerArchive.MANIFEST, Limits.DOCUMENT);
    if (manifest.isPresent()) {
      return DockerArchive.of(files, manifest.get());
    }
    throw files
        .bad("it has neither index.json, as OCI's layouts have, nor manifest.json, as Docker's")
        .hint("a root folder or a tar of one is taken by 'mica commit import'");
  }
}
