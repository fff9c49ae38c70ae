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
 * VMs that are made from what another has changed. Each stands on a commit that has no name and was
 * made for it: it goes with the VM, unless something else stands on it by then.
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
   * One that is about to be made.
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

  /** Has those ended that were cut short. */
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

  /** Makes a commit with the id that it is given. */
  @FunctionalInterface
  interface Committing {
    Commit commit(String id);
  }

  /** Makes the VM from a commit, to which those of the ids belong. */
  @FunctionalInterface
  interface Making {
    Vm make(LayerSource from, List<String> own);
  }

  /**
   * Makes one of the VM {@code origin}.
   *
   * @param name how it is to be called
   */
  Vm make(VmRecord origin, String name, Committing committing, Making making) {
    Intent intent = new Intent(name, layers.newId());
    AtomicReference<@Nullable Vm> made = new AtomicReference<>();
    try (LockedState locked =
        state.lock("fork the VM " + origin.name() + " to " + name, object(name))) {
      return locked.run(
          FORK,
          intent::toJson,
          () -> {
            Commit moment = committing.commit(intent.commit());
            made.set(making.make(new Said(moment.layers(), moment.label()), own(intent, origin)));
          },
          () -> Objects.requireNonNull(made.get()));
    }
  }

  /** If the origin is removed first, what it stood on is removed with the last of its forks. */
  private static List<String> own(Intent intent, VmRecord origin) {
    return Stream.concat(Stream.of(intent.commit()), origin.own().stream()).toList();
  }

  /** A VM has gone, and its record: so do the commits that were made for it. */
  void dropOwn(VmRecord gone) {
    gone.own().forEach(id -> layers.drop(id, new VmFolders(state)));
  }

  /** A start folder of which nothing is to be taken over: all is said. */
  private record Said(List<Path> layers, String label) implements LayerSource {}
}
