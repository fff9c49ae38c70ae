package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.commit.CommitLayers;
import dev.mica.commit.Commits;
import dev.mica.folder.Diff;
import dev.mica.folder.LayerSource;
import dev.mica.state.LockedState;
import dev.mica.state.StateDir;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is taken of one VM as it is at one moment: a commit, a diff, another VM. Only one is taken
 * at a time, and the VM can be used meanwhile.
 */
final class VmMoments {
  static final String HOLD = "hold a moment of a VM";

  private final Vms vms;
  private final StateDir state;
  private final CommitLayers layers;
  private final Optional<Commits> commits;
  private final VmRecord vm;

  VmMoments(Vms vms, StateDir state, CommitLayers layers, Optional<Commits> commits, VmRecord vm) {
    this.vms = vms;
    this.state = state;
    this.layers = layers;
    this.commits = commits;
    this.vm = vm;
  }

  /** What is locked meanwhile. */
  static String object(String name) {
    return "commit of the VM " + name;
  }

  private <T> T change(String doing, Supplier<T> body) {
    return vms.change(doing + " the VM", vm.name(), body);
  }

  Commit commit(CommitSpec spec) {
    return change(
        "commit",
        () -> {
          spec.requireName(vm.name());
          return make(layers.newId(), spec);
        });
  }

  private Commit make(String id, CommitSpec spec) {
    String doing = ("commit " + spec.ref()).strip() + " from the VM " + vm.name();
    try (LockedState locked = state.lock(doing, object(vm.name()))) {
      vms.life(vm).requireThere("commit");
      VmCommitter committer = new VmCommitter(state, layers, vms.runner(vm));
      return locked.run(
          HOLD, vm::toJson, () -> committer.commit(id, spec), () -> commits.orElseThrow().get(id));
    }
  }

  Diff diff() {
    return change("diff", this::differences);
  }

  private Diff differences() {
    AtomicReference<@Nullable Diff> found = new AtomicReference<>();
    try (LockedState locked = state.lock("diff the VM " + vm.name(), object(vm.name()))) {
      vms.life(vm).requireThere("diff");
      VmDiffer differ = new VmDiffer(vms.caller(), state, layers, vms.runner(vm));
      return locked.run(
          HOLD,
          vm::toJson,
          () -> found.set(differ.diff()),
          () -> Optional.ofNullable(found.get()).orElseThrow());
    }
  }

  /** Another VM from what this one has changed by now, which runs if this one does. */
  Vm fork(String other) {
    return change("fork", () -> forkTo(other));
  }

  private Vm forkTo(String other) {
    NewVm.requireName(other);
    vms.requireFree(other);
    boolean up = vms.runner(vm).status().isUp();
    Vm made =
        new Forks(state, layers)
            .make(
                vm,
                other,
                id -> make(id, CommitSpec.UNNAMED),
                (from, own) -> vms.create(forked(other, from), own));
    return up ? made.start() : made;
  }

  private VmSpec forked(String other, LayerSource from) {
    return vm.spec(other, from)
        .disk(vms.runner(vm).diskSize())
        .network(vm.network().withFreePorts())
        .shares(vm.shares().stream().map(share -> share.asSeenBy(vms.caller())).toList())
        .build();
  }
}
