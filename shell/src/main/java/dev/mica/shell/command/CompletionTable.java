package dev.mica.shell.command;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command table as text, which {@code shell/src/main/sh/complete} reads: completion in other
 * shells must not wait for a JVM. A line for each command and each of its parameters: command,
 * names, kind, {@code many} or nothing, choices, summary.
 */
final class CompletionTable {
  private CompletionTable() {}

  static List<String> of(List<Command> commands) {
    return commands.stream()
        .flatMap(command ->
            Stream.concat(
                Stream.of(line(command.name(), "", "COMMAND", "", "", command.summary())),
                command.parameters().stream().map(one -> line(command, one))))
        .toList();
  }

  private static String line(Command command, Parameter parameter) {
    return line(
        command.name(),
        String.join(" ", parameter.names()),
        parameter.kind().name(),
        parameter.many() ? "many" : "",
        String.join(" ", parameter.choices()),
        parameter.summary());
  }

  private static String line(String... parts) {
    return Stream.of(parts).collect(Collectors.joining(";"));
  }
}
