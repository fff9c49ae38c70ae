package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.test.Scratch;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The files that docker login and podman login write, and the helpers that they name. */
final class CredentialsTest {
  private final Scratch scratch = new Scratch();
  private final Map<String, String> environment = new HashMap<>();

  CredentialsTest() {
    environment.put("HOME", scratch.dir("home").toString());
    environment.put("PATH", scratch.dir("bin") + ":/usr/bin:/bin");
  }

  @AfterEach
  void end() {
    scratch.close();
  }

  private static String auth(String both) {
    byte[] bytes = both.getBytes(StandardCharsets.UTF_8);
    return "{\"auth\":\"" + Base64.getEncoder().encodeToString(bytes) + "\"}";
  }

  private void docker(String text) {
    scratch.file("home/.docker/config.json", text);
  }

  private Optional<Credentials> of(String reference) {
    Reference read = Reference.parse(reference);
    return Credentials.of(new Endpoint(read.host(), read.repository(), false), environment);
  }

  private static Optional<Credentials> some(String user, String secret) {
    return Optional.of(new Credentials(user, secret));
  }

  @Test
  void nobodyIsLoggedIn() {
    assertThat(of("localhost:5000/x")).isEmpty();
    docker("{}");
    assertThat(of("localhost:5000/x")).isEmpty();
    docker("{\"auths\":{\"localhost:5000\":{}}}");
    assertThat(of("localhost:5000/x")).isEmpty();
  }

  @Test
  void theEntryThatSaysMostDecides() {
    docker(
        "{\"auths\":{\"localhost:5000\":%s,\"localhost:5000/team\":%s,\"https://h.example/v1/\":%s,\"https://index.docker.io/v1/\":%s}}"
            .formatted(auth("a:1"), auth("b:2:3"), auth("c:4"), auth("d:5\0")));
    assertThat(of("localhost:5000/x")).isEqualTo(some("a", "1"));
    assertThat(of("localhost:5000/team/x")).isEqualTo(some("b", "2:3"));
    assertThat(of("localhost:5000/teamwork")).isEqualTo(some("a", "1"));
    assertThat(of("h.example/x")).isEqualTo(some("c", "4"));
    assertThat(of("debian")).isEqualTo(some("d", "5"));
    assertThat(of("localhost:5001/x")).isEmpty();
  }

  @Test
  void theFilesStandInAnOrder() {
    docker("{\"auths\":{\"h.example\":%s,\"g.example\":%s}}".formatted(auth("a:1"), auth("b:2")));
    scratch.file(
        "run/containers/auth.json", "{\"auths\":{\"h.example\":%s}}".formatted(auth("c:3")));
    environment.put("XDG_RUNTIME_DIR", scratch.path("run").toString());
    assertThat(of("h.example/x")).isEqualTo(some("c", "3"));
    assertThat(of("g.example/x")).isEqualTo(some("b", "2"));
    environment.put(
        "REGISTRY_AUTH_FILE",
        scratch
            .file("own.json", "{\"auths\":{\"h.example\":%s}}".formatted(auth("e:4")))
            .toString());
    assertThat(of("h.example/x")).isEqualTo(some("e", "4"));
    assertThat(of("g.example/x")).isEmpty();
  }

  @Test
  void anIdentityTokenIsNoPassword() {
    docker("{\"auths\":{\"h.example\":{\"auth\":\"eDp5\",\"identitytoken\":\"t0\"}}}");
    assertThat(of("h.example/x").orElseThrow().isIdentityToken()).isTrue();
  }

  private void helper(String name, String script) {
    scratch.file("bin/docker-credential-" + name, "#!/bin/sh\n" + script);
    Scratch.run("chmod", "+x", scratch.path("bin/docker-credential-" + name).toString());
  }

  @Test
  void helpersAreAsked() {
    docker("{\"credsStore\":\"all\",\"credHelpers\":{\"h.example\":\"one\"}}");
    helper(
        "one",
        "read s; [ \"$1 $s\" = 'get h.example' ] && echo '{\"Username\":\"a\",\"Secret\":\"1\"}'");
    helper("all", "read s; echo '{\"Username\":\"<token>\",\"Secret\":\"'$s'\"}'");
    assertThat(of("h.example/x")).isEqualTo(some("a", "1"));
    assertThat(of("debian")).isEqualTo(some("", "https://index.docker.io/v1/"));
    helper("all", "echo 'credentials not found in native keychain'; exit 1");
    assertThat(of("debian")).isEmpty();
  }

  @Test
  void aHelperThatFailsIsTold() {
    docker("{\"credsStore\":\"all\"}");
    assertThatThrownBy(() -> of("h.example/x"))
        .hasMessageContaining("docker-credential-all: there is no such program on the PATH");
    helper("all", "echo 'the key ring is locked'; exit 1");
    assertThatThrownBy(() -> of("h.example/x"))
        .hasMessageContaining("it ended with status 1: the key ring is locked");
    helper("all", "echo '{\"Secret\":\"hidden\"'");
    assertThatThrownBy(() -> of("h.example/x"))
        .hasMessageContaining("its answer is not JSON")
        .hasMessageNotContaining("hidden");
    docker("{\"credsStore\":\"../evil\"}");
    assertThatThrownBy(() -> of("h.example/x"))
        .hasMessageContaining("that is no name of a program");
  }

  @Test
  void aFileThatCannotBeReadIsTold() {
    for (String text :
        new String[] {
          "{",
          "{\"auths\":{\"h.example\":{\"auth\":\"%%%\"}}}",
          "{\"auths\":{\"h.example\":{\"auth\":\"eA==\"}}}"
        }) {
      docker(text);
      assertThatThrownBy(() -> of("h.example/x"))
          .hasMessageStartingWith("cannot read the credentials in ")
          .hasMessageContaining("log in again");
    }
  }

  @Test
  void secretsAreNotPrinted() {
    assertThat(new Credentials("joe", "hidden").toString()).doesNotContain("hidden");
  }
}
