package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the client of OpenSSH makes of much data, of new keys, and of one connection for all. */
@NeedsRoot
@Timeout(300)
final class OpenSshTest {
  private static final byte[] NOTHING = {};
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final int MEGABYTE = 1 << 20;
  private static final int MANY = 100;

  /** With new keys for each megabyte, of which {@code MICA_FULL=1} has as many. */
  private static final int WITH_NEW_KEYS = FULL ? MANY : 8;

  private static final List<String> NEW_KEYS = List.of("-o", "RekeyLimit=1M");

  private static byte[] bytes(int megabytes) {
    byte[] bytes = new byte[megabytes * MEGABYTE];
    new Random(11).nextBytes(bytes);
    return bytes;
  }

  private static List<String> with(List<String> client, List<String> options) {
    List<String> command = new ArrayList<>(client);
    command.addAll(1, options);
    return command;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatGoesThroughACommandStaysAsItIs(boolean newKeys) {
    try (SshServers servers =
        new SshServers(
            false,
            visit -> {
              visit.in().transferTo(visit.out());
              return 0;
            })) {
      servers.user("ann", Role.VIEWER, "");
      byte[] bytes = bytes(newKeys ? WITH_NEW_KEYS : MANY);
      List<String> client = with(servers.client("ann"), List.of("-o", "LogLevel=DEBUG1"));
      SshServers.Reply reply =
          SshServers.run(newKeys ? with(client, NEW_KEYS) : client, bytes, "x");
      assertThat(reply.status()).isZero();
      assertThat(reply.out().equals(new String(bytes, StandardCharsets.ISO_8859_1))).isTrue();
      long exchanges =
          reply.err().lines().filter(line -> line.contains("SSH2_MSG_NEWKEYS received")).count();
      if (newKeys) {
        assertThat(exchanges).isGreaterThanOrEqualTo(WITH_NEW_KEYS);
      } else {
        assertThat(exchanges).isPositive();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatGoesUpAndDownAsAFileStaysAsItIs(boolean newKeys) throws IOException {
    try (SshServers servers = new SshServers()) {
      Path root = servers.scratch.dir("root");
      servers.user("ann", Role.OPERATOR, "", root.toString());
      Path here = servers.scratch.path("here");
      Files.write(here, bytes(newKeys ? WITH_NEW_KEYS : MANY));
      Path back = servers.scratch.path("back");
      SshServers.Reply reply =
          new SftpClients(servers, newKeys ? NEW_KEYS : List.of())
              .sftp("ann", "put " + here + " x", "get x " + back);
      assertThat(reply.status()).as(reply.err()).isZero();
      assertThat(Files.mismatch(here, root.resolve("x"))).isNegative();
      assertThat(Files.mismatch(here, back)).isNegative();
    }
  }

  /** All ten are at work at the same time. */
  @Test
  void tenCommandsShareAConnection() throws Exception {
    CountDownLatch begun = new CountDownLatch(10);
    try (SshServers servers =
        new SshServers(
            false,
            visit -> {
              begun.countDown();
              begun.await();
              visit.out().write(visit.command().orElse("").getBytes(StandardCharsets.UTF_8));
              return 3;
            })) {
      servers.user("ann", Role.VIEWER, "");
      String socket = servers.scratch.path("control").toString();
      Process master =
          new ProcessBuilder(servers.client("ann", "-M", "-N", "-S", socket))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        while (!Files.exists(Path.of(socket))) {
          assertThat(master.waitFor(20, TimeUnit.MILLISECONDS)).isFalse();
        }
        List<Process> ten = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
          List<String> command = servers.client("ann", "-S", socket);
          command.add("number " + i);
          ten.add(new ProcessBuilder(command).start());
        }
        for (int i = 0; i < 10; i++) {
          byte[] said = ten.get(i).getInputStream().readAllBytes();
          assertThat(new String(said, StandardCharsets.UTF_8)).isEqualTo("number " + i);
          assertThat(ten.get(i).waitFor()).isEqualTo(3);
        }
        Scratch.run("ssh", "-F", "none", "-S", socket, "-O", "check", "ann@127.0.0.1");
      } finally {
        master.destroy();
        int _ = master.waitFor();
      }
      assertThat(SshServers.run(servers.client("ann"), NOTHING, "once more").status()).isEqualTo(3);
    }
  }
}
