package dev.mica.shell.prompt;

import dev.mica.shell.command.Conversation;
import dev.mica.shell.command.LineKind;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/** Tells JLine whether a line is complete, and what the word at the cursor is. */
final class LineParser implements Parser {
  private final Conversation conversation;

  LineParser(Conversation conversation) {
    this.conversation = conversation;
  }

  @Override
  public ParsedLine parse(String line, int cursor, ParseContext context) {
    if (context == ParseContext.COMPLETE) {
      return conversation.kind(line) == LineKind.LANGUAGE
          ? LanguageLine.of(line, cursor)
          : CommandLineAtCursor.of(line, cursor);
    }
    boolean asked = context == ParseContext.ACCEPT_LINE || context == ParseContext.SECONDARY_PROMPT;
    if (asked && conversation.isIncomplete(line)) {
      throw new EOFError(-1, -1, "more lines must follow", "");
    }
    return LanguageLine.of(line, cursor);
  }
}
