package dev.mica.vm.process;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** The ends of logs, for messages of one line. */
public final class Text {
  private static final String PANIC = "Kernel panic";
  private static final int SHOWN_LINES = 4;
  private static final int SHOWN_CHARS = 600;

  private Text() {}

  /** The whole of a small file. */
  public static String of(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  static String lastLine(String text) {
    return text.lines().filter(line -> !line.isBlank()).reduce((a, b) -> b).orElse("");
  }

  /**
   * The last lines of a log, of a kernel's that panicked from there on; "nothing" of an empty one.
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
