package dev.mica.shell.command;

import dev.mica.Mica;
import dev.mica.failure.MicaException;
import dev.mica.shell.print.Format;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A command with its values, and the objects it works on. */
public final class Invocation {
  private final Conversation conversation;
  private final Command command;
  private final Map<String, List<String>> values;
  private final Talk talk;
  private final boolean terminal;
  private boolean rowsMeanFailure;
  private boolean incomplete;

  Invocation(
      Conversation conversation,
      Command command,
      Map<String, List<String>> values,
      Talk talk,
      boolean terminal) {
    this.conversation = conversation;
    this.command = command;
    this.values = values;
    this.talk = talk;
    this.terminal = terminal;
  }

  /** Where a command tells people what it did; never data. */
  @FunctionalInterface
  public interface Talk {
    void say(String line);
  }

  Mica mica() {
    return conversation.mica();
  }

  /** Whose line it is: for what runs more than a command. */
  Conversation conversation() {
    return conversation;
  }

  /** The value of a parameter that was given, or is required. */
  String value(String name) {
    return optional(name).orElseThrow(() -> wrong("missing " + name));
  }

  Optional<String> optional(String name) {
    return all(name).stream().findFirst();
  }

  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  Format format() {
    return optional("--output").map(Format::of).orElse(Format.TABLE);
  }

  /** Whether somebody at a terminal has given it. */
  boolean hasTerminal() {
    return terminal;
  }

  void say(String line) {
    talk.say(line);
  }

  /** The command ends with 1 if it prints any row: {@code diff --exit-code}. */
  void rowsMeanFailure() {
    rowsMeanFailure = true;
  }

  /** What was looked for is there: the command ends with 1 after it has printed it. */
  void foundWrong() {
    incomplete = true;
  }

  /** What could not be listed is told, and the command ends with 1 after all that could be. */
  void without(List<MicaException> failures) {
    failures.forEach(failure -> say(String.valueOf(failure.getMessage())));
    incomplete |= !failures.isEmpty();
  }

  int exitStatus(long rows) {
    return incomplete || (rowsMeanFailure && rows > 0) ? 1 : 0;
  }

  /** The failure of a command line that does not make sense. */
  CommandLineException wrong(String why) {
    return new CommandLineException(command, why);
  }

  /** Exactly one of a name and {@code --all}; empty: all. */
  Optional<String> oneOrAll(String name) {
    if (has(name) == has("--all")) {
      throw wrong(
          has(name) ? "give " + name + " or --all, not both" : "missing " + name + " or --all");
    }
    return optional(name);
  }
}
