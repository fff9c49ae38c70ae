package dev.mica.container;

import dev.mica.commit.CommitLayers;
import java.util.List;

/** Whether a VM could be made. It is no word of {@link Vms}: scripts have plans for that. */
public final class VmCheck {
  private VmCheck() {}

  /**
   * Checks a VM as {@link Vms#create} does, and as {@link Vm#start} does before it begins; fails as
   * they do. Nothing is made.
   *
   * @param start whether it is to be started, too
   * @return the spec with all that was not said, as it would be kept
   */
  public static VmSpec of(Vms vms, VmSpec asked, boolean start) {
    return vms.check(asked, start);
  }

  /**
   * Checks whether there could be such a commit of a VM that was checked; fails as {@link
   * Vm#commit(CommitSpec)} does.
   *
   * @param started whether it runs by then
   * @return how the commit would be called
   */
  public static String commit(VmSpec checked, boolean started, String ref) {
    String name = String.valueOf(checked.name());
    CommitSpec.of(ref).requireName(name);
    CommitLayers.Planned planned =
        new CommitLayers.Planned(
            ref, "", checked.from().layers(), "the VM " + name, List.of(), List.of(), false);
    if (!started) {
      throw CommitSpec.unchanged(planned.ref(), name);
    }
    return planned.ref();
  }
}
