package dev.mica.shell.prompt;

import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.complete.Token;
import java.util.List;
import org.jline.reader.CompletingParsedLine;

/**
 * A line of Groovy or Java with the cursor in it: the word is the name, or the part of an open
 * string, that ends at the cursor.
 *
 * @param line all of it
 * @param cursor where the cursor is
 * @param start where the word begins
 * @param quote how the string that the word stands in will be closed; empty outside of strings
 */
record LanguageLine(String line, int cursor, int start, String quote)
    implements CompletingParsedLine {
  static LanguageLine of(String line, int cursor) {
    List<Token> tokens = SourceText.of(line.substring(0, cursor)).tokens();
    if (tokens.isEmpty()) {
      return new LanguageLine(line, cursor, cursor, "");
    }
    Token last = tokens.getLast();
    if (last.kind() == Token.Kind.STRING && !last.closed()) {
      String quote = opening(last.text());
      return new LanguageLine(line, cursor, last.start() + quote.length(), quote);
    }
    boolean typing = last.kind() == Token.Kind.WORD && last.end() == cursor;
    return new LanguageLine(line, cursor, typing ? last.start() : cursor, "");
  }

  private static String opening(String string) {
    for (String quote : List.of("'''", "\"\"\"", "'", "\"", "$/", "/")) {
      if (string.startsWith(quote)) {
        return quote;
      }
    }
    return "";
  }

  @Override
  public String word() {
    return line.substring(start, cursor);
  }

  @Override
  public int wordCursor() {
    return cursor - start;
  }

  @Override
  public int wordIndex() {
    return words().size() - 1;
  }

  @Override
  public List<String> words() {
    return List.of(word());
  }

  @Override
  public CharSequence escape(CharSequence candidate, boolean complete) {
    String text = candidate.toString();
    if (quote.isEmpty()) {
      return text;
    }
    String escaped =
        quote.contains("/") ? text : text.replace("\\", "\\\\").replace(quote, "\\" + quote);
    String safe = quote.startsWith("\"") ? escaped.replace("$", "\\$") : escaped;
    return complete ? safe + closing() : safe;
  }

  private String closing() {
    return quote.equals("$/") ? "/$" : quote;
  }

  @Override
  public int rawWordCursor() {
    return wordCursor();
  }

  @Override
  public int rawWordLength() {
    return wordCursor();
  }
}
