package dev.mica.shell.command;

import dev.mica.scripting.complete.Keywords;
import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.complete.Token;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** What a line at the prompt is: for the prompt itself, a command, or the language. */
public enum LineKind {
  META,
  COMMAND,
  LANGUAGE;

  /** What an argument looks like and the rest of a Groovy expression does not. */
  private static final Pattern ARGUMENT = Pattern.compile("(?s)[^=({\\[.?+,;].*|\\.\\.?(/.*)?");

  private static final Set<String> SCRIPT_METHODS =
      Set.of("print", "println", "printf", "sleep", "evaluate", "use", "with");

  private static final Set<String> META_WORDS = Set.of("help", "quit", "exit");

  /**
   * Decides by the command table. {@code union ls}, {@code diff A B} and {@code doctor} are
   * commands; {@code union {…}}, {@code union = 1}, {@code diff(a, b)} and {@code commit 'web:v2'}
   * are not. A variable wins over a command of its name, unless {@code mica} stands before that.
   */
  public static LineKind of(String line, List<String> declared) {
    String text = line.stripLeading();
    List<String> variables = text.matches("(?s)mica\\s.*") ? List.of() : declared;
    if (text.startsWith(":")) {
      return META;
    }
    List<String> words = words(text);
    if (words.isEmpty() || variables.contains(words.getFirst())) {
      return LANGUAGE;
    }
    if (META_WORDS.contains(words.getFirst()) && isPlain(text, words.getFirst())) {
      return META;
    }
    return isCommand(text, words, variables) ? COMMAND : LANGUAGE;
  }

  /** The words of a command line; {@code mica union ls} is {@code union ls}. */
  public static List<String> words(String text) {
    List<String> words = ShellWords.of(text).texts();
    return !words.isEmpty() && words.getFirst().equals("mica")
        ? words.subList(1, words.size())
        : words;
  }

  private static boolean isCommand(String text, List<String> words, List<String> variables) {
    CommandTable table = CommandTable.get();
    String verb = words.getFirst();
    if (!table.isVerb(verb)
        || verb.startsWith("-")
        || !isPlain(text.replaceFirst("^mica\\s+", ""), verb)) {
      return false;
    }
    if (!table.isGroup(verb)) {
      return !hasComma(text);
    }
    boolean known = words.size() > 1 && table.find(words).isPresent();
    boolean bare = words.size() == 1 || words.get(1).matches("[a-z-]+");
    return known || words.size() == 1 || (bare && !variables.contains(words.get(1)));
  }

  /**
   * Whether the first word stands alone: what follows is nothing or a word, not Groovy's syntax.
   */
  private static boolean isPlain(String text, String first) {
    String rest = text.substring(Math.min(first.length(), text.length()));
    return rest.isBlank()
        || (Character.isWhitespace(rest.charAt(0)) && ARGUMENT.matcher(rest.strip()).matches());
  }

  /**
   * The first word of a line that looks like a command and is none, nor anything else that {@code
   * known} has: {@code unoin ls}.
   */
  public static Optional<String> unknownVerb(String line, Set<String> known) {
    List<Token> tokens = SourceText.of(line).tokens();
    if (tokens.size() < 2 || tokens.getFirst().kind() != Token.Kind.WORD) {
      return Optional.empty();
    }
    Token first = tokens.getFirst();
    Token next = tokens.get(1);
    boolean apart =
        next.start() > first.end()
            && Set.of(Token.Kind.WORD, Token.Kind.STRING).contains(next.kind())
            && !Keywords.contains(next.text());
    boolean odd =
        !known.contains(first.text())
            && !Keywords.contains(first.text())
            && !SCRIPT_METHODS.contains(first.text())
            && !Character.isUpperCase(first.text().charAt(0));
    return apart && odd ? Optional.of(first.text()) : Optional.empty();
  }

  /** {@code diff '/a', '/b'} is Groovy. */
  private static boolean hasComma(String text) {
    return SourceText.of(text).tokens().stream()
        .anyMatch(token -> token.kind() == Token.Kind.OPERATOR && token.text().equals(","));
  }
}
