package dev.mica.files;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.container.Vm;
import dev.mica.container.VmTree;
import dev.mica.container.Vms;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The files of VMs that run, by a connection to the guest of each that was used, which stays until
 * this is closed or the VM ends.
 */
final class VmTrees implements AutoCloseable {
  private final Caller caller;
  private final Vms vms;
  private final Map<String, VmTree> open = new HashMap<>();

  VmTrees(Caller caller, Vms vms) {
    this.caller = caller;
    this.vms = vms;
  }

  /** Those that run; none for whoever may not run programs in them. */
  List<String> names() {
    return caller.role() == Role.VIEWER
        ? List.of()
        : vms.list().stream().filter(vm -> vm.state() == Vm.State.RUNNING).map(Vm::name).toList();
  }

  /** The files of the VM that {@code path} lies in, which is not to be closed. */
  VmTree open(VirtualPath path) {
    Vm vm = vms.find(path.name()).orElseThrow(() -> Roots.absent(path));
    VmTree tree = open.get(vm.id());
    if (tree == null || !tree.isOpen()) {
      dropEnded();
      tree = VmTree.of(vm);
      open.put(vm.id(), tree);
    }
    return tree;
  }

  private void dropEnded() {
    open.values()
        .removeIf(tree -> {
          if (tree.isOpen()) {
            return false;
          }
          tree.close();
          return true;
        });
  }

  @Override
  public void close() {
    open.values().forEach(VmTree::close);
    open.clear();
  }
}
