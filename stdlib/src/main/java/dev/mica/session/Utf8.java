package dev.mica.session;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Makes text of bytes that come in pieces, whose borders may be inside of a character. */
final class Utf8 {
  private static final int LONGEST = 4;

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** What the beginning of a character is kept in. */
  private ByteBuffer rest = ByteBuffer.allocate(0);

  /** The text of what can be decoded by now; what is no UTF-8 is U+FFFD in it. */
  String next(byte[] bytes, int offset, int length) {
    ByteBuffer all = ByteBuffer.allocate(rest.remaining() + length);
    all.put(rest).put(bytes, offset, length).flip();
    CharBuffer text = CharBuffer.allocate(all.remaining() + 1);
    decoder.reset().decode(all, text, false);
    rest = all.slice();
    return text.flip().toString();
  }

  /** A character that has no end is one U+FFFD. */
  String end() {
    CharBuffer text = CharBuffer.allocate(LONGEST);
    decoder.reset().decode(rest, text, true);
    decoder.flush(text);
    return text.flip().toString();
  }
}
