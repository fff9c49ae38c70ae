package dev.mica.commit;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a line of a Dockerfile into words, as Docker does: at spaces; quotes hold a word together,
 * and a backslash takes the special meaning from the next character. Between single quotes a
 * backslash is an ordinary character.
 */
final class ConfigWords {
  private static final char NONE = 0;

  private final String line;
  private final List<String> words = new ArrayList<>();
  private final StringBuilder word = new StringBuilder();
  private boolean begun;
  private char quote = NONE;

  private ConfigWords(String line) {
    this.line = line;
  }

  /** The words of {@code text}, a part of that line. */
  static List<String> of(String line, String text) {
    return new ConfigWords(line).split(text);
  }

  private List<String> split(String text) {
    int at = 0;
    while (at < text.length()) {
      at += take(text, at);
    }
    if (quote != NONE) {
      throw ConfigEdit.refused(line, "a quote is not closed");
    }
    end();
    return List.copyOf(words);
  }

  /** Takes what begins there, and returns how many characters that is. */
  private int take(String text, int at) {
    char is = text.charAt(at);
    if (is == '\\' && quote != '\'' && at + 1 < text.length()) {
      return escaped(text.charAt(at + 1));
    }
    if (quote == NONE && Character.isWhitespace(is)) {
      end();
    } else if (is == quote) {
      quote = NONE;
    } else if (quote == NONE && (is == '"' || is == '\'')) {
      quote = is;
      begun = true;
    } else {
      add(is);
    }
    return 1;
  }

  /** Between double quotes only a quote, a backslash and a dollar sign can be escaped. */
  private int escaped(char is) {
    if (quote == '"' && is != '"' && is != '\\' && is != '$') {
      add('\\');
    }
    add(is);
    return 2;
  }

  private void add(char is) {
    word.append(is);
    begun = true;
  }

  private void end() {
    if (begun) {
      words.add(word.toString());
      word.setLength(0);
      begun = false;
    }
  }
}
