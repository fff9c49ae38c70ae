package dev.mica.container;

import dev.mica.state.StateDir;
import java.nio.file.Path;

/** Another process that makes a commit of a VM, or diffs it, until it is done or killed. */
final class CommitChild {
  static final String DIFF = "diff";

  private CommitChild() {}

  /** The state directory, the VM's name, and how the commit is called, or {@value #DIFF}. */
  public static void main(String[] words) {
    Vms vms = TestVms.of(StateDir.at(Path.of(words[0])));
    System.out.println("begun");
    Vm vm = vms.get(words[1]);
    System.out.println(words[2].equals(DIFF) ? vm.diff().toList() : vm.commit(words[2]).id());
  }
}
