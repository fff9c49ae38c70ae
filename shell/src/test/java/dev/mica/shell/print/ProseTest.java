package dev.mica.shell.print;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.attach.TerminalFormat;
import dev.mica.shell.command.CommandTable;
import dev.mica.shell.command.HelpText;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Help on pages of any width: every word of it is there. */
final class ProseTest {
  private static String shown(Result result, int width) {
    StringWriter out = new StringWriter();
    new Output(out, new TerminalFormat(width, false)).print(result, Format.TABLE);
    return out.toString();
  }

  @Test
  void goesOnWhereItsColumnBegan() {
    String help =
        """
        mica union rm [UNION] [--all] [--output table|json|yaml]
          unmounts and forgets unions; uppers and lowers stay

          --all     all that there are, and not one
          json      {"name":string,"created":time,"problem":string}
        """;
    assertThat(shown(new Result.Help(help), 40))
        .isEqualTo(
            """
            mica union rm [UNION] [--all]
                [--output table|json|yaml]
              unmounts and forgets unions; uppers
                  and lowers stay

              --all     all that there are, and not
                        one
              json      {"name":string,
                        "created":time,
                        "problem":string}
            """);
  }

  @Test
  void leavesAColumnThatIsTooFarRight() {
    assertThat(shown(new Result.Help("  union create              mounts a union\n"), 30))
        .isEqualTo("  union create\n      mounts a union\n");
  }

  @Test
  void isWholeWhereNobodyLooks() {
    String line = "word ".repeat(100) + "end\n";
    assertThat(shown(new Result.Help(line), TerminalFormat.PLAIN.width())).isEqualTo(line);
  }

  static Stream<Result> helps() {
    Stream<Result> commands = CommandTable.get().below(List.of()).stream().map(HelpText::of);
    return Stream.concat(
        Stream.of(
            HelpText.promptOverview(),
            HelpText.of(List.of("union")),
            new Result.Help("an accent e\u0301\u0301 and \ud83d\ude80\ud83d\ude80 日本語日本語,日本語")),
        commands);
  }

  @ParameterizedTest
  @MethodSource("helps")
  void losesNothingAndIsNotWiderThanThePage(Result help) {
    String whole = shown(help, TerminalFormat.PLAIN.width()).replaceAll("\\s", "");
    for (int width = 4; width < 200; width++) {
      String shown = shown(help, width);
      assertThat(shown.replaceAll("\\s", "")).isEqualTo(whole);
      int most = width;
      assertThat(shown.lines())
          .allSatisfy(line -> assertThat(Cells.width(line)).isLessThanOrEqualTo(most));
    }
  }
}
