package dev.mica.vm;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * Stands between QEMU and whoever controls it, and hangs up before the command of a number, as if
 * the process that sends it was killed there. Only commands that change something are counted.
 */
final class QmpCut implements AutoCloseable {
  private static final Pattern CHANGE =
      Pattern.compile("\"execute\" ?: ?\"(blockdev-add|blockdev-del|qom-set|device_add)\"");

  private final Path real;
  private final ServerSocketChannel door;
  private final AtomicInteger left = new AtomicInteger();

  /** Takes the place of QEMU's socket, which is moved aside. */
  QmpCut(Path socket) throws IOException {
    this.real = Files.move(socket, socket.resolveSibling("qmp.real"));
    this.door = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    door.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::serve);
  }

  /** Lets so many changes pass from now on, and not the next. */
  void allow(int changes) {
    left.set(changes);
  }

  /** QEMU takes one connection at a time, and so do we. */
  private void serve() {
    while (door.isOpen()) {
      try (SocketChannel client = door.accept();
          SocketChannel qemu = SocketChannel.open(UnixDomainSocketAddress.of(real))) {
        Thread answers = Thread.ofVirtual().start(() -> copy(qemu, client));
        forward(client, qemu);
        qemu.shutdownInput();
        answers.join();
      } catch (IOException | InterruptedException ended) {
        // the next one
      }
    }
  }

  private void forward(SocketChannel client, SocketChannel qemu) throws IOException {
    BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (CHANGE.matcher(line).find() && left.getAndDecrement() <= 0) {
        client.close();
        return;
      }
      ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        qemu.write(bytes);
      }
    }
  }

  private static void copy(SocketChannel from, SocketChannel to) {
    try {
      Channels.newInputStream(from).transferTo(Channels.newOutputStream(to));
    } catch (IOException | UncheckedIOException ended) {
      // whoever reads has gone
    }
  }

  @Override
  public void close() throws IOException {
    door.close();
  }
}
