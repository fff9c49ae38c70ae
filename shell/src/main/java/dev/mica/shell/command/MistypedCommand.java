package dev.mica.shell.command;

import dev.mica.failure.Nearest;
import dev.mica.scripting.Session;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Refuses lines that look like commands and are none. */
final class MistypedCommand {
  private static final Pattern ASSIGNED =
      Pattern.compile("\\s*(?:def\\s+|var\\s+)?\\w+\\s*=\\s*([a-z].*)", Pattern.DOTALL);

  private MistypedCommand() {}

  /**
   * Fails for {@code unoin ls}, which Groovy would take for the call of a method with a variable,
   * and complain of the variable; and for {@code x = union ls}, of which it would say the same.
   */
  static void refuse(String line, Session session) {
    List<String> variables = session.variableNames();
    assigned(line, variables)
        .ifPresent(command -> {
          throw new CommandLineException(
              "'"
                  + command.name()
                  + "' is a command, and no value; in the language: "
                  + command.language());
        });
    Set<String> known = new HashSet<>(variables);
    Help.get().words().stream().map(HelpEntry::name).forEach(known::add);
    known.addAll(CommandTable.get().next(List.of()));
    LineKind.unknownVerb(line, known)
        .ifPresent(word -> {
          throw new CommandLineException(
              "there is no command or word '" + word + "'" + Nearest.hint(word, known));
        });
  }

  private static Optional<Command> assigned(String line, List<String> variables) {
    Matcher assigned = ASSIGNED.matcher(line);
    if (!assigned.matches() || LineKind.of(assigned.group(1), variables) != LineKind.COMMAND) {
      return Optional.empty();
    }
    return CommandTable.get()
        .find(LineKind.words(assigned.group(1)))
        .filter(command -> !command.language().isEmpty());
  }
}
