package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.OpenFiles;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server offers, and each message that there may be from somebody not logged in. */
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class BeforeLoginTest {
  /** Names of algorithms that no server offers any more, or parts of such names. */
  private static final List<String> WEAK =
      List.of(
          "sha1",
          "md5",
          "-96",
          "cbc",
          "arcfour",
          "3des",
          "blowfish",
          "cast128",
          "ssh-dss",
          "dss",
          "ssh-rsa",
          "diffie-hellman",
          "nistp",
          "umac-64",
          "none",
          "zlib",
          "gex");

  private static final Duration SOON = Duration.ofMinutes(1);
  private static final KeyPair KEY = RawClient.newKey();
  private static final Queue<String> RAN = new ConcurrentLinkedQueue<>();
  private static SshServers servers;
  private static int places;

  private static final int NEWCOMPRESS = 8;

  /** Messages that ask for nothing: of RFC 4253, section 11, and of RFC 8308. */
  private static final Set<Integer> SILENT =
      Set.of(
          SshMessage.IGNORE,
          SshMessage.UNIMPLEMENTED,
          SshMessage.DEBUG,
          SshMessage.EXT_INFO,
          NEWCOMPRESS);

  /**
   * Where a client is, and after which messages it may go on. Before there are new keys {@code
   * kex-strict} allows none.
   */
  enum Stage {
    BEFORE_ITS_NAME,
    AFTER_ITS_NAME,
    AFTER_ITS_PROPOSAL,
    AFTER_NEW_KEYS,
    AT_THE_LOGIN,
    AFTER_A_QUESTION;

    boolean hasService() {
      return this == AT_THE_LOGIN || this == AFTER_A_QUESTION;
    }

    boolean goesOnAfter(int number) {
      return switch (this) {
        case BEFORE_ITS_NAME, AFTER_ITS_NAME, AFTER_ITS_PROPOSAL -> false;
        case AFTER_NEW_KEYS -> SILENT.contains(number);
        case AT_THE_LOGIN, AFTER_A_QUESTION ->
            SILENT.contains(number) || number == SshMessage.USERAUTH_REQUEST;
      };
    }
  }

  /**
   * What came of a message.
   *
   * @param goesOn whether what is due afterwards was answered
   * @param replies the numbers of all that came before that answer
   */
  private record Outcome(boolean goesOn, List<Integer> replies) {}

  @BeforeAll
  static void start() {
    servers =
        new SshServers(
            false,
            visit -> {
              RAN.add(visit.command().orElse(""));
              return 0;
            });
    RawClient.addUser(servers, "ann", Role.ADMIN, List.of(), List.of(RawClient.line(KEY)));
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nothingWeakIsOffered(boolean compatible) throws IOException {
    try (SshServers own = new SshServers(compatible, visit -> 0);
        RawClient client = new RawClient(own.port(), "127.0.0.1")) {
      assertThat(client.readName()).isEqualTo("SSH-2.0-mica");
      client.sendName();
      ByteBuffer proposal = ByteBuffer.wrap(client.readProposal()).position(17);
      List<String> lists = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        lists.add(new String(RawClient.string(proposal), StandardCharsets.US_ASCII));
      }
      String more = compatible ? "curve25519-sha256,curve25519-sha256@libssh.org," : "";
      String ciphers =
          "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr";
      String codes = "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com";
      assertThat(lists)
          .containsExactly(
              "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
                  + more
                  + "ext-info-s,kex-strict-s-v00@openssh.com",
              "ssh-ed25519",
              ciphers,
              ciphers,
              codes,
              codes,
              "none",
              "none",
              "",
              "");
      for (String list : lists.subList(0, 6)) {
        assertThat(WEAK).noneMatch(list::contains);
      }
      assertThat(proposal.get()).as("no guess follows").isZero();
    }
  }

  /** Each message is refused by the end of the connection, or is one that changes nothing. */
  @ParameterizedTest
  @EnumSource(Stage.class)
  void noMessageOpensAnything(Stage stage) throws IOException {
    RAN.clear();
    boolean _ = outcome(stage, new byte[] {SshMessage.IGNORE}).goesOn(); // all is loaded from here
    long sockets = sockets();
    List<String> wrong = new ArrayList<>();
    for (int number = 0; number < 256; number++) {
      for (byte[] message : messages(number)) {
        if (beginsKeys(stage, message)) {
          continue;
        }
        Outcome outcome = outcome(stage, message);
        boolean may = stage.goesOnAfter(number);
        boolean must = may && message.length > 1; // the others lack what belongs to them
        boolean silent = outcome.replies().stream().allMatch(BeforeLoginTest::isHarmless);
        boolean wrongly = outcome.goesOn() ? !may : must;
        if (!silent || wrongly) {
          wrong.add(number + " of " + message.length + " bytes: " + outcome);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(RAN).isEmpty();
    assertThat(Poll.until(SOON, () -> sockets() <= sockets)).as("no connection is left").isTrue();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("mica-ssh"));
  }

  /** It is due at any time then, and what follows it here is not: that waits for the time limit. */
  private static boolean beginsKeys(Stage stage, byte[] message) {
    return message[0] == SshMessage.KEXINIT && message.length > 1 && stage.hasService();
  }

  /** What says no more than that somebody is refused, or what the server does. */
  private static boolean isHarmless(int number) {
    return number < SshMessage.SERVICE_REQUEST
        || number == SshMessage.EXT_INFO
        || number == SshMessage.KEXINIT
        || number == SshMessage.USERAUTH_FAILURE;
  }

  private static long sockets() {
    return OpenFiles.that(OpenFiles::isSocket).size();
  }

  private static Outcome outcome(Stage stage, byte[] message) throws IOException {
    places = (places + 1) % 60_000;
    String from = "127.1.%d.%d".formatted(places / 250, places % 250 + 1);
    List<Integer> replies = new ArrayList<>();
    try (RawClient client = new RawClient(servers.port(), from)) {
      int due = goOn(client, stage, message);
      Optional<byte[]> next = client.read();
      while (next.isPresent() && (next.get()[0] & 0xff) != due) {
        replies.add(next.get()[0] & 0xff);
        next = client.read();
      }
      return new Outcome(next.isPresent(), replies);
    }
  }

  /** Sends the message at its stage and then what is due; the answer to the last of it. */
  private static int goOn(RawClient client, Stage stage, byte[] message) throws IOException {
    assertThat(client.readName()).isNotEmpty();
    try {
      sendAt(Stage.BEFORE_ITS_NAME, stage, client, message);
      client.sendName();
      sendAt(Stage.AFTER_ITS_NAME, stage, client, message);
      client.send(RawClient.proposal());
      client.readProposal();
      sendAt(Stage.AFTER_ITS_PROPOSAL, stage, client, message);
      client.exchange();
      if (stage == Stage.AFTER_NEW_KEYS) {
        client.send(message);
        client.send(SshMessage.of(SshMessage.SERVICE_REQUEST).string("ssh-userauth").bytes());
        return SshMessage.SERVICE_ACCEPT;
      }
      client.askForLogin();
      sendAt(Stage.AT_THE_LOGIN, stage, client, message);
      if (stage == Stage.AFTER_A_QUESTION) {
        client.send(RawClient.question("ann", KEY));
        client.expect(SshMessage.USERAUTH_PK_OK);
        client.send(message);
      }
      client.send(RawClient.request("ann", "none").bytes());
    } catch (IOException ended) {
      assertThat(ended).isNotNull();
    }
    return SshMessage.USERAUTH_FAILURE;
  }

  private static void sendAt(Stage here, Stage stage, RawClient client, byte[] message)
      throws IOException {
    if (here == stage) {
      client.send(message);
    }
  }

  /** The message of that number without anything, and with what belongs to it if that is known. */
  private static List<byte[]> messages(int number) {
    List<byte[]> messages = new ArrayList<>();
    messages.add(new byte[] {(byte) number});
    SshMessage whole = SshMessage.of(number);
    messages.add(
        switch (number) {
          case 1 -> whole.u32(11).string("x").string("").bytes();
          case 2, 53, 192 -> whole.string("x").bytes();
          case 3, 61, 96, 97, 99, 100 -> whole.u32(0).bytes();
          case 4 -> whole.u8(1).string("x").string("").bytes();
          case 5, 6 -> whole.string("ssh-connection").bytes();
          case 7 -> whole.u32(1).string("x").string("y").bytes();
          case 20 -> RawClient.proposal();
          case 30, 31 -> whole.string(new byte[32]).bytes();
          case 50 -> RawClient.request("ann", "none").bytes();
          case 51 -> whole.string("publickey").u8(0).bytes();
          case 60 -> whole.string("ssh-ed25519").string("x").bytes();
          case 80 -> whole.string("tcpip-forward").u8(1).string("127.0.0.1").u32(0).bytes();
          case 90 -> whole.string("session").u32(0).u32(1 << 20).u32(1 << 15).bytes();
          case 91 -> whole.u32(0).u32(0).u32(1 << 20).u32(1 << 15).bytes();
          case 92 -> whole.u32(0).u32(1).string("x").string("").bytes();
          case 93 -> whole.u32(0).u32(1).bytes();
          case 94 -> whole.u32(0).string("x").bytes();
          case 95 -> whole.u32(0).u32(1).string("x").bytes();
          case 98 -> whole.u32(0).string("exec").u8(1).string("version").bytes();
          default -> whole.raw(new byte[40]).bytes();
        });
    return messages;
  }
}
