package dev.mica.container;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A record of a log: {@code TIME stdout|stderr F|P BYTES}. */
final class LogRecord {
  private static final int PARTS = 3;

  private final @Nullable Instant time;
  private final boolean error;
  private final boolean ends;
  private final byte[] said;

  private LogRecord(@Nullable Instant time, boolean error, boolean ends, byte[] said) {
    this.time = time;
    this.error = error;
    this.ends = ends;
    this.said = said;
  }

  /** When it was written; null of what is no record, as a power cut can leave it. */
  @Nullable Instant time() {
    return time;
  }

  /** Whether it is of the standard error. */
  boolean error() {
    return error;
  }

  /** Whether a line ends with it. */
  boolean ends() {
    return ends;
  }

  /** Writes what was said. */
  void writeTo(OutputStream out) throws IOException {
    out.write(said);
  }

  /** Of a line of the file, without its newline. */
  static LogRecord of(byte[] line) {
    int[] spaces = new int[PARTS];
    int found = 0;
    for (int i = 0; i < line.length && found < PARTS; i++) {
      if (line[i] == ' ') {
        spaces[found++] = i;
      }
    }
    if (found < PARTS) {
      return broken(line);
    }
    String source = text(line, spaces[0] + 1, spaces[1]);
    String end = text(line, spaces[1] + 1, spaces[2]);
    if (!source.matches("stdout|stderr") || !end.matches("[FP]")) {
      return broken(line);
    }
    try {
      Instant time = Instant.parse(text(line, 0, spaces[0]));
      byte[] said = Arrays.copyOfRange(line, spaces[2] + 1, line.length);
      return new LogRecord(time, source.equals("stderr"), end.equals("F"), said);
    } catch (DateTimeException none) {
      return broken(line);
    }
  }

  private static LogRecord broken(byte[] line) {
    return new LogRecord(null, true, true, line);
  }

  private static String text(byte[] line, int from, int to) {
    return new String(line, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
