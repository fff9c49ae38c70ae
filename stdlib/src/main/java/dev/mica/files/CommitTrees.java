package dev.mica.files;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.core.Core;
import dev.mica.core.MountFlag;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OverlayMount;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The trees of commits: all layers of one as a union that is mounted at no place, so that only we
 * see it, and can be read only. The last few stay mounted until this is closed. A commit is looked
 * for at each use: one that was removed is not there any more, mounted or not.
 */
final class CommitTrees implements AutoCloseable {
  /** So many stay mounted. */
  private static final int MOST = 8;

  private static final Set<MountFlag> FLAGS =
      EnumSet.of(MountFlag.RDONLY, MountFlag.NODEV, MountFlag.NOSUID, MountFlag.NOEXEC);

  private final Caller caller;
  private final Commits commits;
  private final StateDir state;
  private final Map<String, OpenDirectory> mounted = new LinkedHashMap<>(16, 0.75f, true);

  CommitTrees(Caller caller, Commits commits, StateDir state) {
    this.caller = caller;
    this.commits = commits;
    this.state = state;
  }

  /** The names in the area, or in a folder of it; none: there is no such folder. */
  List<String> names(VirtualPath folder) {
    requireMounting(folder);
    String above = folder.name().isEmpty() ? "" : folder.name() + "/";
    return commits.list().stream()
        .flatMap(commit -> called(commit).stream())
        .filter(name -> name.startsWith(above))
        .map(name -> name.substring(above.length()).split("/", 2)[0])
        .distinct()
        .sorted()
        .toList();
  }

  /** By its names; one that has lost them by its id. */
  private static List<String> called(Commit commit) {
    List<String> refs = commit.refs();
    return refs.isEmpty() ? List.of(VirtualPath.ID + commit.id()) : refs;
  }

  /** The tree of the commit that {@code path} lies in, which is not to be closed. */
  OpenDirectory open(VirtualPath path) {
    requireMounting(path.object());
    Optional<Commit> found = find(path.name());
    if (found.isEmpty()) {
      dropRemoved();
      throw Roots.absent(path);
    }
    Commit commit = found.get();
    requireFolders(commit);
    OpenDirectory open = mounted.get(commit.id());
    if (open == null) {
      open = mount(commit, path);
      mounted.put(commit.id(), open);
      dropEldest();
    }
    return open;
  }

  private Optional<Commit> find(String name) {
    if (!name.startsWith(VirtualPath.ID)) {
      return commits.find(name);
    }
    String id = name.substring(VirtualPath.ID.length());
    return commits.find(id).filter(commit -> commit.id().equals(id));
  }

  private static void requireMounting(VirtualPath path) {
    if (!Core.isPrivileged()) {
      throw MicaException.denied(
          "open", path, "only root may mount the layers of a commit, and this server is not root");
    }
  }

  /**
   * The folders that a commit stands on are not in the store: a viewer, who may not mount it, reads
   * in their own folders only.
   */
  private void requireFolders(Commit commit) {
    if (caller.role() == Role.VIEWER) {
      commit.base().forEach(caller::requireWithin);
    }
  }

  private OpenDirectory mount(Commit commit, VirtualPath path) {
    List<Path> base = commit.base();
    List<Path> layers = new ArrayList<>();
    List<Reached> folders = new ArrayList<>();
    try {
      for (Path layer : commit.layers()) {
        if (base.contains(layer)) {
          Reached folder = caller.reachRecorded(layer);
          folders.add(folder);
          layers.add(folder.path());
        } else {
          layers.add(layer);
        }
      }
      if (layers.size() == 1) {
        layers.add(state.makeDirectory("empty")); // the kernel wants two
      }
      return checked(commit, layers, path);
    } finally {
      folders.forEach(Reached::close);
    }
  }

  /** It may have been removed while it was mounted, half of it with its layers. */
  private OpenDirectory checked(Commit commit, List<Path> layers, VirtualPath path) {
    Path shown = Path.of(path.object().toString());
    OpenDirectory open =
        OpenDirectory.ofOverlay(new OverlayMount(layers, null, null, shown, "mica", FLAGS));
    boolean there = false;
    try {
      there = find(VirtualPath.ID + commit.id()).isPresent();
    } finally {
      if (!there) {
        open.close();
      }
    }
    if (!there) {
      throw Roots.absent(path);
    }
    return open;
  }

  private void dropEldest() {
    Iterator<OpenDirectory> all = mounted.values().iterator();
    while (mounted.size() > MOST) {
      all.next().close();
      all.remove();
    }
  }

  private void dropRemoved() {
    mounted
        .entrySet()
        .removeIf(one -> {
          boolean removed = find(VirtualPath.ID + one.getKey()).isEmpty();
          if (removed) {
            one.getValue().close();
          }
          return removed;
        });
  }

  @Override
  public void close() {
    mounted.values().forEach(OpenDirectory::close);
    mounted.clear();
  }
}
