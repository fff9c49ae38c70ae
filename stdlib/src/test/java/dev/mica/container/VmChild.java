package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Another process that does something to a VM, until it is killed. */
final class VmChild {
  private VmChild() {}

  /** What it does to the VM of the name that it is given. */
  enum Operation {
    /** Makes and starts it. */
    RUN,
    /** Makes it, and ends before its program runs. */
    HALT,
    /** Makes it of the VM {@code origin}. */
    FORK,
    /** Removes it. */
    REMOVE
  }

  /** The state directory, the start folder, the VM's name, and the operation. */
  public static void main(String[] words) {
    Vms vms = TestVms.of(StateDir.at(Path.of(words[0])));
    System.out.println("begun");
    switch (Operation.valueOf(words[3])) {
      case RUN -> {
        Vm _ = create(vms, words).start();
      }
      case HALT ->
          vms.life(vms.record(create(vms, words).name()))
              .start(runner -> Runtime.getRuntime().halt(9));
      case FORK -> {
        Vm _ = vms.get("origin").fork(words[2]);
      }
      case REMOVE -> vms.get(words[2]).remove();
    }
    System.out.println("done");
    while (true) {
      LockSupport.park();
    }
  }

  private static Vm create(Vms vms, String[] words) {
    Folder from = Folder.of(Caller.ofProcess(), Path.of(words[1]));
    return vms.create(VmSpec.of(words[2], from, List.of("sleep", "100000")));
  }
}
