package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.ssh.Settings;
import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client whose host is gone ends no connection: it is found out by asking. */
@NeedsRoot
@Timeout(300)
final class KeepaliveTest {
  private static final KeyPair KEY = RawClient.newKey();

  /** So many questions may be without an answer. */
  private static final int MOST = 3;

  private static SshServers servers(Duration interval) {
    Settings settings = Settings.of("127.0.0.1:0", false).withKeepalive(interval);
    SshServers servers = new SshServers(settings, new Visits());
    RawClient.addUser(servers, "ann", Role.OPERATOR, List.of(), List.of(RawClient.line(KEY)));
    return servers;
  }

  private static RawClient client(SshServers servers) throws IOException {
    return new RawClient(servers.port(), "127.0.8.1").loggedIn("ann", KEY);
  }

  /** Its program is there as long as the connection is; OpenSSH's answers what it is asked. */
  @Test
  void whoDoesNotAnswerIsDropped() throws Exception {
    try (SshServers servers = servers(Duration.ofMillis(200))) {
      servers.user("bob", Role.OPERATOR, "");
      Process answering = new ProcessBuilder(servers.client("bob", "-N")).start();
      try {
        for (int round = 0; round < 3; round++) {
          try (RawClient silent = client(servers)) {
            assertThat(silent.readToEnd().stream().filter(is -> is == SshMessage.GLOBAL_REQUEST))
                .hasSize(MOST);
          }
        }
        assertThat(answering.isAlive()).isTrue();
      } finally {
        answering.destroyForcibly();
      }
    }
  }

  /** That it does not know the question is an answer. */
  @Test
  void whoAnswersStays() throws IOException {
    try (SshServers servers = servers(Duration.ofMillis(100));
        RawClient client = client(servers)) {
      for (int asked = 0; asked < 5 * MOST; ) {
        Optional<byte[]> message = client.read();
        assertThat(message).as("after %d answers", asked).isPresent();
        if ((message.get()[0] & 0xff) == SshMessage.GLOBAL_REQUEST) {
          client.send(SshMessage.of(SshMessage.REQUEST_FAILURE).bytes());
          asked++;
        }
      }
    }
  }

  @Test
  void nobodyIsAskedBeforeItIsTime() throws IOException {
    try (SshServers servers = servers(Duration.ofDays(1));
        RawClient client = client(servers)) {
      assertThat(RawChannel.run(client, 0, "union ls -o json")).isEqualTo("0 {\"unions\":[]}\n");
      client.sendNoMore();
      assertThat(Collections.frequency(client.readToEnd(), SshMessage.GLOBAL_REQUEST)).isZero();
    }
  }
}
