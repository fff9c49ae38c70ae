package dev.mica.shell.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.Runs;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class CommandTableTest {
  static List<Command> commands() {
    return CommandTable.get().all();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandIsWhole(Command command) {
    assertThat(command.summary()).isNotBlank().doesNotEndWith(".");
    assertThat(command.role()).isNotNull();
    assertThat(command.shape()).matches("|any|[{].*");
    assertThat(command.parameters())
        .allSatisfy(parameter -> assertThat(parameter.summary()).isNotBlank());
    assertThat(Runs.here(help(command)).out())
        .startsWith(command.usage())
        .contains(command.shape());
  }

  private static String[] help(Command command) {
    return ("help " + command.name()).split(" ");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyExampleParses(Command command) {
    List<String> words = ShellWords.of(command.example()).texts();
    assertThat(words.getFirst()).isEqualTo("mica");
    List<String> line = words.subList(1, words.size());
    assertThat(CommandTable.get().find(line)).contains(command);
    assertThat(new CommandParser(command).parse(line.subList(command.path().size(), line.size())))
        .isNotNull();
  }

  @Test
  void theCommandsAreThoseOfTheDesign() {
    assertThat(commands().stream().map(Command::name))
        .containsExactly(
            "doctor",
            "diff",
            "union create",
            "union ls",
            "union show",
            "union diff",
            "union rm",
            "union remount",
            "commit create",
            "commit ls",
            "commit show",
            "commit diff",
            "commit log",
            "commit graph",
            "commit tag",
            "commit rm",
            "commit mount",
            "commit verify",
            "commit gc",
            "commit load",
            "commit save",
            "commit import",
            "commit pull",
            "commit push",
            "commit send",
            "commit receive",
            "vm run",
            "vm create",
            "vm ls",
            "vm show",
            "vm start",
            "vm stop",
            "vm kill",
            "vm pause",
            "vm resume",
            "vm restart",
            "vm exec",
            "vm shell",
            "vm attach",
            "vm console",
            "vm wait",
            "vm logs",
            "vm cp",
            "vm stats",
            "vm port",
            "vm diff",
            "vm fork",
            "vm rm",
            "helper show",
            "helper start",
            "helper stop",
            "helper log",
            "helper console",
            "user add",
            "user ls",
            "user rm",
            "audit ls",
            "audit verify",
            "job ls",
            "job show",
            "job wait",
            "job cancel",
            "job log",
            "session ls",
            "session show",
            "session watch",
            "session attach",
            "session share",
            "session message",
            "session kill",
            "session recordings",
            "serve",
            "run",
            "-e",
            "help",
            "version");
  }

  @Test
  void whatACommandDoesCanBeSaidInTheLanguage() {
    assertThat(commands())
        .filteredOn(command -> command.language().isEmpty())
        .extracting(Command::name)
        .containsExactly("serve", "run", "-e", "help", "version");
  }
}
