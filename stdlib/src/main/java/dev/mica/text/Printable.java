package dev.mica.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;

/** Bytes for people, on one line: control characters and what is not UTF-8 as {@code \xHH}. */
public final class Printable {
  private Printable() {}

  /** The line; a backslash is doubled, so that it can be told from an escape. */
  public static String of(byte[] bytes) {
    StringBuilder line = new StringBuilder(bytes.length);
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length + 1);
    while (in.hasRemaining()) {
      boolean malformed = decoder.decode(in, out, true).isError();
      out.flip().chars().forEach(c -> append(line, (char) c));
      out.clear();
      decoder.reset();
      if (malformed) {
        line.append(String.format("\\x%02x", in.get() & 0xff));
      }
    }
    return line.toString();
  }

  private static void append(StringBuilder line, char c) {
    if (Character.isISOControl(c) || c == '\\') {
      line.append(c == '\\' ? "\\\\" : String.format("\\x%02x", (int) c));
    } else {
      line.append(c);
    }
  }
}
