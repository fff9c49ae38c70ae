package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.Runs;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code mica serve} as a process, which has said that it serves.
 *
 * @param err what it says from then on
 */
record ServerProcess(Process process, BufferedReader err, int port, String fingerprint)
    implements AutoCloseable {
  private static final Pattern READY =
      Pattern.compile("mica: serving at 127\\.0\\.0\\.1:(\\d+), with the key (SHA256:\\S+)");

  /** Starts one for that state directory. */
  static ServerProcess of(Path home) throws IOException {
    return of(home, List.of());
  }

  /** The same with more options for Java. */
  static ServerProcess of(Path home, List<String> options) throws IOException {
    // Whoever runs the tests may ignore signals, and what they start does so, too.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=HUP,INT,TERM"));
    command.addAll(Runs.command(options, "serve", "--listen", "127.0.0.1:0"));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("MICA_HOME", home.toString());
    Process process = builder.start();
    BufferedReader err = process.errorReader(StandardCharsets.UTF_8);
    String line = String.valueOf(err.readLine());
    Matcher ready = READY.matcher(line);
    assertThat(ready.matches()).as(line).isTrue();
    return new ServerProcess(process, err, Integer.parseInt(ready.group(1)), ready.group(2));
  }

  /** Ends it at once, whatever it does. */
  void kill() {
    Process _ = process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() throws IOException {
    kill();
    err.close();
  }
}
