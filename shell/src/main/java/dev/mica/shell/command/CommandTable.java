package dev.mica.shell.command;

import dev.mica.failure.Nearest;
import dev.mica.shell.print.Cells;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All commands. */
public final class CommandTable {
  private static final CommandTable MICA =
      new CommandTable(
          Stream.of(
                  HostCommands.all().stream(),
                  UnionCommands.all().stream(),
                  CommitCommands.all().stream(),
                  ImageCommands.all().stream(),
                  RegistryCommands.all().stream(),
                  VmCommands.all().stream(),
                  HelperCommands.all().stream(),
                  UserCommands.all().stream(),
                  AuditCommands.all().stream(),
                  JobCommands.all().stream(),
                  SessionCommands.all().stream(),
                  ServeCommand.all().stream(),
                  LanguageCommands.all().stream())
              .flatMap(commands -> commands)
              .toList());

  private final List<Command> commands;

  private CommandTable(List<Command> commands) {
    this.commands = commands;
  }

  public static CommandTable get() {
    return MICA;
  }

  List<Command> all() {
    return commands;
  }

  /** The command that {@code words} begin with, if any. */
  public Optional<Command> find(List<String> words) {
    return commands.stream()
        .filter(command -> command.path().size() <= words.size())
        .filter(command -> command.path().equals(words.subList(0, command.path().size())))
        .findFirst();
  }

  /**
   * Whether {@code words} are a command that does the same in any process of the user's: it runs no
   * code of theirs, and does not look at the process.
   */
  public boolean isForAnyProcess(List<String> words) {
    return find(words)
        .map(command -> !command.runsOthers() && !command.looksAtProcess())
        .orElse(false);
  }

  /** Those of the group {@code words}, or that single command; all for no words. */
  public List<Command> below(List<String> words) {
    return commands.stream()
        .filter(command -> command.path().size() >= words.size())
        .filter(command -> command.path().subList(0, words.size()).equals(words))
        .toList();
  }

  /** Whether some command begins with {@code word}. */
  public boolean isVerb(String word) {
    return commands.stream().anyMatch(command -> command.path().getFirst().equals(word));
  }

  /** Whether {@code word} stands before other words, as in {@code union ls}. */
  boolean isGroup(String word) {
    return commands.stream()
        .anyMatch(command -> command.path().size() > 1 && command.path().getFirst().equals(word));
  }

  /** The words that may follow {@code path}, each once. */
  public List<String> next(List<String> path) {
    return below(path).stream()
        .filter(command -> command.path().size() > path.size())
        .map(command -> command.path().get(path.size()))
        .distinct()
        .toList();
  }

  /** Why {@code words} are no command, with what was probably meant. */
  CommandLineException unknown(List<String> words) {
    List<String> path = new ArrayList<>();
    while (path.size() < words.size() && !next(path).isEmpty()) {
      String word = words.get(path.size());
      if (!next(path).contains(word)) {
        return unknown(path, word);
      }
      path.add(word);
    }
    return new CommandLineException(
        String.join(" ", path) + ": name one of: " + String.join(", ", next(path)),
        HelpText.list(below(path)));
  }

  private CommandLineException unknown(List<String> path, String word) {
    List<String> known = new ArrayList<>(next(path));
    String before = path.isEmpty() ? "" : String.join(" ", path) + ": ";
    String hint = Nearest.hint(word, known);
    return new CommandLineException(
        before
            + "unknown command '"
            + Cells.printable(word)
            + "'"
            + (hint.isEmpty() ? "; one of: " + String.join(", ", known) : hint));
  }
}
