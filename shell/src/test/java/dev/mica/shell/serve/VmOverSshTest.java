package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.container.Vm;
import dev.mica.test.NeedsRoot;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs in a VM, by an operator over SSH. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class VmOverSshTest {
  private static final int MANY = 20 << 20;

  private static SshServers servers;

  @BeforeAll
  static void start() throws Exception {
    servers = new SshServers();
    Path root = servers.scratch.dir("root");
    for (String folder : List.of("bin", "dev", "proc", "sys", "tmp", "root")) {
      Files.createDirectory(root.resolve(folder));
    }
    Path busybox = Path.of("/bin/busybox");
    Files.copy(busybox, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet : List.of("cat", "sh", "sleep", "tty", "stty", "sha256sum")) {
      Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
    }
    servers.user("ann", Role.OPERATOR, "", root.toString());
    SshServers.Reply made = servers.ask("ann", "vm run -d --name web --from . -- sleep 100000");
    assertThat(made).isEqualTo(new SshServers.Reply(0, "web\n", ""));
  }

  @AfterAll
  static void end() {
    servers.mica.vms().list().forEach(Vm::kill);
    assertThat(servers.ask("ann", "vm rm --force --all").status()).isZero();
    servers.close();
  }

  @Test
  void bytesComeThroughAsTheyAre() {
    byte[] bytes = new byte[MANY];
    new Random(7).nextBytes(bytes);
    SshServers.Reply reply = SshServers.run(servers.client("ann"), bytes, "vm exec -i web cat");
    assertThat(reply.status()).as(reply.err()).isZero();
    assertThat(reply.out().equals(new String(bytes, StandardCharsets.ISO_8859_1))).isTrue();
    assertThat(reply.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 42, 255})
  void theStatusIsThatOfTheProgram(int status) {
    SshServers.Reply reply =
        servers.ask("ann", "vm exec web -- sh -c 'echo out; echo err >&2; exit " + status + "'");
    assertThat(reply).isEqualTo(new SshServers.Reply(status, "out\n", "err\n"));
  }

  @Test
  void whatASignalEndsHasTheStatusOfAShell() {
    assertThat(servers.ask("ann", "vm exec web -- sh -c 'kill -TERM $$'").status())
        .isEqualTo(128 + 15);
  }

  @Test
  void aShellHasTheTerminalOfTheClient() throws Exception {
    List<String> command = servers.client("ann", "-tt");
    command.add("vm shell web");
    Process client = new ProcessBuilder(command).start();
    try (OutputStream keys = client.getOutputStream()) {
      keys.write("tty && stty size; exit 5\n".getBytes(StandardCharsets.UTF_8));
      keys.flush();
      String said = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(said).contains("/dev/").contains("24 80");
      // Its start may take long enough to be shown; its terminal is its own from then on.
      assertThat(said.substring(said.indexOf("/ # "))).doesNotContain("vm shell:");
    }
    assertThat(client.waitFor()).isEqualTo(5);
  }
}
