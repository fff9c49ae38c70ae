package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Another process that makes a VM and starts it, until it is killed. */
final class VmChild {
  private VmChild() {}

  /**
   * The state directory, the start folder, the VM's name, and whether to end before its program.
   */
  public static void main(String[] words) {
    StateDir state = StateDir.at(Path.of(words[0]));
    Vms vms = TestVms.of(state);
    System.out.println("begun");
    Folder from = Folder.of(Caller.ofProcess(), Path.of(words[1]));
    Vm vm = vms.create(VmSpec.of(words[2], from, List.of("sleep", "100000")));
    if (Boolean.parseBoolean(words[3])) {
      vms.start(vms.record(vm.name()), runner -> Runtime.getRuntime().halt(9));
    }
    vm.start();
    System.out.println("up");
    while (true) {
      LockSupport.park();
    }
  }
}
