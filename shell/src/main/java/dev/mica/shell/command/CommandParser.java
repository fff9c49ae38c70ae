package dev.mica.shell.command;

import dev.mica.failure.Nearest;
import dev.mica.shell.print.Cells;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the arguments of one command by its line in the table. Picocli would take over no more than
 * this, for some 700 classes: ADR 9.
 */
final class CommandParser {
  private final Command command;
  private final Map<String, List<String>> values = new LinkedHashMap<>();
  private final List<String> positionals = new ArrayList<>();

  CommandParser(Command command) {
    this.command = command;
  }

  /** Whether {@code args} ask for help, and not what they are handed on to. */
  boolean asksForHelp(List<String> args) {
    int positional = 0;
    for (String arg : args) {
      if (arg.equals("--") || isTakenAsItIs(positional, arg)) {
        return false;
      }
      if (isHelp(arg)) {
        return true;
      }
      positional += isOption(arg) ? 0 : 1;
    }
    return false;
  }

  /** The values given, by the names of their parameters; a flag's value is its name. */
  Map<String, List<String>> parse(List<String> args) {
    Iterator<String> rest = args.iterator();
    while (rest.hasNext()) {
      String arg = rest.next();
      if (isTakenAsItIs(positionals.size(), arg)) {
        positionals.add(arg);
      } else if (arg.equals("--")) {
        rest.forEachRemaining(positionals::add);
      } else if (isOption(arg)) {
        option(arg, rest);
      } else {
        positionals.add(arg);
      }
    }
    assignPositionals();
    for (Parameter parameter : command.parameters()) {
      if (parameter.required() && !values.containsKey(parameter.name())) {
        throw wrong("missing " + parameter.name());
      }
    }
    return values;
  }

  private static boolean isOption(String arg) {
    return arg.startsWith("-") && !arg.equals("-");
  }

  /** An expression may begin like an option, such as -5, but what is one is none. */
  private boolean isTakenAsItIs(int position, String arg) {
    return switch (command.argument(position).map(Parameter::kind).orElse(Parameter.Kind.TEXT)) {
      case REST -> true;
      case PROGRAM -> !isOption(arg) || position >= command.arguments().size();
      case CODE -> !isHelp(arg) && find(nameOf(arg)).isEmpty();
      default -> false;
    };
  }

  static boolean isHelp(String arg) {
    return arg.equals("--help") || arg.equals("-h");
  }

  /** Of {@code --at=S}, {@code --at}. */
  private static String nameOf(String arg) {
    int equals = arg.startsWith("--") ? arg.indexOf('=') : -1;
    return equals < 0 ? arg : arg.substring(0, equals);
  }

  /** {@code --at S}, {@code --at=S}, {@code --exact}. */
  private void option(String arg, Iterator<String> rest) {
    String name = nameOf(arg);
    boolean joined = name.length() < arg.length();
    if (isCluster(arg)) {
      arg.chars().skip(1).forEach(flag -> option("-" + (char) flag, rest));
      return;
    }
    Parameter option = find(name).orElseThrow(() -> unknown(name));
    if (option.kind() == Parameter.Kind.FLAG) {
      if (joined) {
        throw wrong(option.name() + " takes no value");
      }
      put(option, option.name());
    } else if (joined) {
      put(option, arg.substring(name.length() + 1));
    } else if (rest.hasNext()) {
      put(option, rest.next());
    } else {
      throw wrong("missing the value of " + option.name());
    }
  }

  /** {@code -it} for {@code -i -t}. */
  private boolean isCluster(String arg) {
    return arg.length() > 2
        && !arg.startsWith("--")
        && find(arg).isEmpty()
        && arg.chars()
            .skip(1)
            .allMatch(flag ->
                find("-" + (char) flag)
                    .filter(option -> option.kind() == Parameter.Kind.FLAG)
                    .isPresent());
  }

  private Optional<Parameter> find(String name) {
    return command.options().stream().filter(option -> option.names().contains(name)).findFirst();
  }

  private void assignPositionals() {
    for (int i = 0; i < positionals.size(); i++) {
      String value = positionals.get(i);
      put(
          command
              .argument(i)
              .orElseThrow(() -> wrong("unexpected argument '" + Cells.printable(value) + "'")),
          value);
    }
  }

  private void put(Parameter parameter, String value) {
    String name = parameter.name();
    if (value.isEmpty()
        && !Set.of(Parameter.Kind.ANY_TEXT, Parameter.Kind.REST, Parameter.Kind.PROGRAM)
            .contains(parameter.kind())) {
      throw wrong(name + " is empty");
    }
    if (parameter.kind() == Parameter.Kind.CHOICE && !parameter.choices().contains(value)) {
      String known = String.join(", ", parameter.choices());
      throw wrong(name + " cannot be '" + Cells.printable(value) + "', only one of " + known);
    }
    List<String> given = values.computeIfAbsent(name, key -> new ArrayList<>());
    if (!given.isEmpty() && !parameter.many()) {
      throw wrong(name + " given twice");
    }
    given.add(value);
  }

  private CommandLineException unknown(String option) {
    List<String> known = new ArrayList<>();
    command.options().forEach(each -> known.addAll(each.names()));
    return wrong("unknown option '" + Cells.printable(option) + "'" + Nearest.hint(option, known));
  }

  private CommandLineException wrong(String why) {
    return new CommandLineException(command, why);
  }
}
