package dev.mica.shell.prompt;

import dev.mica.shell.attach.Keyboard;
import java.io.IOException;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.Parser;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;

/** Lines of a terminal that moves no cursor: the kernel edits and echoes them. */
final class PlainLines implements Lines {
  private static final String MORE = "  ... ";

  private final Terminal terminal;
  private final Parser parser;
  private String prompt = "";
  private boolean reading;
  private boolean dropped;

  /** {@code parser} knows whether more lines must follow. */
  PlainLines(Terminal terminal, Parser parser) {
    this.terminal = terminal;
    this.parser = parser;
  }

  @Override
  public String read(String first) throws IOException {
    begin(first);
    try {
      StringBuilder lines = new StringBuilder();
      do {
        String line = line(lines.isEmpty());
        lines.setLength(taken() ? lines.length() : 0);
        lines.append(line);
      } while (isIncomplete(lines));
      return lines.toString();
    } finally {
      end();
    }
  }

  private synchronized void begin(String first) {
    prompt = first;
    dropped = false;
    reading = true;
    say(first);
  }

  private synchronized void end() {
    reading = false;
  }

  /** Whether what was read before counts still. */
  private synchronized boolean taken() {
    boolean counts = !dropped;
    dropped = false;
    return counts;
  }

  private boolean isIncomplete(StringBuilder lines) {
    try {
      parser.parse(lines.toString(), lines.length(), Parser.ParseContext.ACCEPT_LINE);
      return false;
    } catch (EOFError more) {
      lines.append('\n');
      say(MORE);
      return true;
    }
  }

  private void say(String text) {
    terminal.writer().write(text);
    terminal.flush();
  }

  /**
   * Ctrl-D ends the conversation only where nothing is typed yet; else it drops the line, as the
   * editor does. Where the terminal is gone, the next read ends as well.
   */
  private String line(boolean first) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = terminal.reader().read(); c != '\n'; c = terminal.reader().read()) {
      if (c < 0 && first && line.isEmpty()) {
        throw new EndOfFileException();
      }
      if (c < 0) {
        say("\n");
        throw new UserInterruptException(line.toString());
      }
      line.append((char) c);
    }
    return line.toString();
  }

  /** The kernel has it. */
  @Override
  public String typed(Keyboard keyboard) {
    return "";
  }

  @Override
  public void keep(String typed) {}

  /** What is typed stays above, and counts. */
  @Override
  public synchronized void show(String line) {
    say("\n" + line + "\n" + (reading ? prompt : ""));
  }

  @Override
  public synchronized boolean drop() {
    if (reading) {
      dropped = true;
      say("\n" + prompt);
    }
    return reading;
  }
}
