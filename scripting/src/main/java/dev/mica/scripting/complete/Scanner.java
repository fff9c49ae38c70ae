package dev.mica.scripting.complete;

import dev.mica.scripting.complete.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/**
 * Cuts Groovy text into tokens, also text that is half typed or wrong: it never fails and never
 * runs anything. The code inside {@code "${…}"} comes out as tokens of its own.
 */
final class Scanner {
  private static final Set<String> OPERATORS_3 =
      Set.of("<=>", "===", "!==", "**=", "<<=", ">>=", ">>>", "...", "..<", "?.[", "==~");
  private static final Set<String> OPERATORS_2 =
      Set.of(
          "?.", "*.", ".&", ".@", "?:", "?=", "->", "==", "!=", "<=", ">=", "&&", "||", "++", "--",
          "+=", "-=", "*=", "/=", "%=", "**", "<<", ">>", "..", "=~", "::", "|=", "&=", "^=");

  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private final Deque<String> interpolations = new ArrayDeque<>();
  private int at;

  private Scanner(String text) {
    this.text = text;
  }

  /** The tokens of {@code text}, in order; white space is left out, line ends are not. */
  static List<Token> scan(String text) {
    Scanner scanner = new Scanner(text);
    while (scanner.at < text.length()) {
      scanner.next();
    }
    return List.copyOf(scanner.tokens);
  }

  private void next() {
    char c = text.charAt(at);
    if (c == '\n') {
      add(Kind.NEWLINE, at + 1, true);
    } else if (Character.isWhitespace(c)) {
      at++;
    } else if (Character.isJavaIdentifierStart(c) && !text.startsWith("$/", at)) {
      add(Kind.WORD, endOfWord(), true);
    } else if (Character.isDigit(c)) {
      add(Kind.NUMBER, endOfNumber(), true);
    } else {
      symbol(c);
    }
  }

  private void symbol(char c) {
    if (text.startsWith("//", at) || (at == 0 && text.startsWith("#!"))) {
      add(Kind.COMMENT, endOfLine(), true);
    } else if (text.startsWith("/*", at)) {
      delimited(Kind.COMMENT, 2, "*/");
    } else if (c == '\'' || c == '"') {
      quoted(c);
    } else if (text.startsWith("$/", at)) {
      delimited(Kind.STRING, 2, "/$");
    } else if (c == '/' && !afterOperand() && closesSlashy()) {
      string(1, "/");
    } else if ("([{".indexOf(c) >= 0) {
      if (c == '{') {
        interpolations.push("");
      }
      add(Kind.OPEN, at + 1, true);
    } else if (")]}".indexOf(c) >= 0) {
      close(c);
    } else {
      operator();
    }
  }

  private void quoted(char quote) {
    String triple = String.valueOf(quote).repeat(3);
    if (text.startsWith(triple, at)) {
      string(3, triple);
    } else {
      string(1, String.valueOf(quote));
    }
  }

  /** A closing brace ends a block, or the code inside a string, which then goes on. */
  private void close(char c) {
    add(Kind.CLOSE, at + 1, true);
    if (c == '}' && !interpolations.isEmpty()) {
      String delimiter = interpolations.pop();
      if (!delimiter.isEmpty()) {
        string(0, delimiter);
      }
    }
  }

  private void string(int opening, String delimiter) {
    boolean interpolates = delimiter.charAt(0) != '\'';
    boolean oneLine = delimiter.length() == 1 && !delimiter.equals("/");
    int i = at + opening;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (text.startsWith(delimiter, i)) {
        add(Kind.STRING, i + delimiter.length(), true);
        return;
      }
      if (oneLine && c == '\n') {
        break;
      }
      if (interpolates && text.startsWith("${", i)) {
        add(Kind.STRING, i, true);
        interpolations.push(delimiter);
        add(Kind.OPEN, i + 2, true);
        return;
      }
      i += c == '\\' ? 2 : 1;
    }
    add(Kind.STRING, Math.min(i, text.length()), false);
  }

  private void delimited(Kind kind, int opening, String delimiter) {
    int end = text.indexOf(delimiter, at + opening);
    add(kind, end < 0 ? text.length() : end + delimiter.length(), end >= 0);
  }

  private void operator() {
    for (int length = 3; length > 1; length--) {
      Set<String> known = length == 3 ? OPERATORS_3 : OPERATORS_2;
      if (at + length <= text.length() && known.contains(text.substring(at, at + length))) {
        add(Kind.OPERATOR, at + length, true);
        return;
      }
    }
    add(Kind.OPERATOR, at + 1, true);
  }

  private void add(Kind kind, int end, boolean closed) {
    if (end > at || !closed) {
      tokens.add(new Token(kind, at, end, text.substring(at, end), closed));
    }
    at = end;
  }

  private boolean afterOperand() {
    return !tokens.isEmpty() && tokens.getLast().isOperand();
  }

  private boolean closesSlashy() {
    int end = at + 1;
    while (end < text.length() && text.charAt(end) != '/' && text.charAt(end) != '\n') {
      end += text.charAt(end) == '\\' ? 2 : 1;
    }
    return end < text.length() && text.charAt(end) == '/';
  }

  private int endOfWord() {
    int end = at + 1;
    while (end < text.length() && Character.isJavaIdentifierPart(text.charAt(end))) {
      end++;
    }
    return end;
  }

  /** {@code 1.5e3} is a number, {@code 1..5} and {@code 512.MB} begin with one. */
  private int endOfNumber() {
    int end = at + 1;
    while (end < text.length()) {
      char c = text.charAt(end);
      boolean fraction =
          c == '.' && end + 1 < text.length() && Character.isDigit(text.charAt(end + 1));
      if (!Character.isLetterOrDigit(c) && c != '_' && !fraction) {
        break;
      }
      end++;
    }
    return end;
  }

  private int endOfLine() {
    int end = text.indexOf('\n', at);
    return end < 0 ? text.length() : end;
  }
}
