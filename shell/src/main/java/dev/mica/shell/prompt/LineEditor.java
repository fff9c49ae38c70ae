package dev.mica.shell.prompt;

import dev.mica.shell.attach.Keyboard;
import dev.mica.shell.print.Unprintable;
import java.io.IOError;
import java.io.IOException;
import org.jline.reader.Buffer;
import org.jline.reader.impl.LineReaderImpl;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;

/**
 * JLine's line editor, but for what it does wrong at some terminals, or with some text: a paste
 * that is not marked as one, characters that terminals obey, and those that are shown as one.
 */
final class LineEditor extends LineReaderImpl implements Lines {
  /** How long the next piece of a paste may be behind the last, as over a network. */
  private static final int PIECE_MILLIS = 100;

  private static final long PUSHED_BACK_MILLIS = 1;
  private static final int DELETE = 127;

  private final boolean colour;
  private boolean burst;

  /** {@code colour}: whether the user wants any. */
  LineEditor(Terminal terminal, boolean colour) throws IOException {
    super(terminal, "mica");
    this.colour = colour;
    // Keys go by what people see as one character. Nothing is sent: what terminals make of it is
    // WholeDisplay's concern.
    terminal.setGraphemeClusterMode(true, true);
  }

  @Override
  public String read(String prompt) {
    return readLine(prompt);
  }

  @Override
  public String typed(Keyboard keyboard) throws IOException {
    return keyboard.typed();
  }

  @Override
  public void keep(String typed) {
    runMacro(typed);
  }

  /** The line that is being typed is drawn again below. */
  @Override
  public void show(String line) {
    printAbove(line);
  }

  /** It gets the key itself. */
  @Override
  public boolean drop() {
    return false;
  }

  /**
   * Takes what waits to be read behind a key in one go. The whole line is drawn anew for each key:
   * text that a terminal sends without the marks of a paste would take the square of its length.
   */
  @Override
  protected boolean selfInsert() {
    if (!super.selfInsert()) {
      return false;
    }
    StringBuilder more = new StringBuilder();
    while (isText(waiting(0))) {
      more.appendCodePoint(readCharacter());
    }
    burst = !more.isEmpty();
    buf.write(more);
    return true;
  }

  /** A tab with text or the line's end right behind it was never typed, so it is text too. */
  @Override
  protected boolean expandOrComplete() {
    int patience = burst ? PIECE_MILLIS : 0;
    StringBuilder tabs = new StringBuilder();
    while (waiting(patience) == '\t') {
      tabs.appendCodePoint(readCharacter());
    }
    int next = waiting(patience);
    if (isText(next) || next == '\r' || next == '\n') {
      buf.write(tabs.append('\t'));
      return true;
    }
    runMacro(tabs.toString());
    return super.expandOrComplete();
  }

  /**
   * Ctrl-D where there is no character to delete drops the line if it is asked for more, and does
   * nothing else: who wants to leave does not want to see all words there are.
   */
  @Override
  protected boolean deleteCharOrList() {
    if (buf.cursor() < buf.length()) {
      return deleteChar();
    }
    if (buf.prevChar() == '\n') {
      state = State.INTERRUPT;
    }
    return true;
  }

  /**
   * What can be read without waiting, or comes in that time; -2: nothing. What is there is found
   * however busy the machine is: JLine's own look has a thread read, and takes nothing for an
   * answer where that gets no processor in time. It still is asked for what was pushed back.
   */
  private int waiting(int millis) {
    try {
      return Keyboard.hasKey(terminal, millis)
          ? peekCharacter(0) // 0: as long as it takes
          : peekCharacter(PUSHED_BACK_MILLIS);
    } catch (IOException gone) {
      throw new IOError(gone); // as JLine's own looks do: it knows a Ctrl-C by its cause
    }
  }

  /** Not a key with a meaning, nor -1 or -2: the end, or nothing there. */
  private static boolean isText(int c) {
    return c >= ' ' && c != DELETE;
  }

  /** Draws the line with a picture for each character that the terminal would obey. */
  @Override
  protected void redisplay(boolean flush) {
    if (!(display instanceof WholeDisplay)) { // a new one, with nothing on it yet
      WholeDisplay whole = new WholeDisplay(terminal, colour);
      whole.resize(size);
      whole.setDelayLineWrap(display.delayLineWrap());
      display = whole;
    }
    if (!isObeyed(buf.toString())) {
      super.redisplay(flush);
      return;
    }
    lock.lock(); // whoever shows a message draws the line, too
    try {
      drawPictures(flush);
    } finally {
      lock.unlock();
    }
  }

  private void drawPictures(boolean flush) {
    Buffer real = buf.copy();
    int cursor = buf.cursor();
    buf.clear();
    buf.write(pictures(real.toString()));
    buf.cursor(cursor);
    try {
      super.redisplay(flush);
    } finally {
      buf.copyFrom(real);
    }
  }

  private static boolean isObeyed(String line) {
    return line.codePoints().anyMatch(LineEditor::isObeyed);
  }

  /** Tabs and line ends are drawn by JLine. */
  private static boolean isObeyed(int c) {
    return c != '\t' && c != '\n' && Unprintable.is(c);
  }

  private static String pictures(String line) {
    int[] shown = line.codePoints().map(c -> isObeyed(c) ? Unprintable.picture(c) : c).toArray();
    return new String(shown, 0, shown.length);
  }

  /** Begins the prompt in the first column, whatever was printed without a line end before. */
  @Override
  protected boolean freshLine() {
    if (colour) {
      return super.freshLine();
    }
    String mark = "~" + " ".repeat(Math.max(0, size.getColumns() - 1)) + "\r \r";
    if (terminal.getBooleanCapability(Capability.eat_newline_glitch)) {
      terminal.writer().write(mark);
    }
    return true;
  }
}
