package dev.mica.union;

import static dev.mica.union.SpecParts.refuse;

import dev.mica.access.Caller;
import dev.mica.core.OverlayMount;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns a spec into an intent, or refuses it. Changes nothing. */
final class SpecCheck {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  private final UnionSpec spec;
  private final List<UnionRecord> others;
  private final List<UnionRecord> intended;
  private final Map<Path, String> writing;
  private final String name;
  private final SpecParts parts;
  private final Path home;

  /**
   * Checks a spec against the unions that exist or are being made, with the state directory {@code
   * home}.
   *
   * @param caller who named its folders
   * @param writing folders that something else may write to, and its name
   */
  SpecCheck(
      Caller caller,
      UnionSpec spec,
      List<UnionRecord> others,
      List<UnionRecord> intended,
      Map<Path, String> writing,
      Path home) {
    this.spec = spec;
    this.others = new ArrayList<>(others);
    this.others.addAll(intended);
    this.intended = intended;
    this.writing = writing;
    this.home = home;
    this.name = requireName(spec);
    this.parts = new SpecParts(caller, spec, name);
  }

  /** The intent; if the spec has {@link UnionSpec.Via#AUTO}, so has the intent. */
  UnionIntent intent() {
    List<Path> lowers = requireLowers();
    Path upper = spec.upper() == null ? null : requirePlace("upper", spec.upper());
    boolean upperMade = upper != null && !parts.exists("upper", upper);
    Path work = upper == null ? null : requireWork(upper);
    Path at = requirePlace("mount point", spec.at());
    requireFree(at);
    requireDisjoint();
    requireOutOfStore();
    requireUnused();
    UnionRecord union =
        new UnionRecord(
            name,
            lowers,
            upper,
            work,
            spec.work() == null && upper != null,
            at,
            !parts.exists("mount point", at),
            UnionSpec.Via.AUTO,
            Instant.now(),
            identities(lowers, upper, work, at));
    boolean upperEmpty = upper != null && !upperMade && isEmpty("upper", upper);
    return new UnionIntent(union.via(spec.via()), upperMade, upperEmpty);
  }

  private Identities identities(
      List<Path> lowers, @Nullable Path upper, @Nullable Path work, Path at) {
    return new Identities(
        lowers.stream().map(lower -> Objects.requireNonNull(parts.part(lower).is())).toList(),
        upper == null ? null : parts.part(upper).is(),
        upper == null ? null : parts.part(upper).above(),
        work == null ? null : parts.part(work).is(),
        parts.part(at).is(),
        parts.part(at).above());
  }

  private String requireName(UnionSpec spec) {
    String wanted = spec.name() != null ? spec.name() : spec.at().name();
    if (!NAME.matcher(wanted).matches()) {
      throw MicaException.usage(
              "name a union",
              wanted,
              "a name is 1 to 64 letters, digits, '.', '_' or '-', and begins with one of the first"
                  + " two")
          .hint("give it another name");
    }
    for (UnionRecord other : others) {
      if (other.name().equals(wanted)) {
        throw refuse(wanted, spec.at(), "a union of that name is at " + other.at())
            .hint("give this one another name, or remove that one");
      }
    }
    return wanted;
  }

  private List<Path> requireLowers() {
    List<Path> lowers = new ArrayList<>();
    for (LayerSource source : spec.lowers()) {
      for (Path layer : source.layers()) {
        lowers.add(parts.add("lower", layer, true, source instanceof Folder));
      }
    }
    if (lowers.isEmpty()) {
      throw refuse(name, spec.at(), "it has no lower").hint("name at least one");
    }
    if (lowers.size() > OverlayMount.MOST_LOWERS) {
      throw refuse(
              name,
              spec.at(),
              "its lowers have "
                  + lowers.size()
                  + " layers, and overlayfs takes "
                  + OverlayMount.MOST_LOWERS)
          .hint("copy a tree of many layers to one folder, and take that");
    }
    return lowers;
  }

  /** A folder that exists, or whose parent exists. */
  private Path requirePlace(String role, Folder folder) {
    return parts.add(role, folder.path(), parts.exists(role, folder.path()), true);
  }

  private Path requireWork(Path upper) {
    requireAside(upper);
    if (spec.work() != null) {
      Path work = parts.add("work directory", spec.work().path(), true, true);
      if (!isEmpty("work directory", work)) {
        throw refuse(name, spec.at(), "the work directory " + work + " is not empty");
      }
      requireOneFileSystem(upper, work, "name a work directory on the upper's file system");
      return work;
    }
    Path work = upper.resolveSibling("." + name + ".mica-work");
    if (parts.exists("work directory", work)) {
      throw refuse(name, spec.at(), "the work directory " + work + " exists already")
          .hint("remove it if no union uses it, or name another one");
    }
    if (!parts.add("work directory", work, false, false).equals(work)) {
      String folder = "the folder of the upper " + upper;
      throw refuse(name, spec.at(), folder + " was exchanged for something else just now")
          .hint("name the folder itself, without symlinks");
    }
    requireOneFileSystem(upper, work, hint());
    return work;
  }

  private String hint() {
    return spec.via() == UnionSpec.Via.GUEST
        ? "take a folder in it as the upper: with via guest one that is mounted cannot be it"
        : "name a work directory on the upper's file system";
  }

  /** Checks what a helper VM would need. */
  private void requireAside(Path upper) {
    if (spec.via() == UnionSpec.Via.GUEST && spec.work() != null) {
      throw refuse(name, spec.at(), "with via guest the work directory is made beside the upper")
          .hint("leave out " + spec.work().location());
    }
    Path shared = GuestUpper.folderFor(upper, name);
    if (spec.via() != UnionSpec.Via.KERNEL
        && spec.via() != UnionSpec.Via.FUSE
        && parts.exists("directory", shared)) {
      throw refuse(name, spec.at(), "the directory " + shared + " exists already")
          .hint("remove it if no union uses it, or give this one another name");
    }
  }

  private void requireOneFileSystem(Path upper, Path work, String hint) {
    SpecParts.Part upperPart = parts.part(upper);
    SpecParts.Part workPart = parts.part(work);
    if (!upperPart.resolved().sameDevice(workPart.resolved())
        || (parts.isMountPoint(upper) && spec.work() == null)) {
      throw refuse(
              name,
              spec.at(),
              "the " + workPart + " is not in the same mounted file system as the " + upperPart)
          .hint(hint);
    }
  }

  private void requireFree(Path at) {
    if (parts.isMountPoint(at)) {
      throw refuse(name, at, "something is mounted there already")
          .hint("unmount it, or mount elsewhere");
    }
    if (parts.exists("mount point", at) && !isEmpty("mount point", at)) {
      throw refuse(name, at, "the directory is not empty")
          .hint("mount at an empty or new directory");
    }
  }

  private void requireDisjoint() {
    List<SpecParts.Part> all = parts.all();
    for (int i = 0; i < all.size(); i++) {
      for (SpecParts.Part other : all.subList(i + 1, all.size())) {
        if (all.get(i).resolved().overlaps(other.resolved())) {
          throw refuse(name, spec.at(), "the " + all.get(i) + " and the " + other + " overlap")
              .hint("keep lowers, upper, work directory and mount point apart");
        }
      }
    }
  }

  /** Mica's own files must not be written to, and Mica removes them without checking for uppers. */
  private void requireOutOfStore() {
    if (!Files.exists(home, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      ResolvedPath store = parts.resolved(home);
      for (SpecParts.Part part : parts.all()) {
        if (!part.role().equals("lower") && part.resolved().overlaps(store)) {
          throw refuse(
                  name, spec.at(), "the " + part + " and Mica's own store " + home + " overlap")
              .hint("take a folder outside of it");
        }
      }
    } catch (IOException gone) {
      throw refuse(name, spec.at(), "Mica's store " + home + ": " + Why.of(gone)).because(gone);
    }
  }

  /** It would still show the old contents of that union after the union was mounted again. */
  private void requireNotInUnion(SpecParts.Part part) {
    for (UnionRecord other : others) {
      if (part.role().equals("lower")
          && other.upper() != null
          && part.resolved().real().startsWith(other.at())) {
        throw refuse(
                name,
                spec.at(),
                "the " + part + " is in the union " + other.name() + ", which changes")
            .hint("commit that union and take the commit");
      }
    }
  }

  /**
   * Two mounts that write to one upper or work directory destroy it: for the kernel, this is
   * undefined.
   */
  private void requireUnused() {
    parts.all().forEach(this::requireNotInUnion);
    List<UsedPath> all = new ArrayList<>(UsedPath.all(others));
    intended.forEach(union -> all.add(UsedPath.point(union)));
    writing.forEach((path, by) -> all.add(new UsedPath("share", path, by, false)));
    for (UsedPath used : all) {
      for (SpecParts.Part part : parts.all()) {
        boolean written = !part.role().equals("lower");
        if ((written || used.isMounted()) && overlaps(part, used)) {
          throw refuse(name, spec.at(), "the " + part + " and the " + used + " overlap")
              .hint(
                  written
                      ? "take another one, or remove " + used.by()
                      : "its upper changes below it: commit that union and take the commit");
        }
      }
    }
  }

  private boolean overlaps(SpecParts.Part part, UsedPath used) {
    try {
      return part.resolved().overlaps(parts.resolved(used.path()));
    } catch (IOException gone) {
      return false; // a path that does not lead anywhere any more overlaps with nothing
    }
  }

  private boolean isEmpty(String role, Path directory) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return !entries.iterator().hasNext();
    } catch (IOException broken) {
      throw refuse(name, spec.at(), "the " + role + " " + directory + ": " + Why.of(broken))
          .because(broken);
    }
  }
}
