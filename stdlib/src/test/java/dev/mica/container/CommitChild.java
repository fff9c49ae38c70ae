package dev.mica.container;

import dev.mica.state.StateDir;
import java.nio.file.Path;

/** Another process that makes a commit of a VM, until it is done or killed. */
final class CommitChild {
  private CommitChild() {}

  /** The state directory, the VM's name, and how the commit is called. */
  public static void main(String[] words) {
    Vms vms = TestVms.of(StateDir.at(Path.of(words[0])));
    System.out.println("begun");
    System.out.println(vms.get(words[1]).commit(words[2]).id());
  }
}
