package dev.mica.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The sessions in the pages, which are their blocks marked {@code console}, are run and must print
 * what the pages say. Those of one page go on from one another. Each page has a mount namespace
 * with an empty {@code /srv} of its own, so nothing is left of it.
 */
@NeedsRoot
final class DocsTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final String MARK = "==mark==";
  private static final String MORE = "  ... ";

  static Stream<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(TOP.resolve("docs"))) {
      List<Path> pages = new ArrayList<>(docs.filter(Files::isRegularFile).sorted().toList());
      pages.add(TOP.resolve("README.md"));
      return pages.stream().filter(page -> !sessions(page).isEmpty()).toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void sessionsPrintWhatThePageSays(Path page, @TempDir Path scratch) throws Exception {
    List<String> said = sessions(page);
    List<List<String>> inputs = inputs(said);
    List<String> printed = run(script(inputs), scratch);
    assertThat(printed).as("the outputs of %s", page).hasSize(inputs.size() + 1);
    List<String> real = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      real.addAll(inputs.get(i));
      // At a prompt errors are not said to be of mica.
      boolean prompt = inputs.get(i).getFirst().startsWith("mica> ");
      printed
          .get(i)
          .lines()
          .map(line -> prompt ? line.replaceFirst("^mica: ", "") : line)
          .forEach(real::add);
    }
    assertThat(normal(real)).isEqualTo(normal(said));
  }

  /** The lines of all its console blocks. */
  private static List<String> sessions(Path page) {
    List<String> lines = new ArrayList<>();
    boolean inside = false;
    try {
      for (String line : Files.readAllLines(page)) {
        if (line.startsWith("```")) {
          inside = line.equals("```console");
        } else if (inside) {
          lines.add(line);
        }
      }
    } catch (IOException unreadable) {
      throw new AssertionError(unreadable);
    }
    return lines;
  }

  /** What is typed: the lines with a prompt, each with those that go on from it. */
  private static List<List<String>> inputs(List<String> session) {
    List<List<String>> inputs = new ArrayList<>();
    for (String line : session) {
      if (line.startsWith("$ ") || line.startsWith("mica> ")) {
        inputs.add(new ArrayList<>(List.of(line)));
      } else if (line.startsWith(MORE)) {
        inputs.getLast().add(line);
      }
    }
    return inputs;
  }

  /** A shell script that types them, and prints a mark after each. */
  private static String script(List<List<String>> inputs) {
    StringBuilder script = new StringBuilder("mount -t tmpfs none /srv || exit 1\n");
    script.append("mica() { '").append(TOP).append("/mica' \"$@\"; }\n");
    boolean prompt = false;
    for (List<String> input : inputs) {
      String first = input.getFirst();
      boolean typed = first.startsWith("mica> ");
      if (prompt && !typed) {
        script.append("PROMPT\n");
      }
      prompt = typed || first.equals("$ mica");
      if (typed) {
        script.append(first.substring("mica> ".length())).append('\n');
        input.stream().skip(1).forEach(l -> script.append(l.substring(MORE.length())).append('\n'));
        script.append("println '").append(MARK).append("'\n");
      } else if (prompt) {
        script.append("echo ").append(MARK).append("\nmica <<'PROMPT'\n");
      } else {
        script.append(first.substring(2)).append("\necho ").append(MARK).append('\n');
      }
    }
    return script.append(prompt ? "PROMPT\n" : "").toString();
  }

  /** What was printed up to each mark, and after the last. */
  private static List<String> run(String script, Path scratch) throws Exception {
    Path file = Files.writeString(scratch.resolve("session.sh"), script);
    ProcessBuilder builder =
        new ProcessBuilder(
            "unshare", "--mount", "--propagation", "private", "bash", file.toString());
    builder.environment().put("MICA_HOME", "/srv/mica");
    Process process =
        builder
            .directory(scratch.toFile())
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .start();
    String all = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return List.of(all.split(MARK + "\n", -1));
  }

  /** Without what differs from run to run: times, ids, processes, the width of columns. */
  private static String normal(List<String> lines) {
    return String.join("\n", lines)
        .replaceAll("\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d+Z)?", "TIME")
        .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")
        // YAML quotes one that begins with a digit.
        .replaceAll("\"?\\b[0-9a-f]{12}\\b\"?", "ID")
        .replaceAll("process \\d+", "process PID")
        .replaceAll("(?m) +$", "")
        .replaceAll(" {2,}", "  ")
        .replaceAll("\n{2,}", "\n");
  }
}
