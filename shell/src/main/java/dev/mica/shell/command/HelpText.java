package dev.mica.shell.command;

import dev.mica.failure.Nearest;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import dev.mica.shell.print.Cells;
import dev.mica.shell.print.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Help as text, from the command table and the words of the language. */
public final class HelpText {
  private HelpText() {}

  /** Everything at a glance. */
  static Result overview() {
    StringBuilder text = new StringBuilder("mica, then one of these; alone it is the prompt:\n\n");
    list(text, CommandTable.get().all());
    text.append("\nWhat prints data takes -o table|json|yaml. ")
        .append("Exit status: 0 done, 1 failed, 2 wrong command line, 3 not permitted.\n");
    return new Result.Help(text.toString());
  }

  /** At the prompt: words as well. */
  public static Result promptOverview() {
    StringBuilder text = new StringBuilder("Commands:\n");
    list(text, CommandTable.get().all());
    text.append("\nWords of the language (Groovy):\n");
    for (HelpEntry word : Help.get().words()) {
      text.append("  ").append(Cells.pad(word.title(), 26)).append(word.summary()).append('\n');
    }
    text.append(
        """

        :help WORD   more on one of them, for example :help union
        :trace       the stack of the last error
        :java        Java instead of Groovy, :groovy to come back
        :reset       starts both anew, and keeps the variables that can do without
        :quit        leave, like Ctrl-D
        """);
    return new Result.Help(text.toString());
  }

  /** What is called so: commands, then words of the language. */
  public static Result of(List<String> words) {
    List<Command> commands = CommandTable.get().below(words);
    StringBuilder text = new StringBuilder();
    if (commands.size() == 1) {
      text.append(describe(commands.getFirst()));
    } else {
      list(text, commands);
    }
    if (words.size() == 1) {
      for (HelpEntry entry : Help.get().lookUp(words.getFirst())) {
        text.append(text.isEmpty() ? "" : "\n").append(describe(entry));
      }
    }
    if (text.isEmpty()) {
      throw unknown(String.join(" ", words));
    }
    return new Result.Help(text.toString());
  }

  public static Result of(Command command) {
    return new Result.Help(describe(command));
  }

  private static CommandLineException unknown(String name) {
    List<String> known = new ArrayList<>(Help.get().names());
    CommandTable.get().all().forEach(command -> known.add(command.name()));
    return new CommandLineException(
        "there is no help for '" + Cells.printable(name) + "'" + Nearest.hint(name, known));
  }

  /** A line for each. */
  static List<String> list(List<Command> commands) {
    StringBuilder text = new StringBuilder();
    list(text, commands);
    return text.toString().lines().toList();
  }

  private static void list(StringBuilder text, List<Command> commands) {
    for (Command command : commands) {
      text.append("  ").append(Cells.pad(command.name(), 26));
      text.append(command.summary()).append('\n');
    }
  }

  private static String describe(Command command) {
    StringBuilder text = new StringBuilder();
    text.append(command.usage()).append("\n  ").append(command.summary()).append("\n\n");
    for (Parameter parameter : command.parameters()) {
      text.append("  ").append(Cells.pad(String.join(", ", parameter.names()), 20));
      text.append(parameter.summary()).append('\n');
    }
    return text.append(footer(command.example(), command.role(), command.shape())).toString();
  }

  private static String describe(HelpEntry entry) {
    return entry.title()
        + "\n  "
        + entry.summary()
        + "\n"
        + footer(entry.example(), entry.role(), Help.get().json(entry));
  }

  private static String footer(String example, Enum<?> role, String shape) {
    return "\n  example  "
        + example
        + "\n  role     "
        + role.name().toLowerCase(Locale.ROOT)
        + (shape.isEmpty() ? "" : "\n  json     " + shape)
        + "\n";
  }
}
