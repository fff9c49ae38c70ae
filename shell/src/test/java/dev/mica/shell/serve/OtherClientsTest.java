package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mica.access.Role;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients other than OpenSSH's, which in Debian 12 need {@code --compat}. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class OtherClientsTest {
  private static final byte[] NOTHING = {};

  private static final String PARAMIKO =
      """
      import paramiko, sys
      client = paramiko.SSHClient()
      client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
      client.connect('127.0.0.1', int(sys.argv[1]), 'ann', key_filename=sys.argv[2],
                     look_for_keys=False, allow_agent=False)
      _, out, err = client.exec_command(sys.argv[3])
      sys.stdout.write(out.read().decode())
      sys.stderr.write(err.read().decode())
      status = out.channel.recv_exit_status()
      client.close()
      sys.exit(status)
      """;

  private static SshServers servers;

  @BeforeAll
  static void start() {
    servers = new SshServers(true, new Visits());
    servers.user("ann", Role.VIEWER, "");
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  private static void needs(String file) {
    assumeTrue(
        Files.exists(Path.of(file)) || "1".equals(System.getenv("MICA_MUST_WORK")),
        file + " is missing");
  }

  private static void isServed(List<String> client) {
    SshServers.Reply listed = SshServers.run(client, NOTHING, "union ls -o json");
    assertThat(listed.status()).as(listed.err()).isZero();
    assertThat(listed.out()).isEqualTo("{\"unions\":[]}\n");
    SshServers.Reply missing = SshServers.run(client, NOTHING, "union show x");
    assertThat(missing.status()).isEqualTo(1);
    assertThat(missing.out()).isEmpty();
    assertThat(missing.err()).contains("mica: cannot find the union x");
  }

  @Test
  void dropbearComesIn() {
    needs("/usr/bin/dbclient");
    String key = servers.scratch.path("ann.dropbear").toString();
    Scratch.run("dropbearconvert", "openssh", "dropbear", servers.key("ann").toString(), key);
    isServed(
        List.of(
            "dbclient", "-y", "-y", "-T", "-i", key, "-p", "" + servers.port(), "ann@127.0.0.1"));
  }

  @Test
  void puttyComesIn() {
    needs("/usr/bin/plink");
    String key = servers.scratch.path("ann.ppk").toString();
    Scratch.run("puttygen", servers.key("ann").toString(), "-o", key);
    isServed(
        List.of(
            "plink",
            "-batch",
            "-ssh",
            "-P",
            "" + servers.port(),
            "-i",
            key,
            "-hostkey",
            servers.server.fingerprint(),
            "-l",
            "ann",
            "127.0.0.1"));
  }

  @Test
  void paramikoComesIn() {
    needs("/usr/lib/python3/dist-packages/paramiko/__init__.py");
    String program = servers.scratch.file("client.py", PARAMIKO).toString();
    isServed(
        List.of("/usr/bin/python3", program, "" + servers.port(), servers.key("ann").toString()));
  }
}
