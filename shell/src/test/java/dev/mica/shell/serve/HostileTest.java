package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.OpenFiles;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Packets that are malformed, cut short or too long, before and after the login, and the same of
 * SFTP. They are chosen at random; {@code -Dmica.seed=N} chooses them again, and {@code
 * -Dmica.packets=N} or {@code MICA_FULL=1} sends more of them.
 */
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class HostileTest {
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final long SEED = Long.getLong("mica.seed", new Random().nextInt(1_000_000));
  private static final int PACKETS = Integer.getInteger("mica.packets", FULL ? 250_000 : 3_000);

  /** So many packets of a connection, unless the server ends it earlier. */
  private static final int OF_ONE = 30;

  /** What has not come to its end by then hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static final KeyPair KEY = RawClient.newKey();

  private static SshServers servers;
  private static HostileMessages messages;
  private static int places;

  @BeforeAll
  static void start() {
    System.out.println("HostileTest: -Dmica.seed=" + SEED + " -Dmica.packets=" + PACKETS);
    messages = new HostileMessages(new Random(SEED));
    servers = new SshServers();
    Path root = servers.scratch.dir("root");
    servers.scratch.file("outside", "untouched");
    servers.scratch.file("root/file", "some text");
    servers.scratch.file("root/sub/file", "more");
    RawClient.addUser(
        servers, "ann", Role.OPERATOR, List.of(root.toString()), List.of(RawClient.line(KEY)));
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  /** What the server's process holds that a client may leave behind. */
  private record Held(long threads, long files) {
    static Held now() {
      return new Held(
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().equals("mica-ssh"))
              .count(),
          filesOfClients());
    }

    boolean isIn(Held other) {
      return threads <= other.threads && files <= other.files;
    }

    private static long filesOfClients() {
      return OpenFiles.that(
              file -> OpenFiles.isSocket(file) || file.startsWith(servers.scratch.path("")))
          .size();
    }
  }

  private interface Attack {
    /** Sends some packets, and says how many. */
    int send() throws IOException;
  }

  /** Sends them all, and has the server go on as if nothing had been. */
  private static void endure(Attack attack) throws IOException {
    isServed();
    Held before = Held.now();
    long heap = heap();
    int sent = 0;
    while (sent < PACKETS) {
      sent += attack.send();
    }
    assertThat(Poll.until(SOON, () -> Held.now().isIn(before)))
        .as("left of %d packets: %s, before %s; seed %d", sent, Held.now(), before, SEED)
        .isTrue();
    isServed();
    long after = heap();
    System.out.printf("HostileTest: heap %d MiB, then %d MiB%n", heap >> 20, after >> 20);
    assertThat(after).as("seed %d", SEED).isLessThan(2 * heap + (32 << 20));
    assertThat(Scratch.read(servers.scratch.path("outside"))).isEqualTo("untouched");
    assertThat(servers.scratch.path("root")).isDirectory();
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void isServed() throws IOException {
    try (RawClient client = new RawClient(servers.port(), "127.0.4.1").loggedIn("ann", KEY)) {
      assertThat(RawChannel.run(client, 0, "union ls -o json")).isEqualTo("0 {\"unions\":[]}\n");
      client.sendNoMore();
      assertThat(client.readToEnd()).isNotNull();
    }
  }

  /** An address that has not failed before. */
  private static RawClient client() throws IOException {
    places++;
    String address =
        "127.%d.%d.%d".formatted(5 + places / 62_500, places / 250 % 250, 1 + places % 250);
    return new RawClient(servers.port(), address);
  }

  @Test
  void beforeTheLogin() throws IOException {
    endure(() -> {
      try (RawClient client = client()) {
        int stage = messages.random().nextInt(5);
        begin(client, stage);
        return sendSome(client, () -> messages.beforeLogin(stage));
      }
    });
  }

  private static void begin(RawClient client, int stage) throws IOException {
    client.readName();
    if (stage > 0) {
      client.sendName();
    }
    if (stage > 1) {
      client.send(RawClient.proposal());
      client.readProposal();
    }
    if (stage > 2) {
      client.exchange();
    }
    if (stage > 3) {
      client.askForLogin();
    }
  }

  /** Some packets, of which one in ten is no packet, until the server has enough of it. */
  private static int sendSome(RawClient client, java.util.function.Supplier<byte[]> next)
      throws IOException {
    int sent = 0;
    try {
      for (; sent < OF_ONE; sent++) {
        if (messages.random().nextInt(10) == 0) {
          client.raw(messages.noise());
        } else {
          client.send(next.get());
        }
      }
      client.sendNoMore();
    } catch (IOException ended) {
      assertThat(ended).isNotNull();
    }
    assertThat(client.readToEnd()).doesNotContain(SshMessage.USERAUTH_SUCCESS);
    return sent + 1;
  }

  @Test
  void afterTheLogin() throws IOException {
    endure(() -> {
      try (RawClient client = client().loggedIn("ann", KEY)) {
        RawChannel channel = new RawChannel(client, 0);
        return sendSome(client, () -> messages.afterLogin(channel));
      }
    });
  }

  @Test
  void ofSftp() throws IOException {
    endure(() -> {
      try (RawClient client = client().loggedIn("ann", KEY)) {
        RawChannel channel = new RawChannel(client, 0);
        channel.ask("subsystem", "sftp");
        channel.send(SshMessage.empty().u32(5).u8(1).u32(3).bytes());
        return requests(channel);
      }
    });
  }

  /** Requests, each of which is answered, and at last something that is none. */
  private static int requests(RawChannel channel) throws IOException {
    byte[] version = answer(channel);
    assertThat(version[0]).isEqualTo((byte) 2);
    int sent = 0;
    for (; sent < OF_ONE; sent++) {
      byte[] request = messages.sftp();
      if (request.length == 0) {
        break; // none at all
      }
      channel.send(SshMessage.empty().string(request).bytes());
      assertThat(answer(channel)).as("to %s; seed %d", hex(request), SEED).isNotEmpty();
    }
    channel.send(messages.noise());
    return sent + 1;
  }

  private static String hex(byte[] bytes) {
    return java.util.HexFormat.of().formatHex(bytes);
  }

  private static byte[] answer(RawChannel channel) throws IOException {
    byte[] head = channel.read(Integer.BYTES);
    return head.length < Integer.BYTES ? head : channel.read(ByteBuffer.wrap(head).getInt());
  }
}
