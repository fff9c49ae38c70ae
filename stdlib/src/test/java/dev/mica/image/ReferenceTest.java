package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ReferenceTest {
  private static final String SHA = "sha256:" + "0a".repeat(32);

  /** As Docker reads them. */
  @ParameterizedTest
  @CsvSource({
    "debian,                          docker.io/library/debian:latest",
    "debian:12,                       docker.io/library/debian:12",
    "team/web,                        docker.io/team/web:latest",
    "docker.io/debian,                docker.io/library/debian:latest",
    "index.docker.io/debian:12,       docker.io/library/debian:12",
    "docker.io/team/web:v1,           docker.io/team/web:v1",
    "localhost/x,                     localhost/x:latest",
    "localhost:5000/x,                localhost:5000/x:latest",
    "127.0.0.1:5000/a/b/c:v1,         127.0.0.1:5000/a/b/c:v1",
    "[::1]:5000/x:v1,                 [::1]:5000/x:v1",
    "ghcr.io/team/web_a-b.c__d:V.1-x, ghcr.io/team/web_a-b.c__d:V.1-x",
    "Host/x:1,                        Host/x:1",
    "localhost:5000,                  docker.io/library/localhost:5000",
    "registry/x,                      docker.io/registry/x:latest",
  })
  void isRead(String text, String whole) {
    Reference reference = Reference.parse(text);
    assertThat(reference).hasToString(whole);
    assertThat(Reference.parse(whole)).hasToString(whole);
  }

  @Test
  void aDigestDecides() {
    Reference reference = Reference.parse("localhost:5000/web:v1@" + SHA);
    assertThat(reference.tag()).contains("v1");
    assertThat(reference.tagOrDigest()).isEqualTo(SHA);
    assertThat(reference).hasToString("localhost:5000/web:v1@" + SHA);
    assertThat(Reference.parse("web@" + SHA)).hasToString("docker.io/library/web@" + SHA);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "/",
        "@",
        ":v1",
        "/x",
        "x/",
        "Debian",
        "a b",
        "x:",
        "x:a:b",
        "x:-v",
        "x@sha256:12",
        "x@md5:d41d8cd98f00b204e9800998ecf8427e",
        "localhost:5000/",
        "localhost:port/x",
        "a//b",
        "host.:5000/x",
        "../x",
        "http://localhost:5000/x",
        "x:v1\n",
        "a..b",
        "a/-b",
      })
  void isRefused(String text) {
    assertThatThrownBy(() -> Reference.parse(text))
        .isInstanceOfSatisfying(
            MicaException.class,
            failure -> assertThat(failure.kind()).isEqualTo(MicaException.Kind.USAGE))
        .hasMessageStartingWith("cannot read the reference")
        .satisfies(failure -> assertThat(String.valueOf(failure.getMessage()).lines()).hasSize(1));
  }

  @Test
  void aCommitOfItHasAName() {
    assertThat(Reference.parse("debian").nameAndTag()).isEqualTo("debian:latest");
    assertThat(Reference.parse("localhost:5000/team/web:v1").nameAndTag()).isEqualTo("web:v1");
    assertThat(Reference.parse("web@" + SHA).nameAndTag()).isEqualTo("web:0a0a0a0a0a0a");
    assertThat(Reference.parse("web:v1@" + SHA).nameAndTag()).isEqualTo("web:v1");
  }

  @Test
  void whatIsMeantToBeAnImageSaysMoreThanAName() {
    for (String text : new String[] {"debian:12", "localhost:5000/x", "ghcr.io/a/b", "x@" + SHA}) {
      assertThat(Reference.isMeant(text)).as(text).isTrue();
    }
    for (String text : new String[] {"debian", "srv/debian", "", "A b:c", "a:", "Debian:12"}) {
      assertThat(Reference.isMeant(text)).as(text).isFalse();
    }
  }

  @Test
  void aNameIsNotWithoutEnd() {
    assertThatThrownBy(() -> Reference.parse("localhost/" + "a/".repeat(200) + "a"))
        .hasMessageContaining("longer than 255 characters");
  }
}
