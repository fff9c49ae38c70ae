package dev.mica.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.Scratch;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The order in which lines come from QEMU is its own affair: here it is played exactly. */
final class QmpTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final String HELLO = "{\"QMP\": {}}";
  private static final String DONE = "{\"return\": {}}";
  private static final String GONE =
      "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"share-1\"}}";
  private static final String OTHER =
      "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"share-2\"}}";
  private static final String THERE = "{\"return\": [{\"name\": \"share-1\"}]}";

  private Scratch scratch;

  @BeforeEach
  void make() {
    scratch = new Scratch();
  }

  @AfterEach
  void remove() {
    scratch.close();
  }

  private interface Use {
    void of(Qmp qmp) throws Exception;
  }

  /** Answers the nth line it gets with the nth text; what is asked for later has no answer. */
  private void withAnswers(List<String> answers, Use use) throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      server.bind(UnixDomainSocketAddress.of(scratch.path("qmp")));
      var served = CompletableFuture.runAsync(() -> serve(server, answers), threads);
      try (Qmp qmp = Qmp.connect(scratch.path("qmp"))) {
        use.of(qmp);
      }
      served.get();
    }
  }

  private static void serve(ServerSocketChannel server, List<String> answers) {
    try (SocketChannel client = server.accept();
        BufferedReader asked =
            new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8))) {
      say(client, HELLO);
      say(client, asked.readLine() == null ? "" : DONE);
      for (String answer : answers) {
        if (asked.readLine() == null) {
          return;
        }
        say(client, answer);
      }
      while (asked.readLine() != null) {
        // no answer
      }
    } catch (IOException gone) {
      throw new IllegalStateException(gone);
    }
  }

  private static void say(SocketChannel client, String lines) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((lines + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }

  private static boolean isGone(Qmp qmp, Duration limit) {
    return qmp.await(event -> event.toString().contains("share-1"), limit);
  }

  /** QEMU says that a device is gone before or after it says that it was told to remove it. */
  @Test
  void aDeviceMayBeGoneBeforeTheAnswer() throws Exception {
    for (String answer : List.of(GONE + "\n" + DONE, DONE + "\n" + OTHER + "\n" + GONE)) {
      withAnswers(
          List.of(THERE, answer),
          qmp -> assertThat(Devices.unplug(qmp, "share-1", LONG)).as(answer).isTrue());
      scratch.close();
      scratch = new Scratch();
    }
  }

  /** What comes after the time was up is read from its beginning. */
  @Test
  void whoGaveUpWaitingCanGoOn() throws Exception {
    withAnswers(
        List.of(DONE, THERE, OTHER + "\n" + GONE + "\n" + DONE),
        qmp -> {
          qmp.run("stop");
          assertThat(isGone(qmp, SHORT)).isFalse();
          assertThat(qmp.run("qom-list").toString()).contains("share-1");
          assertThat(isGone(qmp, SHORT)).isFalse();
          qmp.run("cont");
          assertThat(isGone(qmp, LONG)).isTrue();
        });
  }
}
