package dev.mica.vm;

import dev.mica.state.StateDir;
import dev.mica.vm.guest.Profile;
import java.nio.file.Path;
import java.util.List;

/**
 * Which machine of a state directory it is, and what it is made of.
 *
 * @param object what its lock and people call it: "helper VM", "VM web"
 * @param id what its records are called, and its directory
 * @param directory of its sockets, logs and process ids, from the state directory on
 * @param profile what its guest is for
 * @param memory of the guest, bytes
 * @param processors of the guest
 * @param disks files that its guest has as disks; it may write to them, and discard
 */
public record MachineSpec(
    String object,
    String id,
    String directory,
    Profile profile,
    long memory,
    int processors,
    List<Path> disks) {
  private static final String OF_VM = "VM ";
  private static final long MEBIBYTE = 1L << 20;

  /** The one that serves unions, of which a state directory has one. */
  public static final MachineSpec HELPER =
      new MachineSpec("helper VM", "helper", "vm", Profile.HELPER, 512 * MEBIBYTE, 1, List.of());

  public MachineSpec {
    disks = List.copyOf(disks);
  }

  /** One that runs a container. */
  public static MachineSpec container(
      String name, String directory, String id, long memory, int processors, List<Path> disks) {
    return new MachineSpec(
        OF_VM + name, id, directory, Profile.CONTAINER, memory, processors, disks);
  }

  /** The command that starts it. */
  String start() {
    return profile == Profile.HELPER
        ? "mica helper start"
        : "mica vm start " + object.substring(OF_VM.length());
  }

  /** Where that directory is. */
  Path directory(StateDir state) {
    return state.path().resolve(directory);
  }
}
