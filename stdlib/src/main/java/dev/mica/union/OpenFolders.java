package dev.mica.union;

import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The folders of a union. They are held open, and it was checked that they are those of its record.
 * A path in a record may lead elsewhere by now, because the owner of a folder on the way can change
 * it. So everything that is mounted, emptied, renamed or removed is reached through these.
 */
final class OpenFolders implements AutoCloseable {
  private final UnionRecord union;
  private final List<OpenDirectory> open = new ArrayList<>();
  private final List<OpenDirectory> lowers = new ArrayList<>();
  private @Nullable OpenDirectory upper;
  private @Nullable OpenDirectory besides;

  private OpenFolders(UnionRecord union) {
    this.union = union;
  }

  /** Lowers and upper; if one of them is another folder than before, it fails and names it. */
  static OpenFolders of(UnionRecord union) {
    OpenFolders folders = new OpenFolders(union);
    try {
      folders.openLayers();
      return folders;
    } catch (RuntimeException | Error failure) {
      folders.close();
      throw failure;
    }
  }

  /** The lowers alone, without {@code but}, for the time while the upper is at another path. */
  static OpenFolders lowersBut(UnionRecord union, Path but) {
    OpenFolders folders = new OpenFolders(union);
    try {
      folders.openLowers(but);
      return folders;
    } catch (RuntimeException | Error failure) {
      folders.close();
      throw failure;
    }
  }

  private void openLayers() {
    openLowers(null);
    if (union.upper() != null) {
      openUpper(union.upper());
    }
  }

  private void openLowers(@Nullable Path but) {
    for (int i = 0; i < union.lowers().size(); i++) {
      Path path = union.lowers().get(i);
      if (!path.equals(but)) {
        lowers.add(keep(require("lower", path, union.is().lowers().get(i))));
      }
    }
  }

  /** The folder around the upper is found from the upper itself, not by a path. */
  private void openUpper(Path path) {
    boolean shared = shared(path).isIn();
    Path real = shared(path).real();
    OpenDirectory found = keep(require("upper", real, Objects.requireNonNull(union.is().upper())));
    upper = found;
    OpenDirectory parent =
        keep(
            OpenDirectory.of(
                found.path().resolve(shared ? "../.." : ".."), path.resolveSibling("")));
    besides = parent;
    if (!shared) {
      try (OpenDirectory named = parent.child(path.getFileName())) {
        requireSame("upper", path, found.identity(), named.identity());
      }
    }
  }

  /**
   * The folder in which the union's upper lies, without looking at the upper; null if it is gone.
   */
  static @Nullable OpenDirectory besidesOf(UnionRecord union) {
    Path parent = Objects.requireNonNull(union.upper()).resolveSibling("");
    if (!Files.isDirectory(parent)) {
      return null;
    }
    OpenDirectory found = OpenDirectory.of(parent);
    Identity was = Objects.requireNonNull(union.is().besides());
    if (was.is(found.identity())) {
      return found;
    }
    found.close();
    throw another(union, "upper's folder", parent, was, found.identity());
  }

  private GuestUpper shared(Path path) {
    return new GuestUpper(path, GuestUpper.folderFor(path, union.name()));
  }

  private OpenDirectory require(String role, Path path, Identity is) {
    OpenDirectory found = OpenDirectory.of(path);
    try {
      requireSame(role, path, is, found.identity());
      return found;
    } catch (MicaException other) {
      found.close();
      throw other;
    }
  }

  private void requireSame(String role, Path path, Identity was, Identity is) {
    if (!was.is(is)) {
      throw another(union, role, path, was, is);
    }
  }

  static MicaException another(
      UnionRecord union, String role, Path path, Identity was, Identity is) {
    return MicaException.failed(
            "use the union",
            union.name(),
            "its "
                + role
                + " "
                + path
                + " is not the directory that it was made with ("
                + was
                + "), but another ("
                + is
                + ")")
        .hint("put that one back, or remove the union and make it again");
  }

  private OpenDirectory keep(OpenDirectory directory) {
    open.add(directory);
    return directory;
  }

  UnionRecord union() {
    return union;
  }

  List<Path> lowers() {
    return lowers.stream().map(OpenDirectory::path).toList();
  }

  /** The lowers themselves, topmost first; they are closed with this. */
  List<OpenDirectory> openLowers() {
    return List.copyOf(lowers);
  }

  /** The upper itself, at whatever path it is now. */
  OpenDirectory upper() {
    return Objects.requireNonNull(upper, "a read-only union has none");
  }

  boolean hasUpper() {
    return upper != null;
  }

  /** The folder that the upper's own path is in. */
  OpenDirectory besides() {
    return Objects.requireNonNull(besides, "a read-only union has no upper");
  }

  /** The upper by its own name in {@link #besides}. */
  Path upperByName() {
    return besides().path().resolve(Objects.requireNonNull(union.upper()).getFileName());
  }

  /** Upper and lowers, topmost first. */
  List<Path> stack() {
    List<Path> all = new ArrayList<>(lowers());
    if (upper != null) {
      all.addFirst(upper.path());
    }
    return all;
  }

  /** The same by their current paths, for use after they were closed. */
  List<Path> realStack() {
    List<Path> all = new ArrayList<>(union.lowers());
    if (upper != null) {
      all.addFirst(upper.realPath());
    }
    return all;
  }

  @Override
  public void close() {
    open.reversed().forEach(OpenDirectory::close);
    open.clear();
  }
}
