package dev.mica.vm.guest;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tukaani.xz.XZInputStream;

/**
 * The modules that a guest needs, in an order in which they load. Debian's kernel packages have no
 * {@code modules.dep}, so each module is asked what it depends on.
 */
final class Modules {
  private static final String SUFFIX = ".ko";
  private static final String XZ = SUFFIX + ".xz";

  private static final byte[] SIGNED =
      "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);
  private static final int SIGNATURE = 12;

  private final Path directory;
  private final Map<String, Path> there;
  private final Set<String> builtIn;

  private Modules(Path directory, Map<String, Path> there, Set<String> builtIn) {
    this.directory = directory;
    this.there = there;
    this.builtIn = builtIn;
  }

  static Modules of(Kernel kernel) {
    Path directory = kernel.modules();
    try (Stream<Path> files = Files.walk(directory.resolve("kernel"))) {
      Map<String, Path> there =
          files
              .filter(file -> file.getFileName().toString().contains(SUFFIX))
              .collect(Collectors.toMap(Modules::name, file -> file, (a, b) -> a));
      Path list = directory.resolve("modules.builtin");
      List<String> builtIn = Files.exists(list) ? Files.readAllLines(list) : List.of();
      return new Modules(
          directory,
          there,
          builtIn.stream().map(Path::of).map(Modules::name).collect(Collectors.toSet()));
    } catch (IOException | UncheckedIOException broken) {
      throw MicaException.failed(
              "look for modules in", directory, String.valueOf(broken.getMessage()))
          .because(broken);
    }
  }

  /** The named ones and what they need, each after what it needs, less those in {@code before}. */
  Map<String, Path> closure(List<String> wanted, Set<String> before) {
    Map<String, Path> ordered = new LinkedHashMap<>();
    wanted.forEach(name -> add(name, before, ordered));
    return ordered;
  }

  private void add(String name, Set<String> before, Map<String, Path> ordered) {
    if (builtIn.contains(name) || before.contains(name) || ordered.containsKey(name)) {
      return;
    }
    Path file = there.get(name);
    if (file == null) {
      throw MicaException.failed("use the kernel of", directory, "it has no module " + name)
          .hint("name another kernel in MICA_KERNEL");
    }
    depends(file).forEach(one -> add(one, before, ordered));
    ordered.put(name, file);
  }

  /** The module itself, whether its file is plain, as Debian 12 has it, or by xz, as 13. */
  static byte[] content(Path file) {
    String name = file.toString();
    if (!name.endsWith(SUFFIX) && !name.endsWith(XZ)) {
      throw MicaException.failed("use the module", file, "it is compressed in a way not known here")
          .hint("name a kernel with plain modules, or by xz, in MICA_KERNEL, as Debian's are");
    }
    try (InputStream plain = Files.newInputStream(file);
        InputStream in = name.endsWith(XZ) ? new XZInputStream(plain) : plain) {
      return in.readAllBytes();
    } catch (IOException broken) {
      throw MicaException.failed("read the module", file, Why.of(broken)).because(broken);
    }
  }

  /**
   * The module without the signature at its end, which the kernel would check and take the lack of.
   * At the very end is {@link #SIGNED}, before that {@code struct module_signature}, whose last
   * four bytes say how long the signature before it is.
   */
  static byte[] unsigned(byte[] module) {
    int end = module.length - SIGNED.length - SIGNATURE;
    if (end < 0
        || !Arrays.equals(SIGNED, Arrays.copyOfRange(module, end + SIGNATURE, module.length))) {
      return module;
    }
    int length = ByteBuffer.wrap(module).getInt(end + SIGNATURE - Integer.BYTES);
    return length < 0 || length > end ? module : Arrays.copyOf(module, end - length);
  }

  /** The field {@code depends=} of the module's {@code .modinfo}: names apart by commas. */
  static List<String> depends(Path file) {
    String text = "\0" + new String(content(file), StandardCharsets.ISO_8859_1);
    int at = text.indexOf("\0depends=");
    if (at < 0) {
      throw MicaException.failed("read what the module needs", file, "it does not say");
    }
    int from = at + "\0depends=".length();
    String names = text.substring(from, text.indexOf('\0', from));
    return Stream.of(names.split(",")).filter(n -> !n.isEmpty()).map(Modules::plain).toList();
  }

  private static String name(Path file) {
    return plain(file.getFileName().toString().replaceAll("\\.ko(\\..*)?$", ""));
  }

  /** To the kernel '-' and '_' are the same. */
  private static String plain(String name) {
    return name.replace('-', '_');
  }
}
