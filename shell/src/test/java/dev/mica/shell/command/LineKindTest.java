package dev.mica.shell.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LineKindTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "union ls",
        "union lss",
        "diff A B",
        "diff /a /b",
        "diff ./a ../b",
        "diff '/a' '/b'",
        "doctor",
        "doctor -o json",
        "commit graph",
        "mica union ls",
        "  union rm --all",
        "union foo",
        "union",
        "commit --help"
      })
  void commands(String line) {
    assertThat(LineKind.of(line, List.of("x"))).isEqualTo(LineKind.COMMAND);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "union { lower '/a' }",
        "union {",
        "union = 3",
        "union('u')",
        "union x",
        "diff(a, b)",
        "diff '/a', '/b'",
        "doctor()",
        "doctor.size()",
        "doctor()[0]",
        "commit('web:v2')",
        "commit 'web:v2'",
        "commits.graph()",
        "unions",
        "1 + 1",
        "x",
        "folder '/x'"
      })
  void language(String line) {
    assertThat(LineKind.of(line, List.of("x"))).isEqualTo(LineKind.LANGUAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {":help", ":quit", "help", "help union", "exit", ":"})
  void thePromptsOwn(String line) {
    assertThat(LineKind.of(line, List.of("x"))).isEqualTo(LineKind.META);
  }

  @Test
  void aVariableWinsOverAVerb() {
    assertThat(LineKind.of("diff a b", List.of("diff"))).isEqualTo(LineKind.LANGUAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mica diff a b", "mica union x", "  mica union ls"})
  void aCommandAfterMicaWinsOverAVariable(String line) {
    assertThat(LineKind.of(line, List.of("diff", "union", "x"))).isEqualTo(LineKind.COMMAND);
  }
}
