package dev.mica.shell.command;

import dev.mica.access.Role;
import dev.mica.shell.print.Format;
import dev.mica.shell.print.Result;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One line of the command language. Dispatch, usage, help and completion all read this, so they
 * cannot disagree.
 *
 * @param path its words: {@code union create}
 * @param parameters its arguments in their order, then its options
 * @param role who may use it
 * @param summary a sentence without its full stop
 * @param example a line that can be typed
 * @param language how to say in the language what it does; empty for what only a command can do
 * @param shape what it prints as JSON; empty for what prints as it goes, and takes no -o
 * @param action what it does
 */
public record Command(
    List<String> path,
    List<Parameter> parameters,
    Role role,
    String summary,
    String example,
    String language,
    String shape,
    Action action) {
  /** What a command does. */
  @FunctionalInterface
  interface Action {
    Result run(Invocation invocation);
  }

  private static final Set<String> LOOKING = Set.of("ls", "verify", "recordings");
  private static final List<String> SERVE = List.of("serve");
  private static final List<String> DOCTOR = List.of("doctor");

  /** What may take long, and needs nobody at a terminal. */
  private static final Set<String> LONG =
      Set.of(
          "commit create",
          "commit pull",
          "commit push",
          "commit load",
          "commit save",
          "commit import",
          "commit verify",
          "commit gc",
          "vm cp",
          "vm fork");

  /** What goes on where it was when it is done again. */
  private static final Set<String> REPEATABLE = Set.of("commit pull", "commit push");

  private static final Parameter DETACH =
      Parameter.flag("--detach", "runs it as a job, and prints its number: see mica job ls");
  private static final Parameter OUTPUT =
      Parameter.choice("-o --output", "how data is printed; table if not given", Format.names());

  public Command {
    if (LONG.contains(String.join(" ", path))) {
      parameters = Stream.concat(parameters.stream(), Stream.of(DETACH)).toList();
    }
    if (!shape.isEmpty()) {
      parameters = Stream.concat(parameters.stream(), Stream.of(OUTPUT)).toList();
    }
  }

  /** Whether it runs what the user wrote, which says itself what it does. */
  boolean runsCode() {
    return parameters.stream()
        .anyMatch(
            each -> each.kind() == Parameter.Kind.CODE || each.kind() == Parameter.Kind.SCRIPT);
  }

  /** Whether using it changes something, or tries to. What some of these words do only looks. */
  boolean changes() {
    return role != Role.VIEWER && !LOOKING.contains(path.getLast());
  }

  /** Whether each change that it makes counts by itself: it runs what others ask for. */
  boolean runsOthers() {
    return runsCode() || path.equals(SERVE);
  }

  /** Whether it may be a job: it does not run the user's code, and attaches nobody to anything. */
  boolean isDetachable() {
    return parameters.contains(DETACH);
  }

  /** Whether it may be done again if the process has ended that did it. */
  boolean isRepeatable() {
    return REPEATABLE.contains(name());
  }

  /** Whether what it prints depends on the process that it runs in. */
  boolean looksAtProcess() {
    return path.equals(DOCTOR);
  }

  /** {@code union create}. */
  String name() {
    return String.join(" ", path);
  }

  public List<Parameter> options() {
    return parameters.stream().filter(Parameter::isOption).toList();
  }

  public List<Parameter> arguments() {
    return parameters.stream().filter(parameter -> !parameter.isOption()).toList();
  }

  /** What the argument with that number, from 0, is; the last one may be given several times. */
  public Optional<Parameter> argument(int number) {
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
