package dev.mica.shell.command;

import java.util.ArrayList;
import java.util.List;

/** A command line cut into words, as shells do: quotes, double quotes, backslashes. */
public record ShellWords(List<Word> words, char open) {
  /** No quote is open at the end. */
  public static final char NONE = 0;

  /**
   * A word.
   *
   * @param text without its quotes
   * @param start where it begins in the line
   * @param end where it ends, exclusively
   * @param quote the quote it is written in, {@link #NONE} if none
   */
  public record Word(String text, int start, int end, char quote) {}

  public List<String> texts() {
    return words.stream().map(Word::text).toList();
  }

  /** Whether a quote is open, or the line ends in a backslash. */
  public boolean isIncomplete() {
    return open != NONE;
  }

  public static ShellWords of(String line) {
    return new Splitter(line).split();
  }

  /** {@code text} so that it reads as one word, within {@code quote} if that is not NONE. */
  public static String quote(String text, char quote) {
    return switch (quote) {
      case '\'' -> text.replace("'", "'\\''");
      case '"' -> text.replace("\\", "\\\\").replace("\"", "\\\"");
      default -> text.replaceAll("([\\s'\"\\\\;|&<>(){}\\[\\]*?$`!#])", "\\\\$1");
    };
  }

  private static final class Splitter {
    private final String line;
    private final List<Word> words = new ArrayList<>();
    private final StringBuilder word = new StringBuilder();
    private int start = -1;
    private char first = NONE;
    private char quote = NONE;
    private boolean escaped;

    Splitter(String line) {
      this.line = line;
    }

    ShellWords split() {
      for (int i = 0; i < line.length(); i++) {
        step(line.charAt(i), i);
      }
      char open = escaped ? '\\' : quote;
      end(line.length());
      return new ShellWords(List.copyOf(words), open);
    }

    private void step(char c, int at) {
      if (escaped) {
        put(c, at);
        escaped = false;
      } else if (c == '\\' && quote != '\'') {
        begin(at);
        escaped = true;
      } else if (quote != NONE && c == quote) {
        quote = NONE;
      } else if (quote == NONE && (c == '\'' || c == '"')) {
        first = start < 0 ? c : first;
        begin(at);
        quote = c;
      } else if (quote == NONE && Character.isWhitespace(c)) {
        end(at);
      } else {
        put(c, at);
      }
    }

    private void put(char c, int at) {
      begin(at);
      word.append(c);
    }

    private void begin(int at) {
      start = start < 0 ? at : start;
    }

    private void end(int at) {
      if (start >= 0) {
        words.add(new Word(word.toString(), start, at, first));
      }
      word.setLength(0);
      start = -1;
      first = NONE;
    }
  }
}
