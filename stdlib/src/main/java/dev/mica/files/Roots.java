package dev.mica.files;

import dev.mica.access.Caller;
import dev.mica.core.FilesBelow;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import dev.mica.union.Union;
import dev.mica.union.Unions;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/** The folders of this host that the virtual root leads to, and their names in it. */
final class Roots implements AutoCloseable {
  static final String FOLDERS = "folders";
  static final String UNIONS = "unions";
  static final String COMMITS = VirtualPath.COMMITS;
  static final String VMS = "vms";
  static final List<String> AREAS = List.of(FOLDERS, UNIONS, COMMITS, VMS);

  private final Caller caller;
  private final Unions unions;
  private final CommitTrees commits;
  private final VmTrees vms;
  private final Map<String, Path> folders = new LinkedHashMap<>();

  /**
   * The folders of {@code caller}, which are all for an admin without any, the unions that are
   * mounted in them, the commits and the VMs.
   */
  Roots(Caller caller, Unions unions, CommitTrees commits, VmTrees vms) {
    this.caller = caller;
    this.unions = unions;
    this.commits = commits;
    this.vms = vms;
    List<Path> own = caller.roots();
    boolean all = own.isEmpty() && caller.isUnbounded();
    for (Path root : all ? List.of(Path.of("/")) : own) {
      folders.put(free(root), root);
    }
  }

  /** The last name of its path; with a number if another folder has that name. */
  private String free(Path root) {
    byte[] last = PathBytes.ofName(root);
    String name = last.length == 0 ? "root" : PathBytes.decode(last);
    String free = name;
    for (int i = 2; folders.containsKey(free); i++) {
      free = name + "-" + i;
    }
    return free;
  }

  /** The names in an area, or in the root if that is empty. */
  List<String> names(VirtualPath path) {
    return switch (path.area()) {
      case "" -> AREAS;
      case FOLDERS -> List.copyOf(folders.keySet());
      case UNIONS -> unions.list().stream().filter(this::isTheirs).map(Union::name).toList();
      case COMMITS -> commits(path);
      case VMS -> vms.names();
      default -> throw absent(path);
    };
  }

  private List<String> commits(VirtualPath path) {
    List<String> names = commits.names(path);
    if (names.isEmpty() && !path.name().isEmpty()) {
      throw absent(path);
    }
    return names;
  }

  /** Fails unless there is such a folder, which is on no disk. */
  void requireVirtual(VirtualPath path) {
    boolean area = path.names().size() < 2;
    if (area && !path.area().isEmpty() && !AREAS.contains(path.area())) {
      throw absent(path);
    }
    if (!area) {
      List<String> _ = names(path);
    }
  }

  /**
   * A union is mounted, and in a folder of theirs: whoever mounted it elsewhere did not mean them.
   */
  private boolean isTheirs(Union union) {
    Path at = union.at().path();
    return union.state() == Union.State.MOUNTED
        && (caller.isUnbounded() || caller.roots().stream().anyMatch(at::startsWith));
  }

  /** Where a folder of this host is in the virtual root; the root if it is nowhere in it. */
  List<String> home(Path folder) {
    return folders.entrySet().stream()
        .filter(entry -> folder.startsWith(entry.getValue()))
        .findFirst()
        .map(entry -> below(entry.getKey(), entry.getValue().relativize(folder)))
        .orElse(List.of());
  }

  private static List<String> below(String name, Path rest) {
    String text = PathBytes.decode(PathBytes.asItIs(rest));
    byte[] path = PathBytes.encode("/" + FOLDERS + "/" + name + "/" + text);
    return VirtualPath.of(path, List.of()).names();
  }

  /** Opens the object in which {@code path} lies, for {@code use}. */
  <T> T use(VirtualPath path, Function<Place, T> use) {
    return switch (path.area()) {
      case COMMITS -> use.apply(below(commits.open(path), path));
      case VMS -> use.apply(new Place.Guest(vms.open(path), path.below()));
      default -> {
        try (OpenDirectory open = open(path)) {
          yield use.apply(below(open, path));
        }
      }
    };
  }

  private static Place below(OpenDirectory open, VirtualPath path) {
    return new Place.Local(new FilesBelow(open, path.object() + "/").at(path.below()));
  }

  private OpenDirectory open(VirtualPath path) {
    return switch (path.area()) {
      case FOLDERS -> folder(path, path.name());
      case UNIONS -> union(path, path.name());
      default -> throw absent(path);
    };
  }

  private OpenDirectory folder(VirtualPath path, String name) {
    Path root = folders.get(name);
    if (root == null) {
      throw absent(path);
    }
    return checked(OpenDirectory.of(root), open -> requireAt(root, path, open));
  }

  /** Only the mounted union itself: never what lies below it, or was put in its place. */
  private OpenDirectory union(VirtualPath path, String name) {
    Union union = unions.find(name).orElseThrow(() -> absent(path));
    if (!isTheirs(union)) {
      throw absent(path);
    }
    Path at = union.at().path();
    return checked(
        OpenDirectory.of(at),
        open -> {
          requireAt(at, path, open);
          int mount = open.mountId();
          if (Mounts.all().stream()
              .noneMatch(one -> one.id() == mount && one.target().equals(PathBytes.text(at)))) {
            throw absent(path);
          }
        });
  }

  private static OpenDirectory checked(OpenDirectory open, Consumer<OpenDirectory> check) {
    try {
      check.accept(open);
      return open;
    } catch (RuntimeException | Error refused) {
      open.close();
      throw refused;
    }
  }

  /** A symlink that somebody has put on the way leads elsewhere. */
  private static void requireAt(Path at, VirtualPath path, OpenDirectory open) {
    if (!open.realPath().equals(at)) {
      throw MicaException.denied(
          "use", path.object(), "a symlink on the way to it leads elsewhere");
    }
  }

  @Override
  public void close() {
    vms.close();
    commits.close();
  }

  static MicaException absent(VirtualPath path) {
    return MicaException.failed("find", path, "there is nothing of that name")
        .because(new NoSuchFileException(path.toString()));
  }
}
