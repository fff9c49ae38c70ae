package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ChallengeTest {
  @Test
  void thoseOfTheUsualRegistriesAreRead() {
    assertThat(
            Challenge.best(
                List.of(
                    "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/debian:pull\"")))
        .contains(
            new Challenge(
                "bearer",
                Map.of(
                    "realm", "https://auth.docker.io/token",
                    "service", "registry.docker.io",
                    "scope", "repository:library/debian:pull")));
    assertThat(Challenge.best(List.of("Basic realm=\"a, \\\"b\\\" = c\"")))
        .contains(new Challenge("basic", Map.of("realm", "a, \"b\" = c")));
  }

  @Test
  void aTokenIsPreferred() {
    assertThat(Challenge.best(List.of("Basic realm=x, BEARER Realm = \"y\" , service=z", "Digest")))
        .contains(new Challenge("bearer", Map.of("realm", "y", "service", "z")));
    assertThat(Challenge.best(List.of("Digest realm=\"x\"", "Basic realm=\"y\"")))
        .contains(new Challenge("basic", Map.of("realm", "y")));
  }

  @Test
  void whatIsNoneIsNone() {
    assertThat(Challenge.best(List.of())).isEmpty();
    assertThat(Challenge.best(List.of("", "=", "\"", "realm=\"x\"", "Negotiate abc=="))).isEmpty();
    assertThat(Challenge.best(List.of("Bearer realm=\"without an end")))
        .contains(new Challenge("bearer", Map.of()));
  }
}
