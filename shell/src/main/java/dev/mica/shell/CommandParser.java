package dev.mica.shell;

import dev.mica.scripting.Similar;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Reads the arguments of one command, by a picocli model made from its line in the table. */
final class CommandParser {
  private final Command command;

  CommandParser(Command command) {
    this.command = command;
  }

  /** The values given, by the names of their parameters; a flag's value is its name. */
  Map<String, List<String>> parse(List<String> args) {
    ParseResult parsed;
    try {
      parsed = new CommandLine(spec()).parseArgs(args.toArray(String[]::new));
    } catch (ParameterException wrong) {
      throw new CommandLineException(command, explain(wrong));
    }
    Map<String, List<String>> values = new HashMap<>();
    for (Parameter parameter : command.parameters()) {
      List<String> given = given(parsed, parameter);
      if (!given.isEmpty()) {
        values.put(parameter.name(), check(parameter, given));
      }
    }
    return values;
  }

  private CommandSpec spec() {
    CommandSpec spec = CommandSpec.create().name(command.name());
    int index = 0;
    for (Parameter parameter : command.parameters()) {
      if (parameter.isOption()) {
        spec.addOption(option(parameter));
      } else {
        String range = parameter.many() ? index + "..*" : Integer.toString(index);
        spec.addPositional(positional(parameter, range));
        index++;
      }
    }
    spec.parser().caseInsensitiveEnumValuesAllowed(false).aritySatisfiedByAttachedOptionParam(true);
    return spec;
  }

  private static OptionSpec option(Parameter parameter) {
    boolean flag = parameter.kind() == Parameter.Kind.FLAG;
    return OptionSpec.builder(parameter.names().toArray(String[]::new))
        .type(parameter.many() ? List.class : flag ? boolean.class : String.class)
        .auxiliaryTypes(flag ? boolean.class : String.class)
        .arity(flag ? "0" : "1")
        .required(parameter.required())
        .build();
  }

  private static PositionalParamSpec positional(Parameter parameter, String range) {
    return PositionalParamSpec.builder()
        .paramLabel(parameter.name())
        .index(range)
        .arity(parameter.required() ? "1" : "0..1")
        .type(parameter.many() ? List.class : String.class)
        .auxiliaryTypes(String.class)
        .required(parameter.required())
        .build();
  }

  private List<String> given(ParseResult parsed, Parameter parameter) {
    if (parameter.isOption()) {
      return parsed.hasMatchedOption(parameter.name())
          ? parsed.matchedOption(parameter.name()).originalStringValues().isEmpty()
              ? List.of(parameter.name())
              : parsed.matchedOption(parameter.name()).originalStringValues()
          : List.of();
    }
    int index = command.arguments().indexOf(parameter);
    return parsed.hasMatchedPositional(index)
        ? parsed.matchedPositional(index).originalStringValues()
        : List.of();
  }

  private List<String> check(Parameter parameter, List<String> given) {
    for (String value : given) {
      if (parameter.kind() == Parameter.Kind.CHOICE && !parameter.choices().contains(value)) {
        String known = String.join(", ", parameter.choices());
        throw new CommandLineException(
            command, parameter.name() + " cannot be '" + value + "', only one of " + known);
      }
      if (value.isEmpty()) {
        throw new CommandLineException(command, parameter.name() + " is empty");
      }
    }
    return given;
  }

  private String explain(ParameterException wrong) {
    return switch (wrong) {
      case UnmatchedArgumentException unmatched -> unmatched(unmatched.getUnmatched().getFirst());
      case MissingParameterException missing when !missing.getMissing().isEmpty() ->
          "missing " + name(missing.getMissing().getFirst(), missing);
      case OverwrittenOptionException twice -> name(twice.getOverwritten(), twice) + " given twice";
      default -> String.valueOf(wrong.getMessage()).lines().findFirst().orElse("");
    };
  }

  private String name(ArgSpec spec, ParameterException wrong) {
    boolean valueMissing =
        String.valueOf(wrong.getMessage()).startsWith("Missing required parameter for");
    String name = spec instanceof OptionSpec option ? option.longestName() : spec.paramLabel();
    return valueMissing ? "the value of " + name : name;
  }

  private String unmatched(String argument) {
    String shown = Cells.printable(argument);
    if (!argument.startsWith("-") || argument.equals("-")) {
      return "unexpected argument '" + shown + "'";
    }
    List<String> known = new ArrayList<>();
    command.options().forEach(option -> known.addAll(option.names()));
    return "unknown option '" + shown + "'" + Similar.hint(argument, known);
  }
}
