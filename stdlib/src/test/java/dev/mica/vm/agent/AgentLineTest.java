package dev.mica.vm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Lines of the agent protocol. */
final class AgentLineTest {
  @Test
  void linesOfTheAgentKeepAnyText() throws IOException {
    String value = "a b%c=d,e\n\u00e9";
    assertThat(AgentLine.encode(value)).isEqualTo("a%20b%25c%3Dd%2Ce%0A%C3%A9");
    AgentLine line = AgentLine.parse("x7 ok path=" + AgentLine.encode(value) + " more= odd");
    assertThat(line.isAnswerTo("x7")).isTrue();
    assertThat(line.facts()).isEqualTo(Map.of("path", value, "more", ""));
    assertThat(AgentLine.list(List.of("a,b", "c"))).isEqualTo("a%2Cb,c");
    assertThat(AgentLine.parse("* unexported id=x7").isAnswerTo("x7")).isFalse();
    assertThatThrownBy(() -> AgentLine.parse("x7 ok path=%4")).isInstanceOf(IOException.class);
  }
}
