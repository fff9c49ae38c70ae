package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import dev.mica.test.Daemons;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Poll;
import dev.mica.vm.process.Program;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What reaches a container in a real VM, and what it reaches. */
@NeedsRoot
@Timeout(300)
final class NetworkTest {
  private static final Path LAB = Path.of("src/test/lab");
  private static final int LARGE = 50 << 20;
  private static final int MANY = 100;

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static Vms vms;
  private static Folder base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    vms = TestVms.of(StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3)));
    Path root = TestRoot.busybox(scratch.dir("base")).withLab().path();
    Files.createDirectory(root.resolve("www"));
    Files.writeString(root.resolve("www/index.html"), "inside\n");
    base = Folder.of(Caller.ofProcess(), root);
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      assertThat(left).isEmpty();
    }
    assertThat(Poll.until(SOON, () -> Daemons.of(scratch.path("home")).isEmpty()))
        .as("%s", Daemons.of(scratch.path("home")))
        .isTrue();
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  private static Vm start(String name, Network network, String... program) {
    return vms.create(VmSpec.of(name, base, List.of(program)).with(network)).start();
  }

  private static Network published(String... ports) {
    return Network.of("none", Stream.of(ports).map(Port::of).toList());
  }

  private static Vm server(String name, String... ports) {
    return listening(start(name, published(ports), "httpd", "-f", "-p", "80", "-h", "/www"), 80);
  }

  /** Waits in the container until one of its programs listens there. */
  private static Vm listening(Vm vm, int port) {
    String listens = String.format("':%04X .* 0A '", port);
    String script = "until cat /proc/net/tcp /proc/net/tcp6 | grep -q " + listens + "; do :; done";
    assertThat(vm.exec("sh", "-c", script).status()).isZero();
    return vm;
  }

  private static Socket connect(Vm vm) throws IOException {
    return connect(vm.ports().getFirst());
  }

  private static Socket connect(Port port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port.host());
    socket.setSoTimeout(60_000);
    return socket;
  }

  private static String page(Vm vm) throws IOException {
    try (Socket socket = connect(vm)) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String said(Vm vm, String script) {
    return vm.exec("sh", "-c", script).output();
  }

  /** What a program of it hears from there; "" if nobody answers. */
  private static String asked(Vm vm, String host, int port) {
    return said(vm, "echo hello | nc -w 3 " + host + " " + port + " 2>/dev/null");
  }

  private static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Daemon carrier(Vm vm) {
    return new Daemon(scratch.path("home/containers/" + vm.id() + "/machine/network.pid"));
  }

  @Test
  void withoutANetworkThereIsNoCard() {
    Vm vm = start("alone", Network.NONE, "sleep", "1000");
    assertThat(said(vm, "ip -o link")).contains("lo:").doesNotContain("eth0");
    assertThat(said(vm, "ip route")).isEmpty();
    assertThat(vm.net()).isEqualTo("none");
    assertThat(vm.ports()).isEmpty();
    assertThat(said(vm, "cat /etc/hostname /etc/hosts")).startsWith("alone\n").contains("\talone");
  }

  @Test
  void aPublishedPortLeadsToTheContainerAndNothingLeadsOut() throws IOException {
    try (ServerSocket loopback = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        ServerSocket all = new ServerSocket(0)) {
      Vm vm = server("web", "80");
      Port port = vm.ports().getFirst();
      assertThat(port.host()).isPositive();
      assertThat(port.address()).isEqualTo("127.0.0.1");
      assertThat(page(vm)).endsWith("\r\n\r\ninside\n");
      List<String> hosts = new ArrayList<>(List.of("127.0.0.1", "10.0.2.2", "10.0.2.3"));
      InetAddress local = InetAddress.getLocalHost();
      hosts.add(local.getHostAddress());
      for (String host : hosts) {
        for (ServerSocket server : List.of(loopback, all)) {
          assertThat(asked(vm, host, server.getLocalPort())).isEmpty();
        }
        assertThat(asked(vm, host, port.host())).isEmpty();
      }
      for (ServerSocket server : List.of(loopback, all)) {
        server.setSoTimeout(1);
        assertThatThrownBy(server::accept).hasMessageContaining("timed out");
      }
      assertThat(page(vm)).as("it is still there").endsWith("inside\n");
      vm.stop();
      assertThat(vm.ports()).containsExactly(Port.of("80"));
      assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port.host()).close())
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void vmsHavePortsOfTheirOwnAndTheSameGuestPorts() throws IOException {
    int first = free();
    Vm one = server("one", first + ":80");
    Vm two = server("two", "127.0.0.1:0:80/tcp");
    assertThat(one.ports()).containsExactly(new Port("127.0.0.1", first, 80, "tcp"));
    assertThat(page(one)).endsWith("inside\n");
    assertThat(page(two)).endsWith("inside\n");
    one.kill();
    assertThat(page(two)).endsWith("inside\n");
  }

  @Test
  void aPortThatIsTakenIsRefusedBeforeAnythingIsStarted() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = "127.0.0.1:" + other.getLocalPort() + ":80/tcp";
      Vm vm = vms.create(VmSpec.of("late", base, List.of("sleep", "9")).with(published(port)));
      assertThatThrownBy(vm::start)
          .isInstanceOf(MicaException.class)
          .hasMessageStartingWith("cannot publish the port " + port + ": ")
          .hasMessageContaining("in use");
      assertThat(vm.status()).startsWith("failed (cannot publish the port " + port + ": ");
      assertThat(Daemons.of(scratch.path("home"))).isEmpty();
    }
  }

  @Test
  void whatIsNoPortIsRefused() {
    for (String bad :
        List.of("0", "65536", "1:2:3", "300.1.1.1:80:80", "80/sctp", "", "a:80", "localhost:1:2")) {
      assertThatThrownBy(() -> Port.of(bad))
          .as(bad)
          .isInstanceOf(MicaException.class)
          .hasMessageStartingWith("cannot publish the port");
    }
    assertThat(Port.of("80")).hasToString("127.0.0.1:0:80/tcp");
    assertThat(Port.of("0.0.0.0:53:5353/udp")).hasToString("0.0.0.0:53:5353/udp");
    assertThatThrownBy(() -> server("twice", "8080:80", "8080:81"))
        .hasMessageContaining("published twice");
    assertThatThrownBy(() -> server("udp", "53/udp")).hasMessageContaining("--net user");
    assertThatThrownBy(
            () -> start("udp", Network.of("user", List.of(Port.of("53/udp"))), "sleep", "9"))
        .hasMessageContaining("loopback")
        .hasMessageContaining("0.0.0.0:53:53/udp");
    assertThatThrownBy(() -> Network.of("host", List.of())).hasMessageContaining("none, user");
    assertThat(vms.list()).isEmpty();
  }

  @Test
  void manyConnectionsAreServedAtOnce() throws IOException {
    Vm vm = listening(start("many", published("7"), "nc", "-ll", "-p", "7", "-e", "cat"), 7);
    List<Socket> all = new ArrayList<>();
    try {
      for (int i = 0; i < MANY; i++) {
        Socket socket = connect(vm);
        all.add(socket);
        byte[] words = ("I am " + i + "\n").getBytes(StandardCharsets.UTF_8);
        socket.getOutputStream().write(words);
        assertThat(socket.getInputStream().readNBytes(words.length)).isEqualTo(words);
      }
      for (int i = 0; i < MANY; i++) {
        Socket socket = all.get(i);
        socket.getOutputStream().write(i);
        socket.shutdownOutput();
        assertThat(socket.getInputStream().readAllBytes()).containsExactly(i);
      }
    } finally {
      for (Socket socket : all) {
        socket.close();
      }
    }
  }

  /** The guest hears the end of what it is sent, and answers after that. */
  @Test
  void muchGoesInAndOutByteForByteAndEitherEndMayEndFirst() throws Exception {
    Vm vm =
        start(
            "much",
            published("80", "81"),
            "sh",
            "-c",
            "nc -l -p 81 -e sh -c 'cat >/tmp/it; sha256sum </tmp/it'; nc -l -p 80 </tmp/it");
    byte[] bytes = new byte[LARGE];
    long seed = new Random().nextLong();
    new Random(seed).nextBytes(bytes);
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    listening(vm, 81);
    try (Socket in = connect(vm.ports().get(1))) {
      OutputStream out = in.getOutputStream();
      out.write(bytes);
      in.shutdownOutput();
      String answer =
          new String(in.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(answer).as("seed %d", seed).startsWith(digest);
    }
    listening(vm, 80);
    try (Socket out = connect(vm.ports().getFirst());
        InputStream in = out.getInputStream()) {
      assertThat(Arrays.equals(in.readAllBytes(), bytes)).as("seed %d", seed).isTrue();
    }
  }

  @Test
  void whoCarriesItIsKilledAndItIsToldAndStartedAnew() throws IOException {
    Vm vm = server("cut", "80");
    assertThat(vm.status()).isEqualTo("running");
    carrier(vm).process().orElseThrow().destroyForcibly();
    assertThat(Poll.until(SOON, () -> vm.status().equals("running (its network is gone)")))
        .isTrue();
    assertThat(said(vm, "echo still here")).isEqualTo("still here\n");
    vm.restart();
    assertThat(vm.status()).isEqualTo("running");
    assertThat(page(listening(vm, 80))).endsWith("inside\n");
    ProcessHandle.of(vm.pid()).orElseThrow().destroyForcibly();
    assertThat(Poll.until(SOON, () -> !carrier(vm).isAlive())).as("it ends with QEMU").isTrue();
  }

  /** In a network of its own, for this host may have no way out, and must not be changed. */
  @Test
  void withAWayOutOthersAreReachedAndThisHostIsNot() throws IOException {
    Path www = scratch.dir("outside");
    Files.writeString(www.resolve("index.html"), "outside\n");
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "--net",
                "--mount",
                "sh",
                "-c",
                Files.readString(LAB.resolve("outside.sh")),
                "outside.sh",
                www.toString(),
                LAB.resolve("nameserver.py").toAbsolutePath().toString()));
    command.addAll(Child.command(NetworkChild.class, scratch.path("home"), scratch.path("base")));
    String said = Program.run(scratch.path(""), command);
    assertThat(said.lines().toList())
        .contains(
            "published: inside",
            "published twice: inside",
            "outside: outside",
            "name: true",
            "datagrams: hello",
            "loopback was reached: false",
            "the host was reached: false",
            "status: running",
            "status when passt is gone: running (its network is gone)");
  }
}
