package dev.mica.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a command may notice of the process that it runs in: the libraries of Mica, the namespaces,
 * whom the kernel takes the process for, and the variables by which Mica itself works in another
 * way. {@code client/facts.c} writes the same of the process that asks; if one line differs, the
 * command runs there.
 */
final class Facts {
  private static final List<String> NAMESPACES =
      List.of("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts");
  private static final List<String> IDENTITY =
      List.of("Umask:", "Uid:", "Gid:", "Groups:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:");

  private Facts() {}

  /**
   * Those of this process, a line each.
   *
   * @param lib the folder of its libraries
   */
  static String ofProcess(Path lib, Map<String, String> environment) throws IOException {
    return Stream.of(libraries(lib), namespaces(), root(), identity(), settings(environment))
        .flatMap(List::stream)
        .map(line -> line + "\n")
        .collect(Collectors.joining());
  }

  private static List<String> libraries(Path lib) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Path file : files(lib)) {
      Instant time = Files.getLastModifiedTime(file).toInstant();
      lines.add(
          "library %s %s %d.%09d %s"
              .formatted(
                  Objects.requireNonNull(file.getFileName()),
                  Files.getAttribute(file, "unix:ino"),
                  time.getEpochSecond(),
                  time.getNano(),
                  Files.size(file)));
    }
    return lines;
  }

  private static List<Path> files(Path lib) throws IOException {
    try (Stream<Path> entries = Files.list(lib)) {
      return entries
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .toList();
    }
  }

  private static List<String> namespaces() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String name : NAMESPACES) {
      lines.add("namespace " + Files.readSymbolicLink(Path.of("/proc/self/ns", name)));
    }
    return lines;
  }

  private static List<String> root() throws IOException {
    Map<String, Object> is = Files.readAttributes(Path.of("/"), "unix:dev,ino");
    return List.of("root " + is.get("dev") + " " + is.get("ino"));
  }

  private static List<String> identity() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> IDENTITY.stream().anyMatch(line::startsWith))
        .toList();
  }

  /** But for where the state is, which has been found, and for what the launcher says itself. */
  private static List<String> settings(Map<String, String> environment) {
    return environment.entrySet().stream()
        .filter(each -> each.getKey().startsWith("MICA_"))
        .filter(each -> !each.getKey().equals("MICA_HOME"))
        .filter(each -> !each.getKey().equals("MICA_IN_PROCESS"))
        .map(each -> "setting " + each.getKey() + "=" + each.getValue())
        .sorted()
        .toList();
  }
}
