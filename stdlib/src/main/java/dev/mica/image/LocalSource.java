package dev.mica.image;

import dev.mica.access.Reached;
import dev.mica.failure.MicaException;
import java.io.InputStream;
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
  static LocalSource open(Reached file, Blobs blobs) {
    if (!file.isThere()) {
      throw MicaException.failed("load", file, "there is nothing there");
    }
    boolean folder = file.isDirectory();
    if (!folder && !file.isFile()) {
      throw MicaException.failed("load", file, "it is neither a file nor a directory");
    }
    return open(folder ? FolderFiles.of(file) : TarFiles.of(file, blobs));
  }

  /** Opens the archive that a stream has, likewise. */
  static LocalSource open(InputStream archive, Blobs blobs) {
    return open(TarFiles.of(archive, blobs));
  }

  private static LocalSource open(NamedFiles files) {
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
