package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.commit.CommitLayers;
import dev.mica.folder.LayerSource;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes VMs from what another VM has changed. Each stands on a commit without a name that was made
 * for it. The commit is removed with the VM, unless something else stands on it by then.
 */
final class Forks {
  private static final String FORK = "fork a VM";

  private final StateDir state;
  private final CommitLayers layers;

  Forks(StateDir state, CommitLayers layers) {
    this.state = state;
    this.layers = layers;
  }

  /**
   * A fork that is about to be made.
   *
   * @param name of the new VM
   * @param commit the id of the commit that is made for it
   */
  private record Intent(String name, String commit) {
    ObjectNode toJson() {
      return Records.object().put("name", name).put("commit", commit);
    }

    static Intent of(ObjectNode json) {
      return new Intent(json.required("name").asString(), json.required("commit").asString());
    }
  }

  private static String object(String name) {
    return "fork to the VM " + name;
  }

  /** Ends forks that were cut short. */
  void endLeftovers() {
    state.onLeftover(
        FORK, Recovery.of(Intent::of, intent -> List.of(object(intent.name())), this::recover));
  }

  /** The commit belongs to its VM as soon as that is there; without it nobody needs it. */
  private void recover(Intent intent) {
    boolean made =
        Vms.records(state)
            .find(intent.name(), VmRecord::of)
            .filter(vm -> vm.own().contains(intent.commit()))
            .isPresent();
    if (!made) {
      layers.drop(intent.commit(), new VmFolders(state));
    }
  }

  /** Commits what the origin has changed, as the commit with the given id. */
  @FunctionalInterface
  interface CommitMaker {
    Commit commit(String id);
  }

  /** Makes the new VM from a start folder; the commits with the given ids belong to it. */
  @FunctionalInterface
  interface VmMaker {
    Vm make(LayerSource from, List<String> own);
  }

  /**
   * Makes a fork of the VM {@code origin}.
   *
   * @param name the name of the new VM
   */
  Vm make(VmRecord origin, String name, CommitMaker commits, VmMaker vms) {
    Intent intent = new Intent(name, layers.newId());
    AtomicReference<@Nullable Vm> made = new AtomicReference<>();
    try (LockedState locked =
        state.lock("fork the VM " + origin.name() + " to " + name, object(name))) {
      return locked.run(
          FORK,
          intent::toJson,
          () -> {
            Commit commit = commits.commit(intent.commit());
            LayerSource from = new StartFolder(commit.layers(), commit.label());
            made.set(vms.make(from, own(intent, origin)));
          },
          () -> Objects.requireNonNull(made.get()));
    }
  }

  /** If the origin is removed first, what it stood on is removed with the last of its forks. */
  private static List<String> own(Intent intent, VmRecord origin) {
    return Stream.concat(Stream.of(intent.commit()), origin.own().stream()).toList();
  }

  /** Removes the commits that were made for a VM; the VM and its record are gone. */
  void dropOwn(VmRecord gone) {
    gone.own().forEach(id -> layers.drop(id, new VmFolders(state)));
  }

  /** A start folder whose configuration is not used: the origin's is. */
  private record StartFolder(List<Path> layers, String label) implements LayerSource {}
}
