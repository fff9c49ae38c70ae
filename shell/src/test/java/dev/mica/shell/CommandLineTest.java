package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.command.CommandTable;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong command lines: status 2, one line that says what is wrong, nothing printed as data. */
final class CommandLineTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "unoin ls | unknown command 'unoin'; did you mean 'union'?",
        "zzz | unknown command 'zzz'; one of: doctor, diff, union, commit, vm, helper, user, audit, job,"
            + " session, serve, run, -e, help, version",
        "union lss | union: unknown command 'lss'; did you mean 'ls'?",
        "diff /a | diff: missing B; usage: mica diff A B [--exact] [--exit-code]"
            + " [--output table~json~yaml]",
        "diff /a /b /c | diff: unexpected argument '/c'; usage: mica diff A B [--exact]"
            + " [--exit-code] [--output table~json~yaml]",
        "diff --exat /a /b | diff: unknown option '--exat'; did you mean '--exact'?; usage: mica"
            + " diff A B [--exact] [--exit-code] [--output table~json~yaml]",
        "union ls -o xml | union ls: --output cannot be 'xml', only one of table, json, yaml;"
            + " usage: mica union ls [--output table~json~yaml]",
        "union ls -o | union ls: missing the value of --output; usage: mica union ls [--output"
            + " table~json~yaml]",
        "union ls -o json -o yaml | union ls: --output given twice; usage: mica union ls [--output"
            + " table~json~yaml]",
        "union rm | union rm: missing UNION or --all; usage: mica union rm [UNION] [--all]"
            + " [--output table~json~yaml]",
        "union rm u --all | union rm: give UNION or --all, not both; usage: mica union rm [UNION]"
            + " [--all] [--output table~json~yaml]",
        "commit log | commit log: missing COMMIT; usage: mica commit log COMMIT [--output"
            + " table~json~yaml]",
        "help nothing | there is no help for 'nothing'",
        "run | run: missing FILE; usage: mica run FILE [ARGS]…",
        "run /no/such.groovy | cannot run /no/such.groovy: it does not exist",
        "/no/such | cannot run /no/such: it does not exist",
        "/proc/ | cannot run /proc: it is a directory",
        "-e | -e: missing EXPR; usage: mica -e EXPR [--output table~json~yaml]",
        "-e 1 2 | -e: unexpected argument '2'; usage: mica -e EXPR [--output table~json~yaml]"
      })
  void isRefused(String args, String message) {
    Runs.Run run = Runs.here(args.split(" "));
    assertThat(run.err()).isEqualTo("mica: " + message.replace('~', '|') + "\n");
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"union", "commit", "helper"})
  void aGroupHasHelpOfItsOwn(String group) {
    Runs.Run help = Runs.here("help", group);
    assertThat(help.status()).isZero();
    assertThat(help.out().lines()).anyMatch(line -> line.startsWith("  " + group + " "));
    for (String option : List.of("--help", "-h")) {
      assertThat(Runs.here(group, option)).isEqualTo(help);
    }
    Runs.Run alone = Runs.here(group);
    assertThat(alone.status()).isEqualTo(2);
    assertThat(alone.out()).isEmpty();
    assertThat(alone.err())
        .startsWith("mica: " + group + ": name one of: ")
        .contains(help.out().lines().takeWhile(line -> line.startsWith("  ")).toList());
  }

  static List<String> commands() {
    return CommandTable.get().below(List.of()).stream()
        .map(each -> String.join(" ", each.path()))
        .toList();
  }

  /** Completion offers it behind each. */
  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandExplainsItself(String command) {
    for (String option : List.of("--help", "-h")) {
      Runs.Run asked = Runs.here((command + " " + option).split(" "));
      assertThat(asked.err()).isEmpty();
      assertThat(asked.out()).startsWith("mica " + command + " ");
      assertThat(asked.status()).isZero();
    }
  }

  /** What begins like an option, and is none. */
  @Test
  void anExpressionMayBeginWithADash() {
    assertThat(Runs.here("-e", "-5").out()).isEqualTo("-5\n");
    assertThat(Runs.here("-e", "-o", "json", "-5").out()).isEqualTo("-5\n");
    assertThat(Runs.here("-e", "--output=json", "[-5]").out()).isEqualTo("[-5]\n");
    assertThat(Runs.here("-e", "-[3].sum()", "--output", "json").out()).isEqualTo("-3\n");
  }

  /** What only the language has is shown as objects are. */
  @Test
  void aPlanIsATable() {
    String plan = "plan { vm('planned') { from '/etc'; run 'true' } }";
    assertThat(Runs.here("-e", plan).out()).startsWith("DOES").contains("make", "VM planned");
    assertThat(Runs.here("-e", plan, "-o", "json").out()).contains("\"does\":\"make\"");
  }
}
