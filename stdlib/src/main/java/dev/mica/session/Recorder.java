package dev.mica.session;

import dev.mica.failure.Why;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a recording in the format asciicast v3: a header, and a line for each thing that happened,
 * with the seconds since the one before. What cannot be written ends the recording and is logged.
 */
final class Recorder {
  private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);
  private static final int VERSION = 3;
  private static final int NANOS_IN_MILLI = 1_000_000;
  private static final int DIGITS = 3;

  private final Path file;
  private final OutputStream out;
  private final long most;
  private final LongSupplier nanos;
  private final Utf8 text = new Utf8();
  private final long began;
  private long last;
  private long written;
  private boolean open = true;

  /**
   * Begins one.
   *
   * @param file what {@code out} writes, for the log
   * @param most how many bytes it may have
   * @param nanos a clock
   */
  Recorder(Path file, OutputStream out, long most, LongSupplier nanos) {
    this.file = file;
    this.out = out;
    this.most = most;
    this.nanos = nanos;
    this.began = nanos.getAsLong();
  }

  /** Writes the header. */
  void begin(String type, int columns, int rows, long epochSecond, String title) {
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    header.put("version", VERSION);
    header.putObject("term").put("cols", columns).put("rows", rows).put("type", type);
    header.put("timestamp", epochSecond);
    header.put("title", title);
    line(header.toString());
  }

  boolean isOpen() {
    return open;
  }

  void show(byte[] bytes, int offset, int length) {
    String shown = text.next(bytes, offset, length);
    if (!shown.isEmpty()) {
      event("o", shown);
    }
  }

  void resized(int columns, int rows) {
    event("r", columns + "x" + rows);
  }

  void end(int status) {
    String rest = text.end();
    if (!rest.isEmpty()) {
      event("o", rest);
    }
    event("x", Integer.toString(status));
    close();
  }

  private void event(String code, String data) {
    if (open && written >= most) {
      String why = "the recording ends here, because it has " + written + " bytes";
      write("m", why);
      LOG.warn("{} ends before its session does: it has {} bytes", file, written);
      close();
    }
    write(code, data);
  }

  private void write(String code, String data) {
    long now = (nanos.getAsLong() - began) / NANOS_IN_MILLI;
    ArrayNode event = JsonNodeFactory.instance.arrayNode();
    event.add(BigDecimal.valueOf(now - last, DIGITS)).add(code).add(data);
    last = now;
    line(event.toString());
  }

  private void line(String json) {
    if (!open) {
      return;
    }
    byte[] bytes = (json + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      out.write(bytes);
      written += bytes.length;
    } catch (IOException broken) {
      LOG.warn("{} ends before its session does: {}", file, Why.of(broken));
      close();
    }
  }

  private void close() {
    if (!open) {
      return;
    }
    open = false;
    try {
      out.close();
    } catch (IOException broken) {
      LOG.warn("cannot close {}: {}", file, Why.of(broken));
    }
  }
}
