package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.test.Scratch;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** By the words of containers-registries.conf(5). */
final class RegistriesConfTest {
  private final Scratch scratch = new Scratch();

  @AfterEach
  void end() {
    scratch.close();
  }

  private RegistriesConf conf(String text) {
    Path file = scratch.file("registries.conf", text);
    return RegistriesConf.of(Map.of("CONTAINERS_REGISTRIES_CONF", file.toString()));
  }

  private static List<String> readers(RegistriesConf conf, String reference) {
    return conf.readers(Reference.parse(reference)).stream()
        .map(endpoint -> endpoint.label() + (endpoint.insecure() ? " insecure" : ""))
        .toList();
  }

  private static final String SHA = "sha256:" + "0".repeat(64);

  @Test
  void withoutAWordEveryRegistryIsWhatItsNameSays() {
    assertThat(readers(conf(""), "localhost:5000/x")).containsExactly("localhost:5000/x");
    assertThat(conf("").meanings("debian:12"))
        .containsExactly(Reference.parse("docker.io/library/debian:12"));
  }

  @Test
  void theLongestPrefixDecides() {
    RegistriesConf conf =
        conf(
            """
            [[registry]]
            prefix = "example.com"
            location = "one.example:5000/all/"
            insecure = true
            [[registry]]
            prefix = "example.com/team"
            location = "two/team-of-two"
            [[registry]]
            prefix = "example.com/team/web:v9"
            location = "three/old/web"
            [[registry]]
            prefix = "*.wild.example"
            location = "four/x"
            """);
    assertThat(readers(conf, "example.com/a/b"))
        .containsExactly("one.example:5000/all/a/b insecure");
    assertThat(readers(conf, "example.com/team/web:v1")).containsExactly("two/team-of-two/web");
    assertThat(readers(conf, "example.com/team/web:v9")).containsExactly("three/old/web");
    assertThat(readers(conf, "example.com/teamwork"))
        .containsExactly("one.example:5000/all/teamwork insecure");
    assertThat(readers(conf, "example.com:5000/a")).containsExactly("example.com:5000/a");
    assertThat(readers(conf, "a.b.wild.example/c/d")).containsExactly("four/x/c/d");
    assertThat(readers(conf, "wild.example/c")).containsExactly("wild.example/c");
  }

  @Test
  void mirrorsComeFirstWhereTheyAreFor() {
    RegistriesConf conf =
        conf(
            """
            [[registry]]
            location = "docker.io"
            [[registry.mirror]]
            location = "a.example"
            [[registry.mirror]]
            location = "b.example/hub"
            insecure = true
            pull-from-mirror = "digest-only"
            [[registry.mirror]]
            location = "c.example"
            pull-from-mirror = "tag-only"
            """);
    assertThat(readers(conf, "debian:12"))
        .containsExactly(
            "a.example/library/debian", "c.example/library/debian", "docker.io/library/debian");
    assertThat(readers(conf, "debian@" + SHA))
        .containsExactly(
            "a.example/library/debian",
            "b.example/hub/library/debian insecure",
            "docker.io/library/debian");
    assertThat(conf.writer(Reference.parse("debian")).label())
        .isEqualTo("docker.io/library/debian");
  }

  @Test
  void namesWithoutAHostAreLookedForWhereTheConfigurationSays() {
    RegistriesConf conf =
        conf("unqualified-search-registries = [\"localhost:5000\", \"docker.io\"]");
    assertThat(conf.meanings("debian:12"))
        .extracting(Reference::toString)
        .containsExactly("localhost:5000/debian:12", "docker.io/library/debian:12");
    assertThat(conf.meanings("quay.io/debian:12"))
        .extracting(Reference::toString)
        .containsExactly("quay.io/debian:12");
  }

  @Test
  void ofSeveralFilesTheLaterOverride() {
    String table = "[[registry]]\nlocation = \"example.com\"\n";
    scratch.file("home/.config/containers/registries.conf", table + "insecure = true\n");
    Map<String, String> environment = Map.of("HOME", scratch.path("home").toString());
    assertThat(readers(RegistriesConf.of(environment), "example.com/x"))
        .containsExactly("example.com/x insecure");
    scratch.file("home/.config/containers/registries.conf.d/2.conf", table + "insecure = false\n");
    scratch.file("home/.config/containers/registries.conf.d/1.conf", table + "blocked = true\n");
    assertThat(readers(RegistriesConf.of(environment), "example.com/x"))
        .containsExactly("example.com/x");
  }

  @Test
  void whatIsWrongIsToldWithItsFile() {
    String file = scratch.path("registries.conf").toString();
    for (String text :
        List.of(
            "[registries.search]\nregistries = [\"x\"]",
            "[[registry]]\ninsecure = true",
            "[[registry]]\nprefix = \"example.com\"",
            "[[registry]]\nlocation = 5",
            "[[registry]]\nlocation = \"x\"\ninsecure = \"yes\"",
            "[[registry]]\nlocation = \"x\"\n[[registry.mirror]]\ninsecure = true",
            "this is no TOML")) {
      assertThatThrownBy(() -> conf(text))
          .hasMessageStartingWith("cannot use the configuration " + file + ": ")
          .satisfies(
              failure -> assertThat(String.valueOf(failure.getMessage()).lines()).hasSize(1));
    }
  }
}
