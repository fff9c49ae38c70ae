package dev.mica.vm.guest;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import dev.mica.vm.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds the guest's kernel: {@code MICA_KERNEL}; else one that lies in {@code /boot} with its
 * modules; else Debian's package, fetched with apt and unpacked, not installed.
 */
public final class Kernels {
  private static final String PACKAGE = "linux-image-cloud-amd64";

  private final Map<String, String> environment;
  private final Path root;
  private final Path fetched;

  /**
   * @param root holds {@code /boot} and {@code /lib/modules}
   * @param fetched where the package is unpacked
   */
  public Kernels(Map<String, String> environment, Path root, Path fetched) {
    this.environment = environment;
    this.root = root;
    this.fetched = fetched;
  }

  private Optional<Path> named() {
    String named = environment.getOrDefault("MICA_KERNEL", "");
    return named.isEmpty() ? Optional.empty() : Optional.of(Path.of(named));
  }

  /** One that is there. */
  public Optional<Kernel> present() {
    if (named().isPresent()) {
      return refusal().isEmpty() ? named().map(Kernel::named) : Optional.empty();
    }
    return Stream.of(root, fetched).flatMap(each -> Kernel.below(each).stream()).findFirst();
  }

  /** Why there is none and none can be fetched either. */
  public Optional<MicaException> refusal() {
    if (named().isPresent()) {
      try {
        Kernel.named(named().get());
        return Optional.empty();
      } catch (MicaException unusable) {
        return Optional.of(unusable);
      }
    }
    if (present().isPresent() || mayFetch()) {
      return Optional.empty();
    }
    return Optional.of(
        MicaException.failed(
                "find a kernel in",
                root.resolve("boot"),
                "there is none that can be read, with its modules")
            .hint("apt install " + PACKAGE + ", or name one in MICA_KERNEL"));
  }

  private static boolean mayFetch() {
    return Program.find("apt-get").isPresent() && Program.find("dpkg-deb").isPresent();
  }

  /** One that is there, or fetched now. */
  public Kernel get() {
    return present().orElseGet(this::fetch);
  }

  private Kernel fetch() {
    refusal()
        .ifPresent(no -> {
          throw no;
        });
    Path scratch = fetched.resolveSibling(fetched.getFileName() + ".new");
    Core.remove(scratch);
    try {
      Path debs = Files.createDirectories(scratch.resolve("debs"));
      Path tree = Files.createDirectories(scratch.resolve("tree"));
      download(debs, PACKAGE);
      download(debs, dependency(debs));
      for (Path deb : files(debs)) {
        Program.run(debs, List.of("dpkg-deb", "--extract", deb.toString(), tree.toString()));
      }
      Core.sync(tree);
      Core.remove(fetched);
      Durable.move(tree, fetched);
    } catch (IOException broken) {
      throw MicaException.failed("unpack a kernel at", fetched, Why.of(broken)).because(broken);
    } finally {
      Core.remove(scratch);
    }
    return present()
        .orElseThrow(
            () -> MicaException.failed("find the kernel in", fetched, "the package brought none"));
  }

  private static void download(Path directory, String name) {
    try {
      // As root apt gives the download to a user that cannot reach a private directory, and warns.
      Program.run(directory, List.of("apt-get", "-q", "download", name));
    } catch (MicaException failure) {
      throw MicaException.failed("fetch the kernel package", name, failure.why())
          .hint("apt update, or apt install " + PACKAGE + ", or name a kernel in MICA_KERNEL")
          .because(failure);
    }
  }

  /** The package is an empty one that depends on the kernel's. */
  private static String dependency(Path debs) throws IOException {
    String depends =
        Program.run(
            debs, List.of("dpkg-deb", "--field", files(debs).getFirst().toString(), "Depends"));
    return Stream.of(depends.split(","))
        .map(one -> one.strip().replaceAll("[ (|].*", ""))
        .filter(one -> one.startsWith("linux-image-"))
        .findFirst()
        .orElseThrow(() -> new IOException(PACKAGE + " depends on no kernel"));
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }
}
