package dev.mica.vm.qemu;

import dev.mica.core.Core;
import dev.mica.vm.guest.Profile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a guest is started with.
 *
 * @param initramfs one file, which may be several archives one after the other
 * @param extra more words for the kernel
 * @param memory bytes
 * @param disks files that QEMU has open for reading and writing; they are not devices yet
 * @param incoming the devices of a saved guest, for which it waits instead of booting
 */
public record Boot(
    Path program,
    Accel.Kind accel,
    Path kernel,
    Path initramfs,
    Profile profile,
    String extra,
    long memory,
    int processors,
    List<Path> disks,
    Optional<Path> incoming) {
  public Boot {
    disks = List.copyOf(disks);
  }

  /** The options of the kernel on every host. */
  public String words() {
    return (profile.words(processors) + " " + extra).strip();
  }

  /** The same, but waiting until the devices in that file are read. */
  public Boot restoring(Path devices) {
    return new Boot(
        program,
        accel,
        kernel,
        initramfs,
        profile,
        extra,
        memory,
        processors,
        disks,
        Optional.of(devices));
  }

  /**
   * An emulated processor has the time stamp counter of the host. On a busy host, a kernel that
   * measures it against other clocks may be wrong by a factor, or may measure for ever.
   */
  String commandLine() {
    OptionalInt rate = accel == Accel.Kind.TCG ? Core.timeStampRate() : OptionalInt.empty();
    return rate.isEmpty()
        ? words()
        : "tsc=reliable tsc_early_khz=" + rate.getAsInt() + " " + words();
  }
}
