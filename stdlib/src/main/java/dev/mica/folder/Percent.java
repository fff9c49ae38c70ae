package dev.mica.folder;

import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The {@code %HH} of URIs: bytes, of any value but 0. */
final class Percent {
  /** Where {@link PathBytes#decode} puts bytes of 0x80 and more that are not UTF-8. */
  private static final int RAW = 0xdc80;

  private Percent() {}

  static byte[] decode(String uri, String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < encoded.length; i++) {
      if (encoded[i] == '%') {
        bytes.write(escaped(uri, encoded, i + 1));
        i += 2;
      } else {
        bytes.write(encoded[i]);
      }
    }
    return bytes.toByteArray();
  }

  /** Of these bytes, so that people can read as much as possible; {@link #decode} turns it back. */
  static String encode(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    PathBytes.decode(bytes)
        .chars()
        .forEach(c -> {
          boolean raw = c >= RAW && c < RAW + 0x80; // a byte that is not UTF-8
          if (raw || c == '%' || Character.isISOControl(c)) {
            for (byte b : raw ? new byte[] {(byte) c} : utf8((char) c)) {
              text.append(String.format("%%%02X", b & 0xff));
            }
          } else {
            text.append((char) c);
          }
        });
    return text.toString();
  }

  private static byte[] utf8(char c) {
    return String.valueOf(c).getBytes(StandardCharsets.UTF_8);
  }

  private static int escaped(String uri, byte[] encoded, int at) {
    boolean two = at + 1 < encoded.length;
    int high = two ? Character.digit(encoded[at], 16) : -1;
    int low = two ? Character.digit(encoded[at + 1], 16) : -1;
    if (high < 0 || low < 0 || high + low == 0) {
      throw MicaException.usage("open", uri, "a % in a URI is followed by two digits, 01 to FF");
    }
    return high << 4 | low;
  }
}
