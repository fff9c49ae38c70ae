package dev.mica.shell.prompt;

import java.io.PrintWriter;
import java.util.List;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;

/**
 * Shows the line being edited. JLine's way, to send what has changed and to count columns, goes
 * wrong where terminals do not agree on the width: flags, joined emoji, skin tones, accents of
 * their own. From the first of them on, all is drawn anew each time, and the cursor gets behind
 * what stands before it by drawing just that.
 */
final class WholeDisplay extends Display {
  private static final int FIRST_COMBINING = 0x300;
  private static final int FIRST_EMOJI = 0x1f000;

  private final boolean colour;
  private boolean whole;

  WholeDisplay(Terminal terminal, boolean colour) {
    super(terminal, false);
    this.colour = colour;
  }

  @Override
  public void update(List<AttributedString> lines, int cursor, boolean flush) {
    List<AttributedString> shown =
        colour ? lines : lines.stream().map(WholeDisplay::withoutColour).toList();
    whole |= shown.stream().anyMatch(WholeDisplay::isOfUnsureWidth);
    if (!whole || cursor < 0) {
      super.update(shown, cursor, flush);
      return;
    }
    draw(shown, cursor);
    cursorPos = cursor;
    if (flush) {
      terminal.flush();
    }
  }

  private static boolean isOfUnsureWidth(AttributedString line) {
    return line.codePoints().anyMatch(WholeDisplay::isOfUnsureWidth);
  }

  private static boolean isOfUnsureWidth(int c) {
    return c >= FIRST_COMBINING
        && (c >= FIRST_EMOJI
            || switch (Character.getType(c)) {
              case Character.NON_SPACING_MARK,
                  Character.ENCLOSING_MARK,
                  Character.COMBINING_SPACING_MARK,
                  Character.FORMAT,
                  Character.UNASSIGNED ->
                  true;
              default -> c >= 0x1100 && c < 0x1200; // Hangul, letter by letter
            });
  }

  /** Without wrapping: a line that is wider than we think must not become two. */
  private void draw(List<AttributedString> lines, int cursor) {
    PrintWriter out = terminal.writer();
    terminal.puts(Capability.exit_am_mode);
    up(cursorPos / columns1);
    terminal.puts(Capability.clr_eos);
    for (int i = 0; i < lines.size(); i++) {
      out.write(i == 0 ? "" : "\r\n");
      out.write(text(lines.get(i)));
    }
    int row = Math.min(cursor / columns1, lines.size() - 1);
    up(lines.size() - 1 - row);
    out.write(text(lines.get(row).columnSubSequence(terminal, 0, cursor % columns1)));
    terminal.puts(Capability.enter_am_mode);
  }

  /** To the beginning of the line so many lines up. */
  private void up(int lines) {
    terminal.writer().write('\r');
    for (int i = 0; i < lines; i++) {
      terminal.puts(Capability.cursor_up);
    }
  }

  private String text(AttributedString line) {
    boolean ended = line.length() > 0 && line.charAt(line.length() - 1) == '\n';
    return (ended ? line.subSequence(0, line.length() - 1) : line).toAnsi(terminal);
  }

  private static AttributedString withoutColour(AttributedString line) {
    AttributedStringBuilder plain = new AttributedStringBuilder();
    for (int i = 0; i < line.length(); i++) {
      AttributedStyle style = line.styleAt(i);
      plain.styled(style.foregroundOff().backgroundOff(), line.subSequence(i, i + 1).toString());
    }
    return plain.toAttributedString();
  }
}
