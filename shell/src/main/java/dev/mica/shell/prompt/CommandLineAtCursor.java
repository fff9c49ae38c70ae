package dev.mica.shell.prompt;

import dev.mica.shell.command.ShellWords;
import java.util.ArrayList;
import java.util.List;
import org.jline.reader.CompletingParsedLine;

/**
 * A command line with the cursor in it.
 *
 * @param line all of it
 * @param cursor where the cursor is
 * @param words those before the cursor, the last one up to the cursor, perhaps empty
 * @param start where the last word begins, its quote included
 * @param quote the quote the last word begins with, {@link ShellWords#NONE} if none
 */
record CommandLineAtCursor(String line, int cursor, List<String> words, int start, char quote)
    implements CompletingParsedLine {
  static CommandLineAtCursor of(String line, int cursor) {
    String before = line.substring(0, cursor);
    ShellWords split = ShellWords.of(before);
    List<String> words = new ArrayList<>(split.texts());
    boolean typing =
        !split.words().isEmpty()
            && split.words().getLast().end() == cursor
            && (split.isIncomplete() || !endsInBlank(before));
    int start = typing ? split.words().getLast().start() : cursor;
    char quote = typing ? split.words().getLast().quote() : ShellWords.NONE;
    if (!typing) {
      words.add("");
    }
    if (words.getFirst().equals("mica") && words.size() > 1) {
      words.removeFirst();
    }
    return new CommandLineAtCursor(line, cursor, List.copyOf(words), start, quote);
  }

  private static boolean endsInBlank(String text) {
    return text.isEmpty() || Character.isWhitespace(text.charAt(text.length() - 1));
  }

  @Override
  public String word() {
    return words.getLast();
  }

  @Override
  public int wordCursor() {
    return word().length();
  }

  @Override
  public int wordIndex() {
    return words.size() - 1;
  }

  @Override
  public CharSequence escape(CharSequence candidate, boolean complete) {
    String escaped = ShellWords.quote(candidate.toString(), quote);
    if (quote == ShellWords.NONE) {
      return escaped;
    }
    return complete ? quote + escaped + quote : quote + escaped;
  }

  @Override
  public int rawWordCursor() {
    return cursor - start;
  }

  @Override
  public int rawWordLength() {
    return cursor - start;
  }
}
