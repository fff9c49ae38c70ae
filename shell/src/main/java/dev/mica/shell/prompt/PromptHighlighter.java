package dev.mica.shell.prompt;

import dev.mica.scripting.Session;
import dev.mica.scripting.complete.Keywords;
import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.complete.Token;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import dev.mica.shell.command.CommandTable;
import dev.mica.shell.command.LineKind;
import dev.mica.shell.command.ShellWords;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/** Colours while typing: commands, words, strings; a first word nobody knows is red. */
final class PromptHighlighter implements Highlighter {
  /** More is a paste, which nobody watches. */
  private static final int LONGEST = 20_000;

  private static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
  private static final AttributedStyle VERB = PLAIN.foreground(AttributedStyle.GREEN).bold();
  private static final AttributedStyle WORD = PLAIN.foreground(AttributedStyle.CYAN);
  private static final AttributedStyle KEYWORD = PLAIN.foreground(AttributedStyle.MAGENTA);
  private static final AttributedStyle STRING = PLAIN.foreground(AttributedStyle.YELLOW);
  private static final AttributedStyle NUMBER = PLAIN.foreground(AttributedStyle.BLUE);
  private static final AttributedStyle FAINT = PLAIN.faint();
  private static final AttributedStyle WRONG = PLAIN.foreground(AttributedStyle.RED);

  /** What Groovy has of its own and a line may begin with. */
  private static final Set<String> SOON =
      Set.of("println", "printf", "sleep", "it", "help", "exit", "quit", "mica", "run");

  private final Session session;
  private final Set<String> words =
      Help.get().words().stream().map(HelpEntry::name).collect(Collectors.toSet());

  PromptHighlighter(Session session) {
    this.session = session;
  }

  @Override
  public AttributedString highlight(LineReader reader, String buffer) {
    return highlight(buffer);
  }

  AttributedString highlight(String line) {
    if (line.length() > LONGEST) {
      return new AttributedString(line);
    }
    return switch (LineKind.of(line, session.variableNames())) {
      case META -> styled(line, VERB);
      case COMMAND -> command(line);
      case LANGUAGE -> language(line);
    };
  }

  private static AttributedString styled(String line, AttributedStyle style) {
    return new AttributedStringBuilder().styled(style, line).toAttributedString();
  }

  private static AttributedString command(String line) {
    List<ShellWords.Word> parts = ShellWords.of(line).words();
    List<String> path = LineKind.words(line);
    int prefix = parts.size() - path.size();
    int verbs = prefix + CommandTable.get().find(path).map(found -> found.path().size()).orElse(0);
    AttributedStringBuilder out = new AttributedStringBuilder();
    int at = 0;
    for (int i = 0; i < parts.size(); i++) {
      ShellWords.Word part = parts.get(i);
      out.append(line, at, part.start());
      out.styled(style(part, i, verbs, prefix, path), line.substring(part.start(), part.end()));
      at = part.end();
    }
    return out.append(line, at, line.length()).toAttributedString();
  }

  private static AttributedStyle style(
      ShellWords.Word part, int index, int verbs, int prefix, List<String> path) {
    if (index < Math.max(verbs, prefix) || (verbs == prefix && index == prefix)) {
      return VERB;
    }
    if (verbs == prefix && index == prefix + 1) {
      boolean begun =
          CommandTable.get().next(path.subList(0, 1)).stream()
              .anyMatch(word -> word.startsWith(part.text()));
      return begun ? PLAIN : WRONG;
    }
    return part.text().startsWith("-") ? WORD : part.quote() != ShellWords.NONE ? STRING : PLAIN;
  }

  private AttributedString language(String line) {
    List<Token> tokens = SourceText.of(line).tokens();
    AttributedStringBuilder out = new AttributedStringBuilder();
    int at = 0;
    for (int i = 0; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      out.append(line, at, token.start());
      out.styled(style(tokens, i, line), line.substring(token.start(), token.end()));
      at = token.end();
    }
    return out.append(line, at, line.length()).toAttributedString();
  }

  private AttributedStyle style(List<Token> tokens, int index, String line) {
    Token token = tokens.get(index);
    return switch (token.kind()) {
      case STRING -> token.closed() ? STRING : STRING.underline();
      case NUMBER -> NUMBER;
      case COMMENT -> FAINT;
      case WORD -> name(tokens, index, line);
      default -> PLAIN;
    };
  }

  private AttributedStyle name(List<Token> tokens, int index, String line) {
    String name = tokens.get(index).text();
    if (Keywords.contains(name)) {
      return KEYWORD;
    }
    boolean member = index > 0 && tokens.get(index - 1).text().endsWith(".");
    if (member) {
      return PLAIN;
    }
    if (session.variableNames().contains(name)) {
      return PLAIN.bold();
    }
    if (words.contains(name)) {
      return WORD;
    }
    return index == 0 && isWrong(tokens, line) ? WRONG : PLAIN;
  }

  /** A first word that begins nothing we know, or is none of it and another word follows. */
  private boolean isWrong(List<Token> tokens, String line) {
    String name = tokens.getFirst().text();
    if (tokens.size() == 1) {
      return Stream.of(words, Set.copyOf(CommandTable.get().next(List.of())), SOON)
          .flatMap(Set::stream)
          .noneMatch(known -> known.startsWith(name));
    }
    return LineKind.unknownVerb(line, words).isPresent();
  }
}
