package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.Scratch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The prompt as a process on a real terminal; {@code src/test/pty/prompt.py} types and looks. */
@Timeout(300)
final class PtyTest {
  private final Scratch scratch = new Scratch();

  @AfterEach
  void end() {
    scratch.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "appears",
        "no_size",
        "ctrl_c",
        "running",
        "stubborn",
        "java",
        "progress",
        "paste",
        "unmarked",
        "turns",
        "ahead",
        "unwanted",
        "stopped",
        "resized",
        "dumb",
        "tabs",
        "home",
        "colourless",
        "obeyed",
        "graphemes",
        "narrow"
      })
  void atARealTerminal(String name) throws Exception {
    run(name);
  }

  private void run(String name) throws Exception {
    Path typist = Path.of(System.getProperty("mica.root"), "shell/src/test/pty/prompt.py");
    List<String> command = new ArrayList<>(List.of("python3", typist.toString(), name));
    command.addAll(Runs.command(List.of()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("MICA_HOME", scratch.path("home").toString());
    builder.environment().put("TERM", "xterm-256color");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
