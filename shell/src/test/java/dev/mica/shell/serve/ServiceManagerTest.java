package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.local.LocalServer;
import dev.mica.local.ServiceManager;
import dev.mica.ssh.Settings;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server tells a service manager, at a socket that really listens. */
@NeedsRoot
@Timeout(300)
final class ServiceManagerTest {
  /** So often that some come in a short time; each is only sent if the server answers in half. */
  private static final Duration INTERVAL = Duration.ofSeconds(4);

  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final Scratch scratch = new Scratch();

  @AfterEach
  void end() {
    scratch.close();
  }

  private ServerProcess serve(String address, Duration interval) throws IOException {
    return ServerProcess.of(
        scratch.path("home"),
        List.of("-Dmica.notify=" + address, "-Dmica.watchdog=" + interval.toNanos() / 1000));
  }

  private static void terminate(ServerProcess server) {
    Scratch.run("kill", "-TERM", Long.toString(server.process().pid()));
  }

  /** At a path, and in the abstract namespace. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void itTellsHowItIs(boolean abstractly) throws Exception {
    String path = scratch.path("notify").toString();
    try (Listener manager = Listener.at(abstractly ? "@" + path : path);
        ServerProcess server = serve(abstractly ? "@" + path : path, INTERVAL)) {
      String at = "STATUS=serving at 127.0.0.1:" + server.port();
      assertThat(manager.next()).isEqualTo("READY=1|" + at);
      for (int i = 0; i < 3; i++) {
        assertThat(manager.next()).isEqualTo("WATCHDOG=1|" + at);
      }
      terminate(server);
      assertThat(manager.next("STOPPING"))
          .isEqualTo("STOPPING=1|STATUS=ending, once the commands that run have");
      assertThat(server.process().waitFor()).isZero();
    }
  }

  @Test
  void whoDoesNotWantToBeToldIsNot() throws Exception {
    try (Listener manager = Listener.at(scratch.path("notify").toString());
        ServerProcess server = serve(scratch.path("notify").toString(), Duration.ZERO)) {
      assertThat(manager.next()).startsWith("READY=1|");
      terminate(server);
      assertThat(manager.next()).startsWith("STOPPING=1|");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/no/such/socket, no such file or directory",
    "@mica-no-such-name, connection refused",
    "relative, it is neither a path nor an abstract name",
    "vsock:2:1, it is neither a path nor an abstract name"
  })
  void oneThatIsNotThereIsToldOfInALine(String address, String why) throws Exception {
    try (ServerProcess server = serve(address, INTERVAL)) {
      assertThat(server.err().readLine())
          .startsWith("mica: cannot tell the service manager at " + address + ": ")
          .containsIgnoringCase(why)
          .endsWith("; the server goes on");
      terminate(server);
      assertThat(server.err().readLine()).startsWith("mica: ending");
      assertThat(server.err().readLine()).isNull();
      assertThat(server.process().waitFor()).isZero();
    }
  }

  @Test
  void oneThatGoesIsToldOfInALine() throws Exception {
    Listener manager = Listener.at(scratch.path("notify").toString());
    try (ServerProcess server = serve(scratch.path("notify").toString(), INTERVAL)) {
      assertThat(manager.next()).startsWith("READY=1|");
      manager.close();
      assertThat(server.err().readLine()).contains("cannot tell the service manager at ");
      terminate(server);
      assertThat(server.err().readLine()).startsWith("mica: ending");
      assertThat(server.process().waitFor()).isZero();
    }
  }

  /** A sign of life is one of both ways in. */
  @Test
  void oneThatDoesNotAnswerIsNotSaidToBeWell() throws Exception {
    String address = scratch.path("notify").toString();
    try (Listener manager = Listener.at(address);
        SshServers servers = new SshServers(Settings.of("0.0.0.0:0", false), visit -> 0);
        ServiceManager told =
            new ServiceManager(address, INTERVAL, new LinkedBlockingQueue<>()::add)) {
      LocalServer local =
          LocalServer.start(servers.mica.users().serverFolder(), new LocalVisits(servers.mica));
      told.ready(
          "well",
          limit -> {
            servers.server.requireAnswer(limit);
            local.requireAnswer(limit);
          });
      assertThat(manager.next()).isEqualTo("READY=1|STATUS=well");
      assertThat(manager.next()).isEqualTo("WATCHDOG=1|STATUS=well");
      local.close();
      assertThat(manager.next("STATUS=does not answer: ")).contains("local commands");
      assertThat(manager.next()).startsWith("STATUS=does not answer: ");
      servers.server.requireAnswer(LIMIT);
      servers.server.close();
      assertThatThrownBy(() -> servers.server.requireAnswer(LIMIT)).isInstanceOf(IOException.class);
      assertThat(manager.next("STATUS=does not answer: nothing listens for SSH"))
          .isNotEqualTo("null");
    }
  }

  /** Whoever is sent away at once, as one address has begun too often, was answered. */
  @Test
  void aServerThatSendsSomebodyAwayIsWell() throws Exception {
    try (SshServers servers = new SshServers(false, visit -> 0)) {
      List<RawClient> idle = new java.util.ArrayList<>();
      for (int i = 0; i < 12; i++) {
        idle.add(new RawClient(servers.port(), "127.0.0.1"));
      }
      servers.server.requireAnswer(LIMIT);
      for (RawClient each : idle) {
        each.close();
      }
    }
  }

  /** The launcher says to the server what the manager says to it, and to nobody else. */
  @ParameterizedTest
  @CsvSource({"serve, true, true", "serve, false, true", "vm, true, false"})
  void theLauncherTakesItOutOfTheEnvironment(String command, boolean ours, boolean taken)
      throws Exception {
    Path top = Path.of(System.getProperty("mica.root"));
    for (String name : List.of("mica", "shell/src/main/sh/jdk.sh")) {
      Path from = top.resolve(name);
      Files.copy(
          from, scratch.path(from.getFileName().toString()), StandardCopyOption.COPY_ATTRIBUTES);
    }
    scratch.file("lib/libmica.so", "");
    scratch.file("java/release", "JAVA_VERSION=\"25\"");
    Path java = scratch.file("java/bin/java", "#!/bin/sh\nenv\nprintf '%s\\n' \"$@\"\n");
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwx------"));
    Path mica = scratch.path("mica");
    String pid = ours ? "$$" : "1";
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-c", "WATCHDOG_PID=" + pid + " exec '" + mica + "' " + command);
    Map<String, String> environment = builder.environment();
    environment.putAll(
        Map.of(
            "MICA_JAVA",
            scratch.path("java").toString(),
            "MICA_HOME",
            scratch.path("home").toString(),
            "NOTIFY_SOCKET",
            "@a b",
            "WATCHDOG_USEC",
            "30000000"));
    Process process = builder.redirectErrorStream(true).start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(process.waitFor()).as(lines.toString()).isZero();
    assertThat(lines.contains("-Dmica.notify=@a b")).isEqualTo(taken);
    assertThat(lines.contains("-Dmica.watchdog=30000000")).isEqualTo(taken && ours);
    assertThat(lines.contains("NOTIFY_SOCKET=@a b")).isEqualTo(!taken);
    assertThat(lines.stream().anyMatch(line -> line.startsWith("WATCHDOG_"))).isEqualTo(!taken);
  }
}
