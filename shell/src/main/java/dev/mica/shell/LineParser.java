package dev.mica.shell;

import dev.mica.scripting.Engine;
import java.util.List;
import java.util.function.Supplier;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/** Tells JLine whether a line is complete, and what the word at the cursor is. */
final class LineParser implements Parser {
  private final Supplier<Engine> engine;
  private final Supplier<List<String>> variables;

  LineParser(Supplier<Engine> engine, Supplier<List<String>> variables) {
    this.engine = engine;
    this.variables = variables;
  }

  @Override
  public ParsedLine parse(String line, int cursor, ParseContext context) {
    LineKind kind = LineKind.of(line, variables.get());
    if (context == ParseContext.COMPLETE) {
      return kind == LineKind.LANGUAGE
          ? LanguageLine.of(line, cursor)
          : CommandLineAtCursor.of(line, cursor);
    }
    boolean asked = context == ParseContext.ACCEPT_LINE || context == ParseContext.SECONDARY_PROMPT;
    if (asked && isIncomplete(line, kind)) {
      throw new EOFError(-1, -1, "more lines must follow", "");
    }
    return LanguageLine.of(line, cursor);
  }

  private boolean isIncomplete(String line, LineKind kind) {
    return switch (kind) {
      case META -> false;
      case COMMAND -> ShellWords.of(line).isIncomplete();
      case LANGUAGE -> engine.get().isIncomplete(line);
    };
  }
}
