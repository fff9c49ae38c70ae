package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/**
 * A place: a local path, what an archive holds ({@code tar: zip:}), or a place of another host
 * ({@code sftp:}). It may be a directory or a single file, and need not exist yet.
 *
 * <p>Only local folders can be mounted or diffed; archives can be listed, read and copied out of,
 * and places of other hosts copied to as well. Every failure is a {@link MicaException} that names
 * the place.
 */
public sealed interface Folder extends LayerSource permits LocalFolder, ForeignFolder {
  /**
   * The place that {@code pathOrUri} names; a text with no known scheme is a local path, made
   * absolute. Nothing is opened.
   */
  static Folder of(String pathOrUri) {
    return of(Caller.ofProcess(), pathOrUri);
  }

  /**
   * The same as {@code caller} means it; what they may not change is refused, and so is what lies
   * outside of their roots.
   */
  static Folder of(Caller caller, String pathOrUri) {
    return PathOrUri.parse(caller, pathOrUri);
  }

  /** The local folder at {@code path}, made absolute. */
  static Folder of(Path path) {
    return of(Caller.ofProcess(), path);
  }

  /** The same for {@code caller}. */
  static Folder of(Caller caller, Path path) {
    return new LocalFolder(caller, path);
  }

  /** The absolute local path, or the URI; bytes that are not UTF-8 as {@code \xHH}. */
  String location();

  /** Whether it lies in this host's own file systems. */
  default boolean isLocal() {
    return this instanceof LocalFolder;
  }

  /** The absolute local path; fails, naming the place, where there is none. */
  Path path();

  /** The last component of the location. */
  String name();

  /**
   * The place below, {@code folder / 'etc/hosts'} in Groovy. {@code ..} may not lead above this.
   */
  Folder resolve(String relative);

  /** Whether anything is there; a dangling symlink counts as there. */
  boolean exists();

  /** Whether it is a directory, not following a symlink. */
  boolean isDirectory();

  /** What is directly in it, by name; the list is the caller's to change. */
  List<Entry> list();

  /**
   * What is in it at any depth, depth first, by name, itself left out; the list is the caller's to
   * change.
   */
  List<Entry> find(Predicate<Entry> wanted);

  /** It and what is below it as a drawing, at most {@code depth} levels and 1,000 lines. */
  String tree(int depth);

  /** The whole file as UTF-8. */
  String text();

  /** Writes the file anew, making the directories above it. Local only. */
  void write(String text);

  /** What turns this into {@code other}; lazily, anew at each iteration. Local only. */
  Diff diff(Folder other);

  /** The same, comparing the contents of files whose size and time agree. Local only. */
  Diff diffExact(Folder other);

  /** One SHA-256 over the whole tree, content and metadata, as {@code sha256:…}. Local only. */
  String digest();

  /**
   * Copies this, whatever is in it, to {@code target}, which must not exist; returns it. Between
   * local folders everything is kept (owners, xattrs, hard links, holes, nanoseconds), by reflink
   * where possible; owners and attributes that only root may give are left out for others. Out of
   * an archive what the archive holds. To or from another host types, contents, the permissions
   * without setuid and setgid, and the times in seconds; all becomes the user's who makes it there.
   */
  Folder copyTo(Folder target);

  /** Makes it a directory, and those above it. Local only. Returns itself. */
  Folder create();

  /** Removes it and everything below it, entering no mount. Absent is fine. Local only. */
  void delete();
}
