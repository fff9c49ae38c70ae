package dev.mica.union;

import dev.mica.access.Caller;
import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.folder.Folder;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The paths of a spec: each is opened once, and from then on known by what it is. */
final class SpecParts {
  /** A path of the spec, and its role in the spec. */
  record Part(String role, ResolvedPath resolved, @Nullable Identity is, Identity above) {
    @Override
    public String toString() {
      return role + " " + resolved.real();
    }
  }

  private final Caller caller;
  private final UnionSpec spec;
  private final String name;
  private final ResolvedPath.Finder finder = new ResolvedPath.Finder();
  private final List<Part> parts = new ArrayList<>();

  /** Of a spec of {@code caller}, for a union of that name. */
  SpecParts(Caller caller, UnionSpec spec, String name) {
    this.caller = caller;
    this.spec = spec;
    this.name = name;
  }

  /** Those that were added. */
  List<Part> all() {
    return List.copyOf(parts);
  }

  /** The one that leads to a real path. */
  Part part(Path real) {
    return parts.stream()
        .filter(part -> part.resolved.real().equals(real))
        .findFirst()
        .orElseThrow();
  }

  /** Where another path leads. */
  ResolvedPath resolved(Path path) throws IOException {
    return finder.of(path);
  }

  boolean isMountPoint(Path real) {
    return finder.isMountPoint(real);
  }

  /** Adds a path and says where it leads, which the caller has named unless a commit has it. */
  Path add(String role, Path path, boolean mustBe, boolean byCaller) {
    Path named = PathBytes.absolute(path).normalize();
    try {
      if (mustBe && !isDirectory(named)) {
        String is = is(named, any -> true) ? " is not a directory" : " does not exist";
        throw refuse(name, spec.at(), "the " + role + " " + path + is);
      }
      Part part = mustBe ? opened(role, named) : toBeMade(role, named);
      if (byCaller || !part.resolved.real().equals(named)) {
        caller.requireWithin(part.resolved.real()); // it may lead elsewhere since it was named
      }
      parts.add(part);
      return part.resolved.real();
    } catch (IOException gone) {
      boolean missing = !mustBe && gone instanceof NoSuchFileException;
      String what = missing ? ", nor does the directory it would be made in" : "";
      throw refuse(name, spec.at(), "the " + role + " " + path + ": " + Why.of(gone) + what)
          .because(gone);
    }
  }

  private static boolean isDirectory(Path path) throws AccessDeniedException {
    return is(path, BasicFileAttributes::isDirectory);
  }

  /** Whether it exists and satisfies {@code such}. If it cannot be looked at, that is not known. */
  private static boolean is(Path path, Predicate<BasicFileAttributes> such, LinkOption... options)
      throws AccessDeniedException {
    try {
      return such.test(Files.readAttributes(path, BasicFileAttributes.class, options));
    } catch (AccessDeniedException hidden) {
      throw hidden;
    } catch (IOException nothing) {
      return false;
    }
  }

  /**
   * The location is asked of the opened directory, because the path may lead elsewhere a moment
   * later.
   */
  private Part opened(String role, Path path) throws IOException {
    try (OpenDirectory directory = open(role, path);
        OpenDirectory above = open(role, directory.path().resolve(".."), path)) {
      ResolvedPath resolved = finder.of(directory.realPath());
      return new Part(role, resolved, directory.identity(), above.identity());
    }
  }

  private Part toBeMade(String role, Path path) throws IOException {
    Path parent = Objects.requireNonNull(path.getParent(), "a root is always there");
    try (OpenDirectory above = open(role, parent)) {
      ResolvedPath resolved = finder.of(above.realPath().resolve(path.getFileName()));
      return new Part(role, resolved, null, above.identity());
    }
  }

  private OpenDirectory open(String role, Path path) throws IOException {
    SafePath.Resolved resolved = SafePath.resolve(path);
    OpenDirectory directory = open(role, resolved.path(), path);
    try {
      requireLed(role, path, resolved, directory);
      return directory;
    } catch (RuntimeException | Error failure) {
      directory.close();
      throw failure;
    }
  }

  private void requireLed(
      String role, Path path, SafePath.Resolved resolved, OpenDirectory directory) {
    String why;
    if (!directory.realPath().equals(resolved.path())) {
      why = " was exchanged for something else just now";
    } else if (!resolved.strangers().stream().allMatch(owner -> owner == directory.owner())) {
      why =
          " leads through a symlink of the user "
              + resolved.strangers().iterator().next()
              + " to a folder that is not his";
    } else {
      return;
    }
    throw refuse(name, spec.at(), "the " + role + " " + path + why)
        .hint("name the folder itself, without symlinks");
  }

  private OpenDirectory open(String role, Path path, Path shown) {
    try {
      return OpenDirectory.of(path, shown);
    } catch (MicaException denied) {
      if (denied.kind() != MicaException.Kind.DENIED) {
        throw denied;
      }
      String at = spec.at().location();
      String why = "the " + role + " " + shown + ": " + denied.why();
      throw MicaException.denied("create the union " + name + " at", at, why)
          .hint("run it as root, or as the owner")
          .because(denied);
    }
  }

  /** Whether something is there, if that can be known. */
  boolean exists(String role, Path path) {
    try {
      return is(path, there -> true, LinkOption.NOFOLLOW_LINKS);
    } catch (AccessDeniedException hidden) {
      throw refuse(name, spec.at(), "the " + role + " " + path + ": " + Why.of(hidden))
          .because(hidden);
    }
  }

  static MicaException refuse(String name, @Nullable Object at, String why) {
    String resolved = at instanceof Folder folder ? folder.location() : String.valueOf(at);
    return MicaException.failed("create the union " + name + " at", resolved, why);
  }
}
