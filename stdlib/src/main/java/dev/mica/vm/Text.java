package dev.mica.vm;

import dev.mica.MicaException;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The ends of logs, for messages of one line. */
final class Text {
  private static final int SHOWN_LINES = 4;
  private static final int SHOWN_CHARS = 600;

  private Text() {}

  static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }

  /** The whole of a small file. */
  static String of(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException broken) {
      throw MicaException.failed("read", file, StateDir.why(broken)).because(broken);
    }
  }

  static String lastLine(String text) {
    return text.lines().filter(line -> !line.isBlank()).reduce((a, b) -> b).orElse("");
  }

  /** The last lines of a log; "nothing" of an empty or missing one. */
  static String end(Path log) {
    try {
      String all = new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1);
      List<String> lines = all.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
      String last =
          String.join(" | ", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
      return last.isEmpty() ? "nothing" : last.substring(Math.max(0, last.length() - SHOWN_CHARS));
    } catch (IOException none) {
      return "nothing (" + StateDir.why(none) + ")";
    }
  }
}
