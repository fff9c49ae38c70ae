package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.access.Role;
import dev.mica.core.Core;
import dev.mica.core.LayerFlag;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import dev.mica.text.Printable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A file or folder in this host's own file systems.
 *
 * @param caller the caller who has it, and who may change what the caller's role allows
 * @param path absolute, without {@code .} and {@code ..}
 */
record LocalFolder(Caller caller, Path path) implements Folder {
  LocalFolder {
    path = PathBytes.absolute(caller.folder().resolve(path)).normalize();
  }

  /** A folder that {@code caller} has named; fails if the caller may not use it. */
  static LocalFolder named(Caller caller, Path path) {
    LocalFolder folder = new LocalFolder(caller, path);
    caller.requireReach(folder.path);
    return folder;
  }

  private void change(String doing, Runnable body) {
    caller.run(Role.OPERATOR, doing, path, body);
  }

  @Override
  public String location() {
    return PathBytes.printable(path);
  }

  @Override
  public String name() {
    return Printable.of(PathBytes.ofName(path));
  }

  @Override
  public Folder resolve(String relative) {
    return named(caller, path.resolve(PathOrUri.below(relative, location())));
  }

  /** Does something with it by a path that leads to what the caller may reach, and only there. */
  private <T> T reached(Function<Reached, T> use) {
    try (Reached reached = caller.reach(path)) {
      return use.apply(reached);
    }
  }

  @Override
  public boolean exists() {
    try (Reached reached = caller.reachName(path)) {
      return exists(reached.path());
    }
  }

  private boolean exists(Path path) {
    try {
      Files.readAttributes(path, "fileKey", LinkOption.NOFOLLOW_LINKS);
      return true;
    } catch (NoSuchFileException nothing) {
      return false;
    } catch (IOException e) {
      if (Stat.isNoDirectoryAbove(e)) {
        return false;
      }
      throw Failures.of("look at", path, e);
    }
  }

  @Override
  public boolean isDirectory() {
    try (Reached reached = caller.reachName(path)) {
      return exists(reached.path()) && Files.isDirectory(reached.path(), LinkOption.NOFOLLOW_LINKS);
    }
  }

  @Override
  public List<Entry> list() {
    return reached(reached -> {
      requireDirectory("list", reached);
      return Listing.of(reached);
    });
  }

  /**
   * Lists it by a diff from an empty tree, which streams, keeps the bytes of names, has no limit of
   * depth, can be cancelled, and reads directories in parallel.
   */
  @Override
  public List<Entry> find(Predicate<Entry> wanted) {
    requireDirectory("search");
    try (Stream<Entry> all =
        DiffStream.stream(
            () -> Trees.named(caller, Tree.EMPTY, Tree.plain(path)), false, Listing::entry)) {
      return all.filter(entry -> !entry.path().equals(Name.ROOT))
          .filter(wanted)
          .collect(Collectors.toCollection(ArrayList::new));
    }
  }

  @Override
  public String tree(int depth) {
    if (!exists()) {
      throw MicaException.failed("draw", path, "nothing is there");
    }
    return reached(reached -> Listing.tree(reached, depth));
  }

  @Override
  public String text() {
    return reached(LocalText::read);
  }

  @Override
  public void write(String text) {
    change("write", () -> LocalText.write(caller, path, text));
  }

  @Override
  public Diff diff(Folder other) {
    return diff(other, false);
  }

  @Override
  public Diff diffExact(Folder other) {
    return diff(other, true);
  }

  private Diff diff(Folder other, boolean exact) {
    Path to = other.path();
    requireDirectory("compare");
    new LocalFolder(caller, to).requireDirectory("compare");
    return new TreeDiff(
        location(),
        other.location(),
        () -> Trees.named(caller, Tree.plain(path), Tree.plain(to)),
        exact);
  }

  @Override
  public String digest() {
    return reached(reached -> {
      requireDirectory("digest", reached);
      return Core.treeDigest(Tree.plain(reached.path())).digest();
    });
  }

  @Override
  public Folder copyTo(Folder target) {
    if (target instanceof SftpFolder remote) {
      String doing = "copy " + location() + " to";
      caller.run(Role.OPERATOR, doing, remote, () -> Upload.of(caller, path, remote));
      return target;
    }
    Path to = target.path();
    caller.run(Role.OPERATOR, "copy " + location() + " to", to, () -> copyTo(target, to));
    return target;
  }

  private void copyTo(Folder target, Path to) {
    if (to.startsWith(path)) {
      throw MicaException.usage("copy " + location() + " to", to, "that lies inside it");
    }
    if (target.exists()) {
      throw MicaException.failed("copy " + location() + " to", to, "something is there already")
          .hint("choose a path where nothing is yet");
    }
    try (Reached from = caller.reachName(path);
        Reached place = caller.reachName(to)) {
      if (Files.isDirectory(from.path(), LinkOption.NOFOLLOW_LINKS)) {
        try (Reached tree = caller.reach(path)) {
          Core.capture(
              Tree.EMPTY, Tree.plain(tree.path()), place.path(), EnumSet.of(LayerFlag.OWN));
        }
      } else {
        Core.copy(from.path(), place.path(), EnumSet.of(LayerFlag.OWN));
      }
    }
  }

  @Override
  public Folder create() {
    String doing = "make the directory";
    change(
        doing,
        () -> {
          try (Reached made = caller.reachMade(path)) {
            requireDirectory(doing, made);
          } catch (IOException e) {
            throw Failures.of(doing, path, e);
          }
        });
    return this;
  }

  @Override
  public void delete() {
    change("remove", this::remove);
  }

  private void remove() {
    if (path.getNameCount() == 0) {
      throw MicaException.usage("remove", path, "that is the root of this host");
    }
    try (Reached name = caller.reachName(path)) {
      Core.remove(name.path());
    }
  }

  @Override
  public List<Path> layers() {
    return List.of(path);
  }

  @Override
  public String label() {
    return location();
  }

  @Override
  public String toString() {
    return location();
  }

  /** The folder itself may be reached by a symlink, such as the upper of a union. */
  private void requireDirectory(String doing) {
    try (Reached reached = caller.reach(path)) {
      requireDirectory(doing, reached);
    }
  }

  private void requireDirectory(String doing, Reached reached) {
    if (reached.isDirectory()) {
      return;
    }
    MicaException e =
        MicaException.failed(
            doing, path, exists(reached.path()) ? "not a directory" : "no such directory");
    throw PathOrUri.archiveUri(path)
        .map(uri -> e.hint("what is in an archive has a URI: " + uri))
        .orElse(e);
  }
}
