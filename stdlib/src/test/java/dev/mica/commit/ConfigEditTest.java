package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a line of a Dockerfile makes of a configuration: the same as with Docker. */
final class ConfigEditTest {
  private static ImageConfig config(String... lines) {
    return ImageConfig.ofHost().changed(List.of(lines));
  }

  @Test
  void aLineHasSeveralPairs() {
    assertThat(config("LABEL a=b c=\"d e\" 'f g'=h i=").labels())
        .isEqualTo(Map.of("a", "b", "c", "d e", "f g", "h", "i", ""));
    assertThat(config("ENV A=1 B=x\\ y", "env A=2 C=a=b").env())
        .containsExactly("A=2", "B=x y", "C=a=b");
    assertThat(config("ENV A=\"q\\\"\\\\\\n\" B='a\\b'").env())
        .containsExactly("A=q\"\\\\n", "B=a\\b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", " a  b ", "\"q\"", "it's", "a\\b\\\"", "x=y", "$HOME", "1\n2\t"})
  void everyVariableCanBeSet(String value) {
    assertThat(config(ImageConfig.env("NAME", value)).env()).containsExactly("NAME=" + value);
  }

  /** The words belong to the entrypoint that they were said with, in either order. */
  @Test
  void anEntrypointTakesOnlyTheWordsOfTheImageBelow() {
    ImageConfig below = config("CMD [\"old\"]");
    assertThat(below.changed(List.of("ENTRYPOINT [\"e\"]")).cmd()).isEmpty();
    assertThat(below.changed(List.of("CMD [\"new\"]", "ENTRYPOINT [\"e\"]")).cmd())
        .containsExactly("new");
    assertThat(below.changed(List.of("ENTRYPOINT []", "CMD new")).cmd())
        .containsExactly("/bin/sh", "-c", "new");
  }

  @Test
  void aLineHasSeveralPortsOrVolumes() {
    ImageConfig config = config("EXPOSE 80 53/udp", "VOLUME /a /b", "VOLUME [\"/c d\"]");
    assertThat(config.ports()).containsExactlyInAnyOrder("80/tcp", "53/udp");
    assertThat(config.volumes()).containsExactlyInAnyOrder("/a", "/b", "/c d");
    assertThat(config("STOPSIGNAL SIGQUIT").stopSignal()).isEqualTo("SIGQUIT");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "ENV A=b c|'c' is not NAME=VALUE; put quotes around spaces",
        "ENV =b|'=b' is not NAME=VALUE; put quotes around spaces",
        "LABEL a=\"b|a quote is not closed",
        "CMD [\"a|its list is not JSON, as [\"nginx\", \"-t\"] is",
        "CMD [1]|its list has something that is not a text",
        "EXPOSE 80 x|'x' is not PORT or PORT/PROTOCOL",
        "VOLUME /a b|the path is not absolute",
        "STOPSIGNAL SIGNONE|there is no signal SIGNONE",
        "USER|it does not mention USER",
        "FETCH x|there is no change 'FETCH'",
      })
  void whatIsWrongIsToldWithItsLine(String line, String why) {
    assertThatThrownBy(() -> config(line))
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot change the configuration by " + line + ": " + why + "; ");
  }
}
