package dev.mica.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.text.PathBytes;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PathJsonTest {
  private static JsonNode written(JsonNode json) {
    byte[] file = json.toPrettyString().getBytes(StateDir.UTF_8);
    return JsonMapper.shared().readTree(file);
  }

  @Test
  void aTextIsAString() {
    Path path = Path.of("/größe/\ufffd");
    assertThat(PathJson.of(path).asString()).isEqualTo(path.toString());
    assertThat(PathJson.path(written(PathJson.of(path)))).isEqualTo(path);
  }

  @Test
  void otherBytesAreKept() {
    Path path = PathBytes.toPath(new byte[] {'/', 'a', '\\', (byte) 0xe9, '\n'});
    JsonNode json = written(PathJson.of(path));
    assertThat(json.required("path").asString()).isEqualTo("/a\\\\\\xe9\\x0a");
    assertThat(json.required("pathBytes").asString()).isEqualTo("L2Fc6Qo=");
    assertThat(PathJson.path(json)).isEqualTo(path);
  }

  @Test
  void nothingIsNull() {
    assertThat(PathJson.of(null).isNull()).isTrue();
    assertThat(PathJson.path(PathJson.of(null))).isNull();
  }
}
