package dev.mica.folder;

import dev.mica.failure.MicaException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The {@code %HH} of URIs: bytes, of any value but 0. */
final class Percent {
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
