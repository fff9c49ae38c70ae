package dev.mica.shell;

import org.jline.reader.LineReader;
import org.jline.reader.Widget;
import org.jline.reader.impl.LineReaderImpl;

/**
 * Takes what waits to be read behind a key in one go. The line editor draws the whole line anew for
 * each key: text that a terminal sends without the marks of a paste would take the square of its
 * length.
 */
final class TypedAhead implements Widget {
  private static final long WAIT_MILLIS = 1;
  private static final int DELETE = 127;

  private final LineReaderImpl reader;
  private final Widget insert;

  private TypedAhead(LineReaderImpl reader, Widget insert) {
    this.reader = reader;
    this.insert = insert;
  }

  static void install(LineReaderImpl reader) {
    reader
        .getWidgets()
        .computeIfPresent(LineReader.SELF_INSERT, (name, insert) -> new TypedAhead(reader, insert));
  }

  @Override
  public boolean apply() {
    if (!insert.apply()) {
      return false;
    }
    StringBuilder more = new StringBuilder();
    while (isText(reader.peekCharacter(WAIT_MILLIS))) {
      more.appendCodePoint(reader.readCharacter());
    }
    reader.getBuffer().write(more);
    return true;
  }

  /** Not a key with a meaning, nor -1 or -2: the end, or nothing there. */
  private static boolean isText(int c) {
    return c >= ' ' && c != DELETE;
  }
}
