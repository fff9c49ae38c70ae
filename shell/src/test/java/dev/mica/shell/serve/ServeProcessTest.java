package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.shell.Runs;
import dev.mica.test.Scratch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code mica serve} as a process. */
@Timeout(300)
final class ServeProcessTest {
  private final Scratch scratch = new Scratch();

  @AfterEach
  void end() {
    scratch.close();
  }

  private ServerProcess serve() throws Exception {
    return ServerProcess.of(scratch.path("home"));
  }

  private Runs.Run another(String... words) throws Exception {
    return Runs.apart(scratch.path("home"), List.of(), words);
  }

  /**
   * It says where it is, is the only one, gives way to nobody, and ends well when it is told to.
   */
  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT", "HUP"})
  void itServesUntilItIsToldToEnd(String signal) throws Exception {
    try (ServerProcess server = serve()) {
      Process process = server.process();
      assertThat(Scratch.run("ssh-keygen", "-l", "-f", key().toString()))
          .contains(server.fingerprint());
      assertThat(another("serve", "--listen", "127.0.0.1:0"))
          .isEqualTo(
              new Runs.Run(
                  1,
                  "",
                  "mica: cannot serve from %s: the process %d does; end that one first, or name"
                          .formatted(scratch.path("home/server"), process.pid())
                      + " another directory in MICA_HOME\n"));
      String taken = "127.0.0.1:" + server.port();
      Runs.Run refused = Runs.apart(scratch.path("other"), List.of(), "serve", "--listen", taken);
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err())
          .startsWith("mica: cannot listen at " + taken + ": ")
          .hasLineCount(1);
      Scratch.run("kill", "-" + signal, Long.toString(process.pid()));
      assertThat(server.err().readLine()).startsWith("mica: ending");
      assertThat(process.waitFor()).isZero();
      assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEmpty();
    }
  }

  /** The key of the first start is that of all others; one that others may read serves nobody. */
  @Test
  void theKeyStays() throws Exception {
    String first = served();
    assertThat(served()).isEqualTo(first);
    Files.setPosixFilePermissions(key(), PosixFilePermissions.fromString("rw-r--r--"));
    Runs.Run refused = another("serve", "--listen", "127.0.0.1:0");
    assertThat(refused.status()).isEqualTo(3);
    assertThat(refused.err()).contains("others may use it (mode rw-r--r--)").hasLineCount(1);
  }

  private String served() throws Exception {
    try (ServerProcess server = serve()) {
      return server.fingerprint();
    }
  }

  static Stream<Arguments> addresses() {
    return Stream.of(
        arguments("here", 2, "it is not ADDRESS:PORT"),
        arguments("127.0.0.1", 2, "it is not ADDRESS:PORT"),
        arguments("127.0.0.1:65536", 2, "it is not ADDRESS:PORT"),
        arguments("localhost:2222", 2, "'localhost' is no address"),
        arguments("192.0.2.1:0", 1, "; name another address with --listen"));
  }

  @ParameterizedTest
  @MethodSource("addresses")
  void whereItCannotListenIsToldInALine(String address, int status, String why) {
    isRefused(status, "mica: cannot listen at " + address + ": ", why, address);
  }

  private void isRefused(int status, String what, String why, String address) {
    Runs.Run refused =
        Runs.here(
            Map.of("MICA_HOME", scratch.path("home").toString()), "serve", "--listen", address);
    assertThat(refused.status()).as(refused.err()).isEqualTo(status);
    assertThat(refused.out()).isEmpty();
    assertThat(refused.err()).startsWith(what).contains(why).hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"empty", "a folder", "cut short", "of RSA", "with a password"})
  void aHostKeyThatIsNoneIsToldInALineAndStays(String which) throws Exception {
    Path key = key();
    scratch.dir("home/server");
    switch (which) {
      case "empty" -> Files.createFile(key);
      case "a folder" -> Files.createDirectory(key);
      case "of RSA" -> keygen("rsa", "");
      case "with a password" -> keygen("ed25519", "secret");
      default -> {
        keygen("ed25519", "");
        Files.writeString(key, Files.readString(key).substring(0, 200));
      }
    }
    if (!which.equals("a folder")) {
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    }
    Object before = Files.getAttribute(key, "unix:ino");
    boolean folder = which.equals("a folder");
    isRefused(
        folder ? 3 : 1,
        "mica: cannot " + (folder ? "use" : "read") + " the host key " + key + ": it is not ",
        "move it away",
        "127.0.0.1:0");
    assertThat(Files.getAttribute(key, "unix:ino")).isEqualTo(before);
  }

  private void keygen(String type, String password) {
    Scratch.run("ssh-keygen", "-q", "-t", type, "-N", password, "-f", key().toString());
  }

  private Path key() {
    return scratch.path("home/server/ssh_host_ed25519_key");
  }
}
