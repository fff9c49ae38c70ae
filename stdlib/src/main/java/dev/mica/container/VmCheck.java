package dev.mica.container;

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
}
