package dev.mica.shell;

import dev.mica.scripting.Role;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One line of the command language. Dispatch, usage, help and completion all read this, so they
 * cannot disagree.
 *
 * @param path its words: {@code union create}
 * @param parameters its arguments in their order, then its options
 * @param role who may use it
 * @param summary a sentence without its full stop
 * @param example a line that can be typed
 * @param shape what it prints as JSON
 * @param action what it does
 */
record Command(
    List<String> path,
    List<Parameter> parameters,
    Role role,
    String summary,
    String example,
    String shape,
    Action action) {
  /** What a command does. */
  @FunctionalInterface
  interface Action {
    Result run(Invocation invocation);
  }

  private static final Parameter OUTPUT =
      Parameter.choice("-o --output", "how data is printed; table if not given", Format.names());

  Command {
    parameters =
        java.util.stream.Stream.concat(parameters.stream(), java.util.stream.Stream.of(OUTPUT))
            .toList();
  }

  /** {@code union create}. */
  String name() {
    return String.join(" ", path);
  }

  List<Parameter> options() {
    return parameters.stream().filter(Parameter::isOption).toList();
  }

  List<Parameter> arguments() {
    return parameters.stream().filter(parameter -> !parameter.isOption()).toList();
  }

  /** What the argument with that number, from 0, is; the last one may be given several times. */
  Optional<Parameter> argument(int number) {
    List<Parameter> all = arguments();
    if (number < all.size()) {
      return Optional.of(all.get(number));
    }
    return all.isEmpty() || !all.getLast().many() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** {@code mica union create --lower A… …}. */
  String usage() {
    return "mica "
        + name()
        + parameters.stream()
            .map(parameter -> " " + parameter.usage())
            .collect(Collectors.joining());
  }
}
