package dev.mica.commit;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** How images come into the store and leave it; the commit store's own door to that room. */
public interface Exchange {
  /**
   * Makes commits of the images in an archive or a layout.
   *
   * @param as what the image is to be called, of which there must be one then
   * @param platform {@code OS/ARCHITECTURE}; empty: this host's
   */
  Loaded load(Reached file, Optional<String> as, Optional<String> platform);

  /** Likewise of the images in an archive that a stream has; it is read to its end. */
  Loaded load(InputStream archive, Optional<String> as, Optional<String> platform);

  /**
   * What a text means if it is a reference to an image: one that says a host, a tag or a digest, as
   * a mistyped path or name does not.
   */
  Optional<Meant> meant(String text);

  /**
   * Makes a commit of an image of a registry, or of a commit of another Mica.
   *
   * @param caller whose variables lead to their configuration and credentials
   * @param reference {@code HOST/NAME:TAG}, or {@code ssh://HOST/NAME:TAG}
   * @param as what it is to be called; empty: as the reference says
   * @param platform {@code OS/ARCHITECTURE}; empty: this host's
   */
  Loaded pull(Caller caller, String reference, Optional<String> as, Optional<String> platform);

  /**
   * Gives a commit to a registry as an image, or to another Mica.
   *
   * @param caller as in {@link #pull}; and they may reach the folders that the commit stands on
   * @param origins of it and of those it stands on: a registry that it came from may have its blobs
   * @param compression as in {@link #save}
   */
  Pushed push(Caller caller, String id, List<String> origins, String reference, String compression);

  /**
   * Makes a commit of an image that another Mica sends, and is asked for those of its blobs that
   * are not here.
   *
   * @param caller who pushes it
   * @param in what the other Mica says, and {@code out} what it is told
   */
  Loaded receive(Caller caller, String ref, InputStream in, OutputStream out);

  /**
   * Gives a commit to another Mica, which asks for those of its blobs that it lacks.
   *
   * @param caller as in {@link #push}
   * @param label what the commit is called
   * @param in what the other Mica says, and {@code out} what it is told
   * @return remarks on what the format cannot hold
   */
  List<String> send(Caller caller, String id, String label, InputStream in, OutputStream out);

  /**
   * Makes a commit of a folder, or of a tar of one.
   *
   * @param changes of its configuration: {@code ENV LANG=C}
   */
  Loaded importFolder(Reached folderOrTar, String ref, String message, List<String> changes);

  /**
   * Writes a commit as an image.
   *
   * @param caller as in {@link #push}
   * @param name what the image is called in the file
   * @param format what is written: {@code oci}, {@code docker} or {@code layout}
   * @param compression of layers that have no blob yet: {@code gzip}, {@code zstd} or {@code none}
   */
  Saved save(
      Caller caller, String id, String name, Reached file, String format, String compression);

  /**
   * Likewise, to a stream, which stays open.
   *
   * @param format {@code oci} or {@code docker}
   */
  Saved save(
      Caller caller,
      String id,
      String name,
      OutputStream archive,
      String format,
      String compression);

  /**
   * Removes what nothing needs any more; returns what was removed.
   *
   * @param manifests of the commits there are
   * @param blobs the forms of the layers there are
   */
  List<String> collect(Set<String> manifests, Set<String> blobs);

  /**
   * Commits that were made of images.
   *
   * @param ids of the commits
   * @param remarks on what the store has not as the image says it, one line each
   */
  record Loaded(List<String> ids, List<String> remarks) {
    /** Copies the lists. */
    public Loaded {
      ids = List.copyOf(ids);
      remarks = List.copyOf(remarks);
    }
  }

  /**
   * An image that was written.
   *
   * @param manifest its digest
   * @param remarks on what the format cannot hold, one line each
   */
  record Saved(Path file, String manifest, List<String> remarks) {
    /** Copies the list. */
    public Saved {
      remarks = List.copyOf(remarks);
    }
  }

  /**
   * An image of a registry, as commits of it show it.
   *
   * @param origin of a commit that was made of it
   * @param ref what such a commit is called unless that is said
   */
  record Meant(String origin, String ref) {}

  /**
   * An image that a registry has.
   *
   * @param reference where it is: {@code HOST/NAME:TAG}
   * @param manifest its digest
   * @param remarks on what the format cannot hold, one line each
   */
  record Pushed(String reference, String manifest, List<String> remarks) {
    /** Copies the list. */
    public Pushed {
      remarks = List.copyOf(remarks);
    }
  }
}
