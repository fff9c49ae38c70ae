package dev.mica.vm.process;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The programs of others, and our own beside the core. */
public final class Program {
  private static final long SECONDS = 300;
  private static final String NO_ROOM = "No space left on device";

  private Program() {}

  /** The first that is there: a name on the PATH, or an absolute path. */
  public static Optional<Path> find(String... candidates) {
    return Stream.of(candidates).flatMap(Program::places).filter(Files::isExecutable).findFirst();
  }

  private static Stream<Path> places(String candidate) {
    if (candidate.startsWith("/")) {
      return Stream.of(Path.of(candidate));
    }
    String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
    return Stream.of(path.split(":"))
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, candidate));
  }

  /** A program that is built and shipped with the core. */
  public static Path ours(String name) {
    Path program = Core.library().resolveSibling(name);
    if (!Files.isExecutable(program)) {
      throw MicaException.failed("find the program", program, "it does not exist")
          .hint("build it with make build");
    }
    return program;
  }

  /** Which file that is, and as of when. */
  public static String stamp(Path file) {
    try {
      Path real = file.toRealPath();
      return real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real);
    } catch (IOException broken) {
      throw MicaException.failed("look at", file, Why.of(broken)).because(broken);
    }
  }

  /** What it says last, unless it has said before that there is no room, as one of several does. */
  private static String why(String said) {
    return said.lines()
        .filter(line -> line.contains(NO_ROOM))
        .findFirst()
        .orElseGet(() -> LogTail.lastLine(said));
  }

  /** Runs one to its end; what it says. Fails with its last line unless it ends with 0. */
  public static String run(Path directory, List<String> command) {
    String words = String.join(" ", command);
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .start();
      try {
        String said =
            new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
          throw MicaException.failed("run", words, why(said));
        }
        return said;
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException broken) {
      throw MicaException.failed("run", words, Why.of(broken)).because(broken);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("run", words, "interrupted").because(stop);
    }
  }
}
