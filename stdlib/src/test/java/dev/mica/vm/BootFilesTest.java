package dev.mica.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.Scratch;
import dev.mica.vm.guest.Profile;
import dev.mica.vm.qemu.Accel;
import dev.mica.vm.qemu.Boot;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What names a template. */
final class BootFilesTest {
  private final Scratch scratch = new Scratch();
  private final Path program = scratch.file("qemu", "program");

  @AfterEach
  void end() {
    scratch.close();
  }

  private Path template(String home, String kernel, String initramfs, long memory) {
    Path cache = scratch.path(home).resolve("cache");
    Boot boot =
        new Boot(
            program,
            Accel.Kind.TCG,
            kernel.startsWith("/") ? Path.of(kernel) : cache.resolve(kernel),
            cache.resolve(initramfs),
            Profile.CONTAINER,
            "",
            memory,
            1,
            List.of(),
            Optional.empty());
    return cache.relativize(new BootFiles(cache).template(boot).directory());
  }

  /** A state directory may be moved, and what was made in it is still good. */
  @Test
  void aTemplateHasOneNameWhereverTheStateDirectoryIs() {
    Path one = template("a", "vmlinux-1", "initramfs-1.cpio", 1 << 29);
    assertThat(template("b", "vmlinux-1", "initramfs-1.cpio", 1 << 29)).isEqualTo(one);
    assertThat(template("a", "vmlinux-2", "initramfs-1.cpio", 1 << 29)).isNotEqualTo(one);
    assertThat(template("a", "vmlinux-1", "initramfs-2.cpio", 1 << 29)).isNotEqualTo(one);
    assertThat(template("a", "vmlinux-1", "initramfs-1.cpio", 1 << 28)).isNotEqualTo(one);
  }

  /** A kernel that lies elsewhere is known by its file: another one may come to its name. */
  @Test
  void aKernelOfTheHostIsKnownByItsFile() {
    String kernel = scratch.file("boot/vmlinuz", "old").toString();
    Path old = template("a", kernel, "initramfs-1.cpio", 1 << 29);
    assertThat(template("b", kernel, "initramfs-1.cpio", 1 << 29)).isEqualTo(old);
    scratch.file("boot/vmlinuz", "newer");
    assertThat(template("a", kernel, "initramfs-1.cpio", 1 << 29)).isNotEqualTo(old);
  }
}
