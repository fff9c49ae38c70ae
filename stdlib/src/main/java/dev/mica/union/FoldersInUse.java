package dev.mica.union;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.StateDir;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What who lets somebody write to a folder has to know: which directory a path leads to, and what
 * lies in it that nobody else may write to. No object that a script is given leads here.
 */
public final class FoldersInUse {
  private final StateDir state;
  private final ResolvedPath.Finder finder = new ResolvedPath.Finder();

  /** Beside the unions that {@code state} keeps, as it is now. */
  public FoldersInUse(StateDir state) {
    this.state = state;
  }

  /**
   * Opens the directory that a path leads to, for as long as it is used; it is called by its real
   * path. A symlink that a user owns may only lead to what is that user's. Otherwise it fails to be
   * {@code doing} {@code what}.
   */
  public static <T> T opened(String doing, String what, Path path, Function<OpenDirectory, T> use) {
    Path named = PathBytes.absolute(path).normalize();
    try {
      SafePath.Resolved resolved = SafePath.resolve(named);
      if (!Files.isDirectory(resolved.path())) {
        throw MicaException.failed(doing, what, "its folder " + path + " is not a directory");
      }
      try (OpenDirectory directory = OpenDirectory.of(resolved.path())) {
        if (!directory.realPath().equals(resolved.path())) {
          throw refused(doing, what, path, "was exchanged for something else just now");
        }
        for (int user : resolved.strangers()) {
          if (user != directory.owner()) {
            String why = "leads through a symlink of the user " + user;
            throw refused(doing, what, path, why + " to a folder that is not his");
          }
        }
        return use.apply(directory);
      }
    } catch (IOException gone) {
      throw MicaException.failed(doing, what, "its folder " + path + ": " + Why.of(gone))
          .because(gone);
    }
  }

  private static MicaException refused(String doing, String what, Path path, String why) {
    return MicaException.failed(doing, what, "its folder " + path + " " + why)
        .hint("name the folder itself, without symlinks");
  }

  /**
   * What is in that directory, or has it in it, and must not be written to by others: Mica's own
   * store, what unions and other overlays write to, and {@code others}.
   *
   * @param others paths, and what they are
   * @return for people, with its path; empty where nothing is in the way
   */
  public Optional<String> inTheWayOf(OpenDirectory folder, Map<Path, String> others) {
    Map<Path, String> used = new LinkedHashMap<>(store());
    others.forEach((path, what) -> used.putIfAbsent(path, what + " " + path));
    UsedPath.all(state.records("unions").all(UnionRecord::of).complete())
        .forEach(each -> used.putIfAbsent(each.path(), "the " + each));
    return overlapping(folder, used);
  }

  /** The same of what others must not even read: Mica's own store has the disks of all VMs. */
  public Optional<String> storeInTheWayOf(OpenDirectory folder) {
    return overlapping(folder, store());
  }

  private Map<Path, String> store() {
    return Map.of(state.path(), "Mica's own store " + state.path());
  }

  private Optional<String> overlapping(OpenDirectory folder, Map<Path, String> used) {
    ResolvedPath resolved = resolved(folder.realPath()).orElseThrow();
    return used.entrySet().stream()
        .filter(each -> resolved(each.getKey()).filter(resolved::overlaps).isPresent())
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** None of a path that leads nowhere any more: it is in nobody's way. */
  private Optional<ResolvedPath> resolved(Path path) {
    try {
      return Optional.of(finder.of(path));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }
}
