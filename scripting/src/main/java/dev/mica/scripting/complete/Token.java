package dev.mica.scripting.complete;

/**
 * A piece of Groovy text.
 *
 * @param kind what it is
 * @param start where it begins in the text
 * @param end where it ends, exclusively
 * @param text the piece
 * @param closed false for a string or comment that the text ends in
 */
public record Token(Kind kind, int start, int end, String text, boolean closed) {
  /** What a token is. */
  public enum Kind {
    WORD,
    NUMBER,
    STRING,
    COMMENT,
    OPEN,
    CLOSE,
    OPERATOR,
    NEWLINE
  }

  public boolean is(String expected) {
    return kind != Kind.STRING && text.equals(expected);
  }

  boolean isOperand() {
    return switch (kind) {
      case WORD -> !Keywords.EXPECT_OPERAND.contains(text);
      case NUMBER, STRING, CLOSE -> true;
      default -> false;
    };
  }
}
