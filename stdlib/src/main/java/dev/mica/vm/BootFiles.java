package dev.mica.vm;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import dev.mica.vm.guest.BareKernel;
import dev.mica.vm.guest.ContainerRuntime;
import dev.mica.vm.guest.Initramfs;
import dev.mica.vm.guest.Kernel;
import dev.mica.vm.guest.Profile;
import dev.mica.vm.process.Program;
import dev.mica.vm.process.SmallFile;
import dev.mica.vm.qemu.Accel;
import dev.mica.vm.qemu.Boot;
import dev.mica.vm.qemu.Template;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a guest is started from that is made here, once, and kept. Each is called after all that it
 * was made of, so that what has changed is made anew.
 *
 * @param cache where they are kept
 */
record BootFiles(Path cache) {
  private static final String INITRAMFS = "initramfs-";
  private static final String KERNEL = "vmlinux-";
  private static final String PACKED = "vmlinuz-";

  /** Nobody but root gets as far as here, and QEMU, which has another user. */
  private static final Set<PosixFilePermission> READABLE =
      PosixFilePermissions.fromString("r--r--r--");

  /** Templates of one profile: of guests that differ in memory and processors. */
  private static final int TEMPLATES = 4;

  /** Those made of other kernels, agents and boots of the host serve nobody. */
  private void forget(String prefix) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(cache, prefix + "*")) {
      all.forEach(Core::remove);
    } catch (IOException broken) {
      throw MicaException.failed("list", cache, Why.of(broken)).because(broken);
    }
  }

  /** All but the newest of the template's profile: the one that is about to be made is one more. */
  void forgetOld(Template made) {
    String prefix = made.directory().getFileName().toString().replaceAll("-[0-9a-f]+$", "-");
    try (DirectoryStream<Path> all = Files.newDirectoryStream(cache, prefix + "*")) {
      List<Path> found = new ArrayList<>();
      all.forEach(found::add);
      found.sort(Comparator.comparing(BootFiles::made).reversed());
      found.stream().skip(TEMPLATES - 1L).forEach(Core::remove);
    } catch (IOException broken) {
      throw MicaException.failed("list", cache, Why.of(broken)).because(broken);
    }
  }

  private static FileTime made(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException gone) {
      return FileTime.fromMillis(0);
    }
  }

  /** Made once for each agent, kernel and profile, and the runtime of this host. */
  Path initramfs(Kernel kernel, Profile profile) {
    Path agent = Program.ours("mica-agent");
    List<String> facts = new ArrayList<>();
    facts.add(Program.stamp(agent));
    facts.add(Program.stamp(kernel.image()));
    if (profile.hasRuntime()) {
      ContainerRuntime.files().forEach(file -> facts.add(Program.stamp(file)));
    }
    String prefix = INITRAMFS + word(profile);
    Path file = cache.resolve(prefix + digest(facts.toArray(String[]::new)) + ".cpio");
    if (!Files.exists(file)) {
      Path scratch = file.resolveSibling(file.getFileName() + ".new");
      try {
        Files.createDirectories(cache);
        forget(prefix);
        Files.write(scratch, Initramfs.of(agent, kernel, profile));
        if (profile.hasRuntime()) {
          Files.write(scratch, ContainerRuntime.archive(), StandardOpenOption.APPEND);
        }
        Files.setPosixFilePermissions(scratch, READABLE);
        Durable.move(scratch, file);
      } catch (IOException broken) {
        throw MicaException.failed("write", file, Why.of(broken)).because(broken);
      }
    }
    return file;
  }

  /** What QEMU boots: for an emulated processor the bare kernel, unpacked once for each. */
  Path image(Kernel kernel, Accel.Kind accel) {
    if (accel != Accel.Kind.TCG) {
      return readable(kernel.image());
    }
    Path file = cache.resolve(KERNEL + digest(Program.stamp(kernel.image())));
    try {
      if (Files.exists(file)) {
        Files.setPosixFilePermissions(file, READABLE); // an earlier Mica may have kept it to root
        return file;
      }
      forget(KERNEL);
      if (!BareKernel.unpack(kernel.image(), file)) {
        return readable(kernel.image());
      }
      Files.setPosixFilePermissions(file, READABLE);
      return file;
    } catch (IOException broken) {
      throw MicaException.failed("unpack the kernel", kernel.image(), Why.of(broken))
          .because(broken);
    }
  }

  /** The kernel as it is packed, for QEMU's user: a copy where only root may read it. */
  Path readable(Path image) {
    try {
      if (Files.getPosixFilePermissions(image).contains(PosixFilePermission.OTHERS_READ)) {
        return image;
      }
      Path file = cache.resolve(PACKED + digest(Program.stamp(image)));
      if (!Files.exists(file)) {
        forget(PACKED);
        Path scratch = file.resolveSibling(file.getFileName() + ".new");
        Files.copy(image, scratch, StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(scratch, READABLE);
        Durable.move(scratch, file);
      }
      return file;
    } catch (IOException broken) {
      throw MicaException.failed("copy the kernel", image, Why.of(broken)).because(broken);
    }
  }

  /** A file that was made here has a name that says what it was made of, wherever this is. */
  private String which(Path file) {
    return cache.equals(file.getParent()) ? file.getFileName().toString() : Program.stamp(file);
  }

  /** Good until the host boots again: so it need not be proof against a power cut. */
  Template template(Boot boot) {
    String of =
        digest(
            Program.stamp(boot.program()),
            which(boot.kernel()),
            which(boot.initramfs()),
            boot.accel().word(),
            boot.words(),
            Long.toString(boot.memory()),
            Integer.toString(boot.processors()),
            SmallFile.read(Path.of("/proc/sys/kernel/random/boot_id")));
    return new Template(cache.resolve(Template.PREFIX + word(boot.profile()) + of));
  }

  private static String word(Profile profile) {
    return profile.name().toLowerCase(Locale.ROOT) + "-";
  }

  private static String digest(String... facts) {
    try {
      byte[] all = String.join("\n", facts).getBytes(StandardCharsets.UTF_8);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(all);
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException cannotHappen) {
      throw new AssertionError(cannotHappen);
    }
  }
}
