package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Role;
import dev.mica.container.Vm;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server's process is killed while clients have it do things. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class KilledServerTest {
  private static final byte[] NOTHING = {};

  private Scratch scratch;
  private Mica mica;

  @BeforeEach
  void make() throws Exception {
    scratch = new Scratch();
    mica = Mica.open(scratch.path("home"));
    Guests.into(mica.home());
    for (String folder : List.of("bin", "dev", "proc", "sys", "tmp", "root")) {
      scratch.dir("root/" + folder);
    }
    Path bin = scratch.path("root/bin");
    Files.copy(Path.of("/bin/busybox"), bin.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet : List.of("cat", "echo", "sh", "sleep")) {
      Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
    }
    scratch.file("root/lower/file", "below");
    scratch.dir("root/upper");
    String key = scratch.path("key").toString();
    Scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
    var _ =
        mica.users()
            .add("ann", Role.OPERATOR, key + ".pub", List.of(scratch.path("root").toString()));
  }

  @AfterEach
  void end() {
    mica.vms().list().forEach(Vm::kill);
    scratch.close();
  }

  private List<String> client(ServerProcess server, String... options) {
    List<String> command = new ArrayList<>(List.of("ssh", "-F", "none", "-p", "" + server.port()));
    for (String option :
        List.of(
            "UserKnownHostsFile=" + scratch.path("known"),
            "HostKeyAlias=mica",
            "StrictHostKeyChecking=accept-new",
            "LogLevel=ERROR",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "IdentityFile=" + scratch.path("key"))) {
      command.addAll(List.of("-o", option));
    }
    command.addAll(List.of(options));
    command.add("ann@127.0.0.1");
    return command;
  }

  private SshServers.Reply ask(ServerProcess server, String words) {
    return SshServers.run(client(server), NOTHING, words);
  }

  private Process begin(ServerProcess server, List<String> options, String... words)
      throws Exception {
    List<String> command = client(server, options.toArray(String[]::new));
    command.addAll(List.of(words));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** What it started goes on, its clients end, and the next server is the same to all. */
  @Test
  void nothingButItsSessionsEndsWithIt() throws Exception {
    String fingerprint;
    List<Process> clients = new ArrayList<>();
    try (ServerProcess server = ServerProcess.of(scratch.path("home"))) {
      fingerprint = server.fingerprint();
      assertThat(ask(server, "vm run -d --name web --from . -- sleep 100000").err()).isEmpty();
      assertThat(ask(server, "union create --lower lower --upper upper --at at --name u").status())
          .isZero();
      clients.add(begin(server, List.of(), "vm exec web -- sh -c 'echo 1; sleep 100000'"));
      clients.add(begin(server, List.of("-tt"), "vm exec -i web -- cat"));
      clients.add(begin(server, List.of("-tt")));
      clients.add(begin(server, List.of("-s"), "sftp"));
      for (Process each : clients.subList(1, 3)) {
        each.getOutputStream().write("1\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        each.getOutputStream().flush();
      }
      clients.get(3).getOutputStream().write(new byte[] {0, 0, 0, 5, 1, 0, 0, 0, 3});
      clients.get(3).getOutputStream().flush();
      for (Process each : clients) {
        assertThat(each.getInputStream().read()).as("it has begun").isNotNegative();
      }
      server.kill();
      for (Process each : clients) {
        assertThat(each.waitFor()).isEqualTo(255);
      }
    } finally {
      clients.forEach(Process::destroyForcibly);
    }
    assertThat(scratch.path("root/at/file")).hasContent("below");
    try (ServerProcess server = ServerProcess.of(scratch.path("home"))) {
      assertThat(server.fingerprint()).isEqualTo(fingerprint);
      assertThat(ask(server, "vm exec web -- echo on"))
          .isEqualTo(new SshServers.Reply(0, "on\n", ""));
      assertThat(ask(server, "union show u").status()).isZero();
      assertThat(ask(server, "union rm u").status()).isZero();
      assertThat(ask(server, "vm rm --force web").status()).isZero();
      assertThat(ask(server, "audit verify").status()).as("for admins alone").isEqualTo(3);
    }
    assertThat(mica.audit().verify().intact()).isTrue();
  }
}
