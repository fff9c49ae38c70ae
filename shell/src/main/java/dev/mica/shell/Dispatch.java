package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.Nearest;
import java.util.List;

/** Runs a line of the command language. */
final class Dispatch {
  private final Mica mica;
  private final Output output;
  private final Invocation.Talk talk;

  Dispatch(Mica mica, Output output, Invocation.Talk talk) {
    this.mica = mica;
    this.output = output;
    this.talk = talk;
  }

  /** Runs {@code words}, prints what comes of it, and returns the exit status. */
  int run(List<String> words) {
    CommandTable table = CommandTable.get();
    if (words.size() == 2 && table.isGroup(words.getFirst()) && isHelp(words)) {
      output.print(HelpText.of(words.subList(0, 1)), Format.TABLE);
      return 0;
    }
    Command command = table.find(words).orElseThrow(() -> table.unknown(words));
    List<String> args = words.subList(command.path().size(), words.size());
    if (isHelp(args)) {
      output.print(HelpText.of(command), Format.TABLE);
      return 0;
    }
    Invocation invocation =
        new Invocation(mica, command, new CommandParser(command).parse(args), talk);
    Result result = command.action().run(invocation);
    return invocation.exitStatus(output.print(result, invocation.format()));
  }

  private static boolean isHelp(List<String> words) {
    return words.contains("--help") || words.contains("-h");
  }

  /** What was probably meant by a first word that is no verb. */
  static String hint(String word) {
    return Nearest.hint(word, CommandTable.get().next(List.of()));
  }
}
