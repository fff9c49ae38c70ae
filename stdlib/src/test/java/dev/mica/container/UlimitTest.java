package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class UlimitTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nofile              | it is written NAME=SOFT or NAME=SOFT:HARD
          nofile=             | it is written NAME=SOFT
          nofile=x            | it is written NAME=SOFT
          nofile=1:2:3        | it is written NAME=SOFT
          nofile=-2           | it is written NAME=SOFT
          NOFILE=1            | it is written NAME=SOFT
          files=1             | there are as, core, cpu, data
          nofile=2:1          | the first limit is above the second: 2 and 1
          core=unlimited:5    | the first limit is above the second: unlimited and 5
          nofile=1:1048577    | 1048576 files open at most
          nofile=-1           | 1048576 files open at most
          """)
  void aLimitThatThereCannotBeIsRefused(String text, String why) {
    assertThatThrownBy(() -> Ulimit.of(text))
        .hasMessageStartingWith("cannot limit the processes of a VM by ")
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nofile=1024", "nofile=1:1048576", "core=0:unlimited", "stack=unlimited"})
  void isReadAsItIsWritten(String text) {
    assertThat(Ulimit.of(text)).hasToString(text);
    assertThat(Ulimit.of(text.replace("unlimited", "-1"))).hasToString(text);
  }
}
