package dev.mica.vm.guest;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A guest's kernel.
 *
 * @param image what QEMU boots
 * @param modules the directory of its modules
 */
public record Kernel(Path image, Path modules) {
  private static final String PREFIX = "vmlinuz-";

  /** Where a package has them: Debian's in the first up to 12, in the second since. */
  private static final List<String> MODULES = List.of("lib/modules", "usr/lib/modules");

  /** The modules' directory is called after the release. */
  public String release() {
    return modules.getFileName().toString();
  }

  /** What {@code MICA_KERNEL} names: an image, beside a boot directory's {@code lib/modules}. */
  static Kernel named(Path image) {
    if (!Files.isReadable(image)) {
      throw unusable("MICA_KERNEL names " + image + ", which cannot be read")
          .hint("name the file of a kernel, called vmlinuz-RELEASE");
    }
    Path boot = Objects.requireNonNull(image.toAbsolutePath().getParent());
    Path root = boot.getParent() == null ? boot : boot.getParent();
    return of(image, root)
        .or(() -> of(image, Path.of("/")))
        .orElseThrow(() ->
            unusable("MICA_KERNEL names " + image + ", of which there are no modules")
                .hint("have them in " + root.resolve("lib/modules") + "/RELEASE"));
  }

  /** The reason also stands alone, as a part's. */
  private static MicaException unusable(String why) {
    return MicaException.failed("use that kernel for", "a VM", why);
  }

  /** The kernels below {@code root} whose modules are there too, the newest first. */
  static List<Kernel> below(Path root) {
    Path boot = root.resolve("boot");
    if (!Files.isDirectory(boot)) {
      return List.of();
    }
    try (Stream<Path> images = Files.list(boot)) {
      return images
          .filter(image -> image.getFileName().toString().startsWith(PREFIX))
          .filter(Files::isReadable)
          .flatMap(image -> of(image, root).stream())
          .sorted(Comparator.comparingLong(Kernel::age).reversed())
          .toList();
    } catch (IOException broken) {
      throw MicaException.failed("look for kernels in", boot, Why.of(broken)).because(broken);
    }
  }

  private static Optional<Kernel> of(Path image, Path root) {
    String name = image.getFileName().toString();
    if (!name.startsWith(PREFIX)) {
      return Optional.empty();
    }
    String release = name.substring(PREFIX.length());
    return MODULES.stream()
        .map(all -> root.resolve(all).resolve(release))
        .filter(modules -> Files.isDirectory(modules.resolve("kernel")))
        .findFirst()
        .map(modules -> new Kernel(image, modules));
  }

  private long age() {
    try {
      return Files.getLastModifiedTime(image).toMillis();
    } catch (IOException gone) {
      return 0;
    }
  }
}
