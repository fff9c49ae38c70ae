package dev.mica.shell.print;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.io.SerializedString;

/** JSON may have DEL, C1 and the like as they are; terminals, logs and scripts should not. */
final class JsonEscapes extends CharacterEscapes {
  private static final long serialVersionUID = 1L;
  private static final int[] ASCII = standardAsciiEscapesForJSON();

  static {
    ASCII[0x7f] = ESCAPE_STANDARD;
  }

  @Override
  public int[] getEscapeCodesForAscii() {
    return ASCII.clone();
  }

  @Override
  public @Nullable SerializableString getEscapeSequence(int c) {
    boolean lineEnd = c == 0x2028 || c == 0x2029; // in JavaScript and in YAML 1.1
    return c >= 0x7f && (lineEnd || Unprintable.is(c))
        ? new SerializedString(String.format("\\u%04X", c))
        : null;
  }
}
