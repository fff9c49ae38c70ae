package dev.mica.test;

import dev.mica.folder.Change;
import dev.mica.folder.Diff;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tree lab ({@code src/test/lab/treelab.py}), in a process of its own; its page says what it
 * can do.
 */
public final class Lab implements AutoCloseable {
  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter questions;

  /** Starts it. */
  public Lab() {
    Path program = Path.of(System.getProperty("mica.root"), "stdlib/src/test/lab/treelab.py");
    try {
      process =
          new ProcessBuilder("python3", program.toString(), "serve")
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    questions =
        new PrintWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
  }

  /** One command; its lines. */
  public List<String> ask(Object... words) {
    questions.println(
        JsonMapper.shared()
            .writeValueAsString(java.util.Arrays.stream(words).map(Object::toString).toList()));
    try {
      String answer = answers.readLine();
      if (answer == null || !answer.startsWith("ok")) {
        throw new AssertionError("the lab, asked " + List.of(words) + ", answers " + answer);
      }
      return answer.equals("ok") ? List.of() : List.of(answer.substring(3).split("\\\\n", -1));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** A diff as the lab prints it. */
  public static List<String> lines(Diff diff) {
    List<String> lines = new ArrayList<>();
    for (Change change : diff.toList()) {
      String what =
          change.what().stream()
              .sorted()
              .map(one -> one.name().toLowerCase(Locale.ROOT))
              .collect(Collectors.joining(","));
      lines.add(
          change.kind().name().toLowerCase(Locale.ROOT)
              + " "
              + (what.isEmpty() ? "" : what + " ")
              + path(change));
    }
    return lines;
  }

  /** The path of a change as the lab writes it. */
  public static String path(Change change) {
    StringBuilder text = new StringBuilder();
    for (byte b : change.path().bytes()) {
      if (b >= 0x20 && b < 0x7f && b != '\\') {
        text.append((char) b);
      } else {
        text.append(String.format("\\x%02x", b & 0xff));
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    questions.close();
    process.destroy();
  }
}
