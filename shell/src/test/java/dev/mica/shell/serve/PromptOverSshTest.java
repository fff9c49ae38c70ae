package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.NeedsRoot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What must hold at a real terminal holds at one that the client of OpenSSH has, too; but for
 * programs that a script starts, which have the terminal of the server and not the client's.
 */
@NeedsRoot
@Timeout(300)
final class PromptOverSshTest {
  @ParameterizedTest
  @ValueSource(strings = {"appears", "no_size", "ctrl_c", "running", "unmarked", "tabs", "obeyed"})
  void atAClientsTerminal(String name) throws Exception {
    try (SshServers servers = new SshServers()) {
      servers.user("ann", Role.ADMIN, "");
      List<String> command = new ArrayList<>();
      command.add("python3");
      command.add(
          Path.of(System.getProperty("mica.root"), "shell/src/test/pty/prompt.py").toString());
      command.add(name);
      command.addAll(servers.client("ann", "-tt"));
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("MICA_HOME", servers.scratch.path("home").toString());
      builder.environment().put("TERM", "xterm-256color");
      Process process = builder.start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(said).isZero();
    }
  }
}
