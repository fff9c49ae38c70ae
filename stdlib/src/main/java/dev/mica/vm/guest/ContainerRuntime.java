package dev.mica.vm.guest;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The program that runs containers, this host's own, with the libraries it needs: an archive of
 * their own, behind the initramfs of a guest that has containers. So the distribution keeps it.
 * With it goes what a container can have as its first process, if this host has that.
 */
public final class ContainerRuntime {
  /** The line that mends it. */
  public static final String FIX = "apt install crun";

  private static final String NAME = "crun";
  private static final String IN_GUEST = "usr/bin/crun";

  /** What ldd(1) says: {@code libc.so.6 => /lib/libc.so.6 (0x...)}, or the path alone. */
  private static final Pattern LIBRARY = Pattern.compile("(?:=> )?(/\\S+) \\(0x[0-9a-f]+\\)");

  private ContainerRuntime() {}

  /** Where it is. */
  public static Optional<Path> program() {
    return Program.find(NAME);
  }

  /** Why no container can be run here. */
  public static Optional<MicaException> refusal() {
    return program().isPresent()
        ? Optional.empty()
        : Optional.of(
            MicaException.failed("find the program", NAME, "it is not installed").hint(FIX));
  }

  /** All files of it. */
  public static List<Path> files() {
    refusal()
        .ifPresent(no -> {
          throw no;
        });
    Path program = program().orElseThrow();
    String said = Program.run(Path.of("/"), List.of("ldd", program.toString()));
    return Stream.of(Stream.of(program), libraries(said), ContainerInit.program().stream())
        .flatMap(files -> files)
        .toList();
  }

  /** The libraries that ldd(1) lists, the loader among them. */
  static Stream<Path> libraries(String said) {
    return said.lines()
        .map(LIBRARY::matcher)
        .filter(Matcher::find)
        .map(found -> Path.of(found.group(1)));
  }

  /** The archive. */
  public static byte[] archive() {
    Cpio archive = new Cpio();
    List<Path> files = files();
    try {
      archive.file(IN_GUEST, Files.readAllBytes(files.getFirst()));
      Optional<Path> init = ContainerInit.program();
      for (Path file : files.subList(1, files.size())) {
        String place = init.equals(Optional.of(file)) ? ContainerInit.IN_GUEST : file.toString();
        archive.file(place.substring(1), Files.readAllBytes(file));
      }
      return archive.finish();
    } catch (IOException broken) {
      throw MicaException.failed("pack", files.getFirst(), Why.of(broken)).because(broken);
    }
  }
}
