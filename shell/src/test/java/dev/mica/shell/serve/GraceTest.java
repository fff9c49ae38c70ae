package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.ssh.Settings;
import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who does not log in, however far they come before it, does not stay. */
@NeedsRoot
@Timeout(300)
final class GraceTest {
  private static final KeyPair KEY = RawClient.newKey();

  private static SshServers servers(Duration grace) {
    Settings settings = Settings.of("127.0.0.1:0", false).withGrace(grace);
    SshServers servers = new SshServers(settings, new Visits());
    RawClient.addUser(servers, "ann", Role.OPERATOR, List.of(), List.of(RawClient.line(KEY)));
    return servers;
  }

  /** Each client of a server, at another place on the way to the login. */
  private static List<RawClient> onTheirWay(SshServers servers) throws IOException {
    List<RawClient> clients = new ArrayList<>();
    for (int stage = 0; stage < 3; stage++) {
      RawClient client = new RawClient(servers.port(), "127.0.7." + (1 + stage));
      clients.add(client);
      client.readName();
      if (stage == 1) {
        client.sendName();
      } else if (stage == 2) {
        client.sendName();
        client.send(RawClient.proposal());
        client.readProposal();
        client.exchange();
      }
    }
    clients.add(new RawClient(servers.port(), "127.0.7.9").greeted());
    return clients;
  }

  @Test
  void onlyWhoHasLoggedInStays() throws IOException {
    try (SshServers strict = servers(Duration.ofSeconds(1));
        SshServers patient = servers(Duration.ofDays(1));
        RawClient in = new RawClient(strict.port(), "127.0.7.10").loggedIn("ann", KEY)) {
      List<RawClient> waiting = onTheirWay(patient);
      for (RawClient client : onTheirWay(strict)) {
        try (client) {
          assertThat(client.readToEnd()).doesNotContain(SshMessage.USERAUTH_SUCCESS);
        }
      }
      assertThat(RawChannel.run(in, 0, "union ls -o json")).isEqualTo("0 {\"unions\":[]}\n");
      RawClient last = waiting.getLast();
      last.send(last.login("ann", KEY.getPublic().getEncoded(), KEY));
      last.expect(SshMessage.USERAUTH_SUCCESS);
      assertThat(RawChannel.run(last, 0, "union ls -o json")).isEqualTo("0 {\"unions\":[]}\n");
      for (RawClient client : waiting) {
        client.close();
      }
    }
  }
}
