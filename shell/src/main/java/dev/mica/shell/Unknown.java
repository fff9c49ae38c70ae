package dev.mica.shell;

import dev.mica.Nearest;
import dev.mica.scripting.Help;
import dev.mica.scripting.HelpEntry;
import dev.mica.scripting.Session;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lines that look like commands, and of which nothing can come. */
final class Unknown {
  private static final Pattern ASSIGNED =
      Pattern.compile("\\s*(?:def\\s+|var\\s+)?\\w+\\s*=\\s*([a-z].*)", Pattern.DOTALL);

  /** How to say in the language what a command does. */
  static final Map<String, String> VALUES =
      Map.ofEntries(
          Map.entry("union create", "union { lower '/srv/a'; upper '/srv/b'; at '/mnt/u' }"),
          Map.entry("union ls", "unions.list()"),
          Map.entry("union show", "union('u')"),
          Map.entry("union diff", "union('u').diff()"),
          Map.entry("union rm", "union('u').remove()"),
          Map.entry("union remount", "union('u').remount()"),
          Map.entry("commit create", "union('u').commit('web:v2')"),
          Map.entry("commit ls", "commits.list()"),
          Map.entry("commit show", "commit('web:v2')"),
          Map.entry("commit diff", "diff('web:v1', 'web:v2')"),
          Map.entry("commit log", "commits.log('web:v2')"),
          Map.entry("commit graph", "commits.graph()"),
          Map.entry("commit rm", "commit('web:v2').remove()"),
          Map.entry("commit mount", "commit('web:v2').mount(folder('/mnt/v2'))"),
          Map.entry("commit verify", "commit('web:v2').verify()"),
          Map.entry("commit gc", "commits.gc()"),
          Map.entry("doctor", "doctor()"),
          Map.entry("diff", "diff('/srv/a', '/srv/b')"),
          Map.entry("helper show", "host.helper"),
          Map.entry("helper start", "host.helper.start()"),
          Map.entry("helper stop", "host.helper.stop()"),
          Map.entry("helper log", "host.helper.log"),
          Map.entry("helper console", "host.helper.console()"));

  private Unknown() {}

  /**
   * Fails for {@code unoin ls}, which Groovy would take for the call of a method with a variable,
   * and complain of the variable; and for {@code x = union ls}, of which it would say the same.
   */
  static void refuse(String line, Session session) {
    List<String> variables = session.variableNames();
    assigned(line, variables)
        .ifPresent(command -> {
          String name = command.name();
          throw new CommandLineException(
              "'" + name + "' is a command, and no value; in the language: " + VALUES.get(name));
        });
    Set<String> known = new HashSet<>(variables);
    Help.words().stream().map(HelpEntry::name).forEach(known::add);
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
    return CommandTable.get().find(LineKind.words(assigned.group(1)));
  }
}
