package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.rest;

import dev.mica.access.Role;
import dev.mica.folder.Name;
import dev.mica.scripting.words.WordsSchema;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Printer;
import dev.mica.shell.print.Result;
import java.util.List;

/** {@code run}, {@code -e}, {@code help} and {@code version}: what is about the language itself. */
final class LanguageCommands {
  /** In the place of a file: what comes by the standard input. */
  private static final String INPUT = "-";

  private LanguageCommands() {}

  static List<Command> all() {
    return List.of(run(), expression(), help(), version());
  }

  private static Command run() {
    return new Command(
        List.of("run"),
        List.of(
            argument(
                "FILE",
                Kind.SCRIPT,
                "a script in Groovy, or in Java if it ends in .jsh; - is the standard input"),
            rest("ARGS", "the arguments, which the script finds in args")),
        Role.ADMIN,
        "runs a script; the same: mica FILE.groovy ARGS…",
        "mica run samples/tour.groovy",
        "",
        "",
        in -> {
          if (in.value("FILE").equals(INPUT)) {
            in.conversation().runInput(in.all("ARGS"));
          } else {
            in.conversation().run(Name.ofExact(in.value("FILE")).path(), in.all("ARGS"));
          }
          return new Result.Done(0);
        });
  }

  private static Command expression() {
    return new Command(
        List.of("-e"),
        List.of(argument("EXPR", Kind.CODE, "in Groovy, quoted for the shell")),
        Role.ADMIN,
        "evaluates an expression and prints its value",
        "mica -e 'unions.list()' -o json",
        "",
        "any",
        in -> Printer.result(WordsSchema.LANGUAGE, in.conversation().evaluate(in.value("EXPR"))));
  }

  private static Command help() {
    return new Command(
        List.of("help"),
        List.of(rest("WORDS", "a command, a group of them, or a word of the language")),
        Role.VIEWER,
        "help; the same: COMMAND --help",
        "mica help union create",
        "",
        "",
        in -> in.has("WORDS") ? help(in.all("WORDS")) : HelpText.overview());
  }

  /** Help on {@code help} itself may be asked for as that on any other command. */
  private static Result help(List<String> words) {
    boolean itself = words.size() == 1 && CommandParser.isHelp(words.getFirst());
    return HelpText.of(itself ? List.of("help") : words);
  }

  private static Command version() {
    return new Command(
        List.of("version"),
        List.of(),
        Role.VIEWER,
        "prints the version; the same: mica --version",
        "mica version",
        "",
        "{\"version\":string}",
        in -> new Result.Text("version", "mica " + Version.text()));
  }
}
