package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A VM with a way out, of a host that has the address 198.51.100.2 and 203.0.113.1 outside. */
final class NetworkChild {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final int MOST_DATAGRAMS = 60;

  private NetworkChild() {}

  /** The state directory and the start folder. */
  public static void main(String[] words) throws IOException {
    Vms vms = TestVms.of(StateDir.at(Path.of(words[0])));
    Folder from = Folder.of(Caller.ofProcess(), Path.of(words[1]));
    try (ServerSocketChannel loopback = server("127.0.0.1");
        ServerSocketChannel all = server("0.0.0.0")) {
      Network network =
          Network.of(
              "user",
              List.of(
                  Port.of("80"),
                  Port.of("198.51.100.2:8080:80"),
                  Port.of("198.51.100.2:53:53/udp")));
      Vm vm =
          vms.create(
              VmSpec.of("out", from, List.of("httpd", "-f", "-p", "80", "-h", "/www"))
                  .with(network));
      try {
        vm.start();
        String listens = "until grep -q ':0050 .* 0A ' /proc/net/tcp /proc/net/tcp6; do :; done";
        System.out.println("listens: " + vm.exec("sh", "-c", listens).status());
        System.out.println("published: " + page("127.0.0.1", vm.ports().getFirst().host()));
        System.out.println("published twice: " + page("198.51.100.2", 8080));
        System.out.println("outside: " + last(inside(vm, "203.0.113.1", 80)));
        String answer = vm.exec("nslookup", "x.test").output();
        System.out.println("datagrams: " + echoed(vm, vm.ports().getLast()));
        System.out.println("name: " + answer.lines().anyMatch("Address: 203.0.113.1"::equals));
        for (String host : List.of("10.0.2.2", "10.0.2.3", "198.51.100.2", "203.0.113.9")) {
          String _ = inside(vm, host, port(loopback));
          String _ = inside(vm, host, port(all));
        }
        System.out.println("loopback was reached: " + (loopback.accept() != null));
        System.out.println("the host was reached: " + (all.accept() != null));
        System.out.println("status: " + vm.status());
        Path pid = Path.of(words[0], "containers", vm.id(), "machine", "network.pid");
        new Daemon(pid).process().orElseThrow().destroyForcibly();
        boolean _ = Poll.until(SOON, () -> !new Daemon(pid).isAlive());
        System.out.println("status when passt is gone: " + vm.status());
      } catch (MicaException failure) {
        System.out.println("failed: " + failure.getMessage());
      } finally {
        vm.kill();
        vm.remove();
      }
    }
  }

  private static ServerSocketChannel server(String address) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.ofLiteral(address), 0)).configureBlocking(false);
    return server;
  }

  private static int port(ServerSocketChannel server) throws IOException {
    return ((InetSocketAddress) server.getLocalAddress()).getPort();
  }

  private static String page(String host, int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.ofLiteral(host), port)) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
      return last(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /** What comes back of a datagram; one may be lost, so it is sent until it does. */
  private static String echoed(Vm vm, Port port) throws IOException {
    String server =
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 53)); [s.sendto(*s.recvfrom(9)) for _ in range(99)]";
    String ready = "until grep -q ':0035 ' /proc/net/udp; do :; done";
    Ran _ =
        vm.exec(
            "sh", "-c", "python3 -B -c \"" + server + "\" </dev/null >/dev/null 2>&1 & " + ready);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(1_000);
      byte[] words = "hello".getBytes(StandardCharsets.UTF_8);
      DatagramPacket packet =
          new DatagramPacket(
              words, words.length, InetAddress.ofLiteral(port.address()), port.host());
      DatagramPacket answer = new DatagramPacket(new byte[9], 9);
      for (int i = 0; i < MOST_DATAGRAMS; i++) {
        socket.send(packet);
        if (arrives(socket, answer)) {
          return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
        }
      }
      return "nothing";
    }
  }

  private static boolean arrives(DatagramSocket socket, DatagramPacket answer) throws IOException {
    try {
      socket.receive(answer);
      return true;
    } catch (SocketTimeoutException lost) {
      return false;
    }
  }

  /** What a program in it hears there; its side stays open, for passt may lose the answer else. */
  private static String inside(Vm vm, String host, int port) {
    String script =
        "rm -f /tmp/f; mkfifo /tmp/f; { printf 'GET / HTTP/1.0\\r\\n\\r\\n'; exec sleep 60; } >/tmp/f & "
            + "nc -w 3 "
            + host
            + " "
            + port
            + " </tmp/f; kill $!";
    return vm.exec("sh", "-c", script).output();
  }

  private static String last(String text) {
    return text.strip().lines().reduce("", (_, line) -> line);
  }
}
