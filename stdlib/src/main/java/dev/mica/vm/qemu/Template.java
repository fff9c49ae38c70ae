package dev.mica.vm.qemu;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import dev.mica.vm.process.LineSocket;
import dev.mica.vm.process.Poll;
import dev.mica.vm.process.ShortSocketPath;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import tools.jackson.databind.node.ObjectNode;

/**
 * A guest as it was right after booting: its devices as QEMU's migration writes them, and its
 * memory, which we copy ourselves and without what it never touched. (QEMU's own stream would read
 * each empty page at restoring, and so fill the host's memory.)
 *
 * @param directory of the two files; there or not
 */
public record Template(Path directory) {
  public static final String PREFIX = "template-";

  private static final int CHUNK = 64 * 1024;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private Path devices() {
    return directory.resolve("devices");
  }

  private Path memory() {
    return directory.resolve("memory");
  }

  public boolean exists() {
    return Files.exists(devices());
  }

  /** What QEMU is started with. */
  public Path incoming() {
    return devices();
  }

  public void discard() {
    Core.remove(directory);
  }

  /** Saves the guest, which stands still meanwhile and goes on afterwards. */
  public void save(Qemu qemu) {
    Path scratch = directory.resolveSibling(directory.getFileName() + ".new");
    Template made = new Template(scratch);
    Core.remove(scratch);
    try {
      Files.createDirectories(scratch);
      try (Qmp qmp = qemu.qmp()) {
        ignoreShared(qmp);
        qmp.run("stop");
        try {
          made.saveDevices(qmp, qemu);
          Core.copyData(memoryOf(qemu), made.memory());
        } finally {
          qmp.run("cont");
        }
      }
      discard();
      Files.move(scratch, directory);
    } catch (IOException broken) {
      throw MicaException.failed("save the guest in", directory, Why.of(broken)).because(broken);
    } finally {
      Core.remove(scratch);
    }
  }

  /** Fills the guest that QEMU holds back, and lets it run. */
  public void restore(Qemu qemu) {
    try (Qmp qmp = qemu.qmp()) {
      ignoreShared(qmp);
      Core.copyData(memory(), memoryOf(qemu));
      qmp.run("migrate-incoming", Records.object().put("uri", "fd:" + CommandLine.TEMPLATE));
      awaitCompletion(qmp);
      qmp.run("cont");
    } catch (IOException broken) {
      throw MicaException.failed("restore the guest of", directory, Why.of(broken)).because(broken);
    }
  }

  private static void ignoreShared(Qmp qmp) {
    ObjectNode arguments = Records.object();
    arguments
        .putArray("capabilities")
        .addObject()
        .put("capability", "x-ignore-shared")
        .put("state", true);
    qmp.run("migrate-set-capabilities", arguments);
  }

  private static void awaitCompletion(Qmp qmp) {
    String[] status = {""};
    boolean ended =
        Poll.until(
            LIMIT,
            () -> {
              status[0] = qmp.run("query-migrate").path("status").asString("");
              return status[0].equals("completed") || status[0].equals("failed");
            });
    if (!ended || !status[0].equals("completed")) {
      throw MicaException.failed("move the guest's devices", "", "QEMU says " + status[0]);
    }
  }

  /** Over a socket, for QEMU 7 cannot write to a file by itself, and must start no program. */
  private void saveDevices(Qmp qmp, Qemu qemu) throws IOException {
    Path socket = qemu.peers().resolve("save.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        FileChannel out =
            FileChannel.open(devices(), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ShortSocketPath.with(socket, path -> server.bind(UnixDomainSocketAddress.of(path)));
      Qemu.admit(socket);
      server.configureBlocking(false);
      qmp.run("migrate", Records.object().put("uri", "unix:/" + Qemu.PEERS + "/save.sock"));
      receive(server, out);
      awaitCompletion(qmp);
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private static void receive(ServerSocketChannel server, FileChannel out) throws IOException {
    try (Selector selector = Selector.open()) {
      server.register(selector, SelectionKey.OP_ACCEPT);
      if (selector.select(LIMIT.toMillis()) == 0) {
        throw new IOException("QEMU does not connect");
      }
      try (SocketChannel from = server.accept()) {
        from.configureBlocking(false);
        from.register(selector, SelectionKey.OP_READ);
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        long deadline = LineSocket.in(LIMIT);
        while (from.read(buffer) >= 0) {
          out.write(buffer.flip());
          buffer.clear();
          selector.selectedKeys().clear();
          selector.select(100);
          if (System.nanoTime() > deadline) {
            throw new IOException("QEMU does not finish");
          }
        }
      }
    }
  }

  /** QEMU's memory for the guest, as /proc shows it: a file without a name. */
  private static Path memoryOf(Qemu qemu) throws IOException {
    long pid = qemu.daemon().process().map(ProcessHandle::pid).orElse(0L);
    Path descriptors = Path.of("/proc", Long.toString(pid), "fd");
    try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
      for (Path one : all) {
        if (Files.readSymbolicLink(one).toString().startsWith("/memfd:memory-backend-memfd")) {
          return one;
        }
      }
    }
    throw new IOException("QEMU has no memory in a file");
  }
}
