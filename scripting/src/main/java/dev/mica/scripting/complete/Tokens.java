package dev.mica.scripting.complete;

import dev.mica.scripting.complete.Token.Kind;
import java.util.List;

/** Moves over lists of tokens. */
final class Tokens {
  private Tokens() {}

  /** Where the bracket that {@code close} closes stands; -1 if nowhere. */
  static int matching(List<Token> tokens, int close) {
    int depth = 0;
    for (int i = close; i >= 0; i--) {
      Kind kind = tokens.get(i).kind();
      depth += kind == Kind.CLOSE ? 1 : kind == Kind.OPEN ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    return -1;
  }

  /** Where the innermost bracket that is open at the end stands; -1 if none. */
  static int innermostOpen(List<Token> tokens) {
    int depth = 0;
    for (int i = tokens.size() - 1; i >= 0; i--) {
      Kind kind = tokens.get(i).kind();
      depth += kind == Kind.CLOSE ? 1 : kind == Kind.OPEN ? -1 : 0;
      if (depth < 0) {
        return i;
      }
    }
    return -1;
  }
}
