package dev.mica.scripting.complete;

import dev.mica.scripting.complete.Token.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Groovy source text as it is read without running it: its tokens, and whether it ends in the
 * middle of something.
 */
public final class SourceText {
  private static final Set<String> NEED_BODY = Set.of("if", "while", "for");
  private static final Set<String> NEED_MORE =
      Set.of("else", "try", "do", "finally", "new", "import");
  private static final Set<String> END_ANYWHERE = Set.of("++", "--", "*", ";", "?", "...");

  private final List<Token> tokens;

  private SourceText(List<Token> tokens) {
    this.tokens = tokens;
  }

  /** Reads {@code text}. */
  public static SourceText of(String text) {
    return new SourceText(Scanner.scan(text));
  }

  /** Its pieces, in order. */
  public List<Token> tokens() {
    return tokens;
  }

  /**
   * Whether more lines must follow: a bracket, block, comment or triple-quoted string is open, or
   * the last word asks for something. A string in simple quotes cannot go on in the next line, so
   * it is left to the compiler to refuse.
   */
  public boolean isIncomplete() {
    if (tokens.isEmpty()) {
      return false;
    }
    Token end = tokens.getLast();
    if (!end.closed()) {
      return end.kind() == Kind.COMMENT || isLong(head(tokens.size() - 1).text());
    }
    Deque<Token> open = open(tokens);
    return open != null && (!open.isEmpty() || asksForMore());
  }

  /** The brackets that are open at the end of {@code tokens}, innermost first; null: mismatched. */
  static @Nullable Deque<Token> open(List<Token> tokens) {
    Deque<Token> open = new ArrayDeque<>();
    for (Token token : tokens) {
      if (token.kind() == Kind.OPEN) {
        open.push(token);
      } else if (token.kind() == Kind.CLOSE) {
        if (open.isEmpty() || !matches(open.pop(), token)) {
          return null;
        }
      }
    }
    return open;
  }

  private static boolean matches(Token open, Token close) {
    char wanted =
        switch (open.text().charAt(open.text().length() - 1)) {
          case '(' -> ')';
          case '[' -> ']';
          default -> '}';
        };
    return close.text().charAt(0) == wanted;
  }

  /** The first piece of the string that the piece at {@code index} belongs to. */
  private Token head(int index) {
    int at = index;
    while (at > 0
        && tokens.get(at - 1).is("}")
        && tokens.get(at - 1).end() == tokens.get(at).start()) {
      int open = Tokens.matching(tokens, at - 1);
      if (open < 1 || !tokens.get(open).is("${")) {
        break;
      }
      at = open - 1;
    }
    return tokens.get(at);
  }

  private static boolean isLong(String string) {
    return string.startsWith("'''") || string.startsWith("\"\"\"") || string.startsWith("$/");
  }

  private boolean asksForMore() {
    List<Token> line =
        tokens.stream()
            .filter(token -> token.kind() != Kind.COMMENT && token.kind() != Kind.NEWLINE)
            .toList();
    if (line.isEmpty()) {
      return false;
    }
    Token last = line.getLast();
    return switch (last.kind()) {
      case OPERATOR -> !END_ANYWHERE.contains(last.text());
      case WORD -> NEED_MORE.contains(last.text());
      case CLOSE -> last.is(")") && endsInHeader(line);
      default -> false;
    };
  }

  /** {@code if (x)} and its like, unless it is the {@code while} of a do loop. */
  private static boolean endsInHeader(List<Token> line) {
    int open = Tokens.matching(line, line.size() - 1);
    if (open < 1 || !NEED_BODY.contains(line.get(open - 1).text())) {
      return false;
    }
    boolean afterBlock = open > 1 && line.get(open - 2).is("}");
    return !(line.get(open - 1).is("while") && afterBlock && hasDo(line));
  }

  private static boolean hasDo(List<Token> line) {
    return line.stream().anyMatch(token -> token.is("do"));
  }
}
