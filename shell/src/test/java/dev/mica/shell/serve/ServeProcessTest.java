package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.Runs;
import dev.mica.test.Scratch;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code mica serve} as a process. */
@Timeout(300)
final class ServeProcessTest {
  private static final Pattern READY =
      Pattern.compile("mica: serving at 127\\.0\\.0\\.1:(\\d+), with the key (SHA256:\\S+)");

  private final Scratch scratch = new Scratch();

  @AfterEach
  void end() {
    scratch.close();
  }

  private Process serve() throws Exception {
    // Whoever runs the tests may ignore signals, and what they start does so, too.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=HUP,INT,TERM"));
    command.addAll(Runs.command(List.of(), "serve", "--listen", "127.0.0.1:0"));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("MICA_HOME", scratch.path("home").toString());
    return builder.start();
  }

  private static Matcher ready(BufferedReader err) throws Exception {
    Matcher ready = READY.matcher(String.valueOf(err.readLine()));
    assertThat(ready.matches()).isTrue();
    return ready;
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
    Process process = serve();
    try (BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
      Matcher ready = ready(err);
      assertThat(Scratch.run("ssh-keygen", "-l", "-f", key().toString())).contains(ready.group(2));
      assertThat(another("serve", "--listen", "127.0.0.1:0"))
          .isEqualTo(
              new Runs.Run(
                  1,
                  "",
                  "mica: cannot serve from %s: the process %d does; end that one first, or name"
                          .formatted(scratch.path("home/server"), process.pid())
                      + " another directory in MICA_HOME\n"));
      String taken = "127.0.0.1:" + ready.group(1);
      Runs.Run refused = Runs.apart(scratch.path("other"), List.of(), "serve", "--listen", taken);
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err())
          .startsWith("mica: cannot listen at " + taken + ": ")
          .hasLineCount(1);
      Scratch.run("kill", "-" + signal, Long.toString(process.pid()));
      assertThat(err.readLine()).startsWith("mica: ending");
      assertThat(process.waitFor()).isZero();
      assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEmpty();
    } finally {
      process.destroyForcibly().waitFor();
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
    Process process = serve();
    try (BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
      return ready(err).group(2);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private Path key() {
    return scratch.path("home/server/ssh_host_ed25519_key");
  }
}
