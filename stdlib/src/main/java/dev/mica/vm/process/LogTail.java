package dev.mica.vm.process;

import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** The ends of logs and of outputs, for messages of one line. */
public final class LogTail {
  private static final String PANIC = "Kernel panic";
  private static final int SHOWN_LINES = 4;
  private static final int SHOWN_CHARS = 600;

  private LogTail() {}

  static String lastLine(String text) {
    return text.lines().filter(line -> !line.isBlank()).reduce((a, b) -> b).orElse("");
  }

  /**
   * The last lines of a log, or "nothing" if it is empty. If a kernel panicked, they begin at the
   * panic.
   */
  public static String end(Path log) {
    try {
      String all = new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1);
      List<String> lines = all.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
      int panic =
          IntStream.range(0, lines.size())
              .filter(i -> lines.get(i).contains(PANIC))
              .findFirst()
              .orElse(Math.max(0, lines.size() - SHOWN_LINES));
      List<String> shown = lines.subList(panic, Math.min(lines.size(), panic + SHOWN_LINES));
      String text = String.join(" | ", shown);
      return text.isEmpty() ? "nothing" : text.substring(0, Math.min(text.length(), SHOWN_CHARS));
    } catch (IOException none) {
      return "nothing (" + Why.of(none) + ")";
    }
  }
}
