package dev.mica.shell;

import dev.mica.scripting.Help;
import dev.mica.scripting.HelpEntry;
import dev.mica.scripting.Session;
import dev.mica.scripting.Similar;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Lines that look like commands and are none. */
final class Unknown {
  private Unknown() {}

  /**
   * Fails for {@code unoin ls}, which Groovy would take for the call of a method with a variable,
   * and complain of the variable.
   */
  static void refuse(String line, Session session) {
    Set<String> known = new HashSet<>(session.variableNames());
    Help.words().stream().map(HelpEntry::name).forEach(known::add);
    known.addAll(CommandTable.get().next(List.of()));
    LineKind.unknownVerb(line, known)
        .ifPresent(word -> {
          throw new CommandLineException(
              "there is no command or word '" + word + "'" + Similar.hint(word, known));
        });
  }
}
