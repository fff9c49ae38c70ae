package dev.mica.shell.serve;

import static dev.mica.shell.serve.SshMessage.CHANNEL_FAILURE;
import static dev.mica.shell.serve.SshMessage.CHANNEL_OPEN;
import static dev.mica.shell.serve.SshMessage.CHANNEL_OPEN_FAILURE;
import static dev.mica.shell.serve.SshMessage.DEBUG;
import static dev.mica.shell.serve.SshMessage.DISCONNECT;
import static dev.mica.shell.serve.SshMessage.EXT_INFO;
import static dev.mica.shell.serve.SshMessage.IGNORE;
import static dev.mica.shell.serve.SshMessage.REQUEST_FAILURE;
import static dev.mica.shell.serve.SshMessage.UNIMPLEMENTED;
import static dev.mica.shell.serve.SshMessage.USERAUTH_FAILURE;
import static dev.mica.shell.serve.SshMessage.USERAUTH_PK_OK;
import static dev.mica.shell.serve.SshMessage.USERAUTH_SUCCESS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What other servers of SSH got wrong, by the number that it has in the list of CVEs. */
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class KnownFaultsTest {
  private static final KeyPair GOOD = RawClient.newKey();
  private static final KeyPair BOUND = RawClient.newKey();
  private static final KeyPair OTHER = RawClient.newKey();

  /** What a server may say to somebody whom it refuses. */
  private static final List<Integer> HARMLESS =
      List.of(DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, EXT_INFO, USERAUTH_FAILURE);

  private static final Queue<String> RAN = new ConcurrentLinkedQueue<>();
  private static SshServers servers;
  private static int places;

  /** What somebody does to the server, on a connection that has only begun. */
  interface Attack {
    void on(RawClient client) throws IOException;
  }

  @BeforeAll
  static void start() {
    servers =
        new SshServers(
            false,
            visit -> {
              RAN.add(visit.command().orElse(""));
              return 0;
            });
    RawClient.addUser(
        servers,
        "ann",
        Role.VIEWER,
        List.of(),
        List.of(RawClient.line(GOOD), "command=\"vm ls\" " + RawClient.line(BOUND)));
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  /** A connection from an address of its own, so that no case pays for another's failures. */
  private static RawClient client() throws IOException {
    places++;
    return new RawClient(servers.port(), "127.0.3." + places);
  }

  private static byte[] channel() {
    return SshMessage.of(CHANNEL_OPEN).string("session").u32(0).u32(1 << 20).u32(1 << 15).bytes();
  }

  private static byte[] exec() {
    return SshMessage.of(SshMessage.CHANNEL_REQUEST)
        .u32(0)
        .string("exec")
        .u8(1)
        .string("version")
        .bytes();
  }

  /** The server has had enough of it, and has given it nothing. */
  private static void isRefused(RawClient client) throws IOException {
    assertThat(HARMLESS).containsAll(client.readToEnd());
  }

  /** Sends what a client that is let in would send next; it must be refused. */
  private static void isNotIn(RawClient client) throws IOException {
    sendAll(client, channel(), exec());
    isRefused(client);
  }

  /** The server may end the connection in the middle of it. */
  private static void sendAll(RawClient client, byte[]... messages) {
    try {
      for (byte[] each : messages) {
        client.send(each);
      }
    } catch (IOException ended) {
      assertThat(ended).isNotNull();
    }
  }

  private static void begin(RawClient client) throws IOException {
    client.readName();
    client.sendName();
  }

  private static void propose(RawClient client) throws IOException {
    begin(client);
    client.send(RawClient.proposal());
    client.readProposal();
  }

  static Stream<Arguments> attacks() {
    byte[] ignored = SshMessage.of(IGNORE).string("x").bytes();
    byte[] extension = SshMessage.of(EXT_INFO).u32(1).string("x").string("y").bytes();
    return Stream.of(
        attack(
            "CVE-2025-32433 of Erlang, CVE-2018-7750 of Paramiko: a channel before the login",
            client -> isNotIn(client.greeted())),
        attack(
            "CVE-2018-10933 of libssh, CVE-2018-1000805 of Paramiko: the client says it is in",
            client -> {
              client.greeted();
              sendAll(client, new byte[] {USERAUTH_SUCCESS});
              isNotIn(client);
            }),
        attack(
            "CVE-2023-48795, Terrapin: a packet before the proposal",
            client -> {
              begin(client);
              sendAll(client, ignored, RawClient.proposal());
              isRefusedAfterProposal(client);
            }),
        attack(
            "CVE-2023-48795, Terrapin: a packet before the new keys",
            client -> {
              propose(client);
              sendAll(client, ignored);
              isRefused(client);
            }),
        attack(
            "CVE-2023-46445 of AsyncSSH: extensions before the new keys",
            client -> {
              propose(client);
              sendAll(client, extension);
              isRefused(client);
            }),
        attack(
            "CVE-2023-46446 of AsyncSSH: a login before the new keys",
            client -> {
              propose(client);
              sendAll(client, RawClient.request("ann", "none").bytes());
              isRefused(client);
            }),
        attack(
            "CVE-2026-77185 of MINA SSHD: a key without a signature",
            client -> {
              client.greeted().send(RawClient.question("ann", GOOD));
              client.expect(USERAUTH_PK_OK);
              isNotIn(client);
            }),
        attack(
            "CVE-2024-45337 of Go: asks for one key, shows it, and signs with another",
            client -> {
              client.greeted().send(RawClient.question("ann", GOOD));
              client.expect(USERAUTH_PK_OK);
              client.send(client.login("ann", GOOD.getPublic().getEncoded(), OTHER));
              client.expect(USERAUTH_FAILURE);
              client.send(client.login("ann", OTHER.getPublic().getEncoded(), OTHER));
              client.expect(USERAUTH_FAILURE);
              isNotIn(client);
            }),
        attack(
            "a signature for another session",
            client -> {
              byte[] stolen = client().greeted().login("ann", GOOD.getPublic().getEncoded(), GOOD);
              client.greeted().send(stolen);
              client.expect(USERAUTH_FAILURE);
              isNotIn(client);
            }),
        attack(
            "CVE-2002-0639 of OpenSSH: answers that nobody asked for",
            client -> {
              client.greeted();
              sendAll(client, SshMessage.of(61).u32(0x4000_0000).bytes());
              isNotIn(client);
            }),
        attack(
            "CVE-2015-5600 of OpenSSH: ways to log in that are not offered",
            client -> {
              client.greeted();
              for (String way : List.of("none", "password", "keyboard-interactive", "hostbased")) {
                client.send(
                    RawClient.request("ann", way)
                        .u8(0)
                        .string("x")
                        .string("x,".repeat(999))
                        .bytes());
                ByteBuffer said = ByteBuffer.wrap(client.expect(USERAUTH_FAILURE)).position(1);
                assertThat(new String(RawClient.string(said), StandardCharsets.US_ASCII))
                    .isEqualTo("publickey");
              }
              isNotIn(client);
            }),
        attack(
            "CVE-2016-7406 of Dropbear: a name that is a format",
            client -> {
              client.greeted().send(RawClient.question("%n%s%n", GOOD));
              client.expect(USERAUTH_FAILURE);
              isNotIn(client);
            }),
        attack(
            "CVE-2001-0144: version 1 of the protocol",
            client -> {
              client.readName();
              client.raw("SSH-1.5-x\r\n".getBytes(StandardCharsets.US_ASCII));
              assertThat(client.readName()).startsWith("Unsupported protocol version");
              isRefused(client);
            }));
  }

  /** The server's proposal does not depend on the client's. */
  private static void isRefusedAfterProposal(RawClient client) throws IOException {
    assertThat(client.readToEnd()).isSubsetOf(SshMessage.KEXINIT, DISCONNECT);
  }

  private static Arguments attack(String what, Attack attack) {
    return arguments(what, attack);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("attacks")
  void whatOthersGotWrongOpensNothing(String what, Attack attack) throws IOException {
    RAN.clear();
    try (RawClient client = client()) {
      attack.on(client);
    }
    assertThat(RAN).as(what).isEmpty();
  }

  /** CVE-2024-45337 once more: what counts is the key that has signed, not one asked for before. */
  @Test
  void theKeyThatSignsDecidesWhatRuns() throws IOException {
    RAN.clear();
    try (RawClient client = client().greeted()) {
      client.send(RawClient.question("ann", GOOD));
      client.expect(USERAUTH_PK_OK);
      client.send(client.login("ann", BOUND.getPublic().getEncoded(), BOUND));
      client.expect(USERAUTH_SUCCESS);
      assertThat(RawChannel.run(client, 0, "version")).isEqualTo("0 ");
    }
    assertThat(RAN).containsExactly("vm ls");
  }

  /** CVE-2018-15473 of OpenSSH: how a request is answered tells nobody who exists. */
  @Test
  void nobodyLearnsWhoIsAUser() throws IOException {
    List<String> answers = new ArrayList<>();
    for (String user : List.of("ann", "bob")) {
      for (byte[] request :
          List.of(
              RawClient.request(user, "publickey").u8(1).string("ssh-ed25519").u32(99).bytes(),
              RawClient.request(user, "none").bytes(),
              RawClient.question(user, OTHER))) {
        try (RawClient client = client().greeted()) {
          client.send(request);
          client.sendNoMore();
          answers.add(HexFormat.of().formatHex(client.read().orElse(new byte[0])));
        }
      }
    }
    assertThat(answers.subList(0, 3)).isEqualTo(answers.subList(3, 6));
  }

  static Stream<Arguments> favours() {
    SshMessage address = SshMessage.empty().string("127.0.0.1").u32(1);
    return Stream.of(
        arguments("CVE-2023-38408: the agent", "auth-agent-req@openssh.com", new byte[0]),
        arguments(
            "CVE-2016-3115: X11",
            "x11-req",
            SshMessage.empty().u8(0).string("x").string("a\nb").u32(0).bytes()),
        arguments(
            "CVE-2014-2532: a variable",
            "env",
            SshMessage.empty().string("LD_PRELOAD").string("/x").bytes()),
        arguments("another subsystem", "subsystem", SshMessage.empty().string("x").bytes()),
        arguments("no request at all", "\u0000%n", address.bytes()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("favours")
  void whatNobodyGetsIsRefused(String what, String request, byte[] rest) throws IOException {
    RAN.clear();
    try (RawClient client = client().loggedIn("ann", GOOD)) {
      RawChannel channel = new RawChannel(client, 0);
      client.send(channel.request(request, rest));
      client.expect(CHANNEL_FAILURE);
      client.send(
          SshMessage.of(CHANNEL_OPEN)
              .string("direct-tcpip")
              .u32(1)
              .u32(1 << 20)
              .u32(1 << 15)
              .string("127.0.0.1")
              .u32(servers.port())
              .string("127.0.0.1")
              .u32(1)
              .bytes());
      client.expect(CHANNEL_OPEN_FAILURE);
      client.send(
          SshMessage.of(SshMessage.GLOBAL_REQUEST)
              .string("tcpip-forward")
              .u8(1)
              .string("")
              .u32(0)
              .bytes());
      client.expect(REQUEST_FAILURE);
    }
    assertThat(RAN).as(what).isEmpty();
  }
}
