package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many clients at once. {@code -Dmica.sessions=N} or {@code MICA_FULL=1} has more of them do
 * something.
 */
@Timeout(900)
@SuppressWarnings("NullAway.Init") // set before all
final class FloodTest {
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final int SESSIONS = Integer.getInteger("mica.sessions", FULL ? 200 : 20);

  /** Of each session in each of three rounds; by flag, one for each second of five minutes. */
  private static final int COMMANDS = FULL ? 100 : 10;

  private static final int HALF_OPEN = 500;
  private static final int SESSIONS_OF_USER = 8;

  /** As many may have begun to log in; for one more, one of them would have to leave. */
  private static final int BEGINNING = 60;

  /** What has not come to its end by then hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static final KeyPair KEY = RawClient.newKey();

  private static SshServers servers;

  @BeforeAll
  static void start() {
    servers = new SshServers();
    for (int i = 0; i <= SESSIONS / SESSIONS_OF_USER; i++) {
      RawClient.addUser(servers, "user" + i, Role.VIEWER, List.of(), List.of(RawClient.line(KEY)));
    }
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  private static String login(String from) throws IOException {
    try (RawClient client = new RawClient(servers.port(), from).loggedIn("user0", KEY)) {
      return RawChannel.run(client, 0, "union ls -o json");
    }
  }

  /** From as many addresses, all silent: whoever wants to log in is served meanwhile. */
  @Test
  void fiveHundredWhoOnlyBeginKeepNobodyOut() throws IOException {
    List<RawClient> silent = new ArrayList<>();
    try {
      for (int i = 0; i < HALF_OPEN; i++) {
        silent.add(new RawClient(servers.port(), "127.2.%d.%d".formatted(i / 250, i % 250 + 1)));
      }
      for (int i = 0; i < 10; i++) {
        long began = System.nanoTime();
        assertThat(login("127.0.0.1")).isEqualTo("0 {\"unions\":[]}\n");
        System.out.printf(
            "FloodTest: a login among %d who only begin: %d ms%n",
            HALF_OPEN, (System.nanoTime() - began) / 1_000_000);
      }
    } finally {
      for (RawClient each : silent) {
        each.close();
      }
    }
  }

  /** Penalties are for whoever fails, and they end. */
  @Test
  void whoFailsIsServedAgainLater() throws IOException {
    String from = "127.3.0.1";
    KeyPair wrong = RawClient.newKey();
    for (int i = 0; i < 4; i++) {
      try (RawClient client = new RawClient(servers.port(), from).greeted()) {
        client.send(client.login("user0", wrong.getPublic().getEncoded(), wrong));
        client.expect(SshMessage.USERAUTH_FAILURE);
        client.sendNoMore();
        assertThat(client.readToEnd()).isEmpty();
      }
    }
    assertThat(isHeard(from)).isFalse();
    assertThat(login("127.3.0.2")).startsWith("0 ");
    assertThat(Poll.until(SOON, () -> isHeard(from))).isTrue();
    assertThat(login(from)).startsWith("0 ");
  }

  private static boolean isHeard(String from) {
    try (RawClient client = new RawClient(servers.port(), from)) {
      return !client.readName().isEmpty();
    } catch (IOException reset) {
      return false;
    }
  }

  /**
   * No command fails, and the server keeps nothing of them. All are there before the first runs.
   */
  @Test
  void manySessionsRunManyCommands() throws Exception {
    int warm = round();
    long before = heap();
    long began = System.nanoTime();
    int ran = round() + round();
    long millis = (System.nanoTime() - began) / 1_000_000;
    long after = heap();
    System.out.printf(
        "FloodTest: %d sessions, %d commands in %d ms; heap %d MiB, then %d MiB%n",
        SESSIONS, ran, millis, before >> 20, after >> 20);
    assertThat(ran).isEqualTo(2 * warm).isEqualTo(2 * SESSIONS * COMMANDS);
    assertThat(after).isLessThan(2 * before + (16 << 20));
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static int round() throws Exception {
    int ran = 0;
    Semaphore beginning = new Semaphore(BEGINNING);
    CountDownLatch there = new CountDownLatch(SESSIONS);
    try (ExecutorService all = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> sessions = new ArrayList<>();
      for (int i = 0; i < SESSIONS; i++) {
        int number = i;
        Callable<Integer> session = () -> session(number, beginning, there);
        sessions.add(all.submit(session));
      }
      for (Future<Integer> each : sessions) {
        ran += each.get();
      }
    }
    return ran;
  }

  /** Many log in at once, so each comes from an address of its own. */
  private static int session(int number, Semaphore beginning, CountDownLatch there)
      throws Exception {
    String from = "127.4.%d.%d".formatted(number / 250, number % 250 + 1);
    int ran = 0;
    beginning.acquire();
    try (RawClient client = new RawClient(servers.port(), from)) {
      try {
        client.loggedIn("user" + number / SESSIONS_OF_USER, KEY);
      } finally {
        beginning.release();
        there.countDown();
      }
      there.await();
      for (; ran < COMMANDS; ran++) {
        assertThat(RawChannel.run(client, ran, "union ls -o json"))
            .isEqualTo("0 {\"unions\":[]}\n");
      }
      client.sendNoMore();
      assertThat(client.readToEnd()).isNotNull();
    }
    return ran;
  }
}
