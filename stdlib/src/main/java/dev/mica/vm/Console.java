package dev.mica.vm;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Poll;
import dev.mica.vm.process.ShortSocketPath;
import dev.mica.vm.qemu.Qemu;
import dev.mica.vm.qemu.Qmp;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The serial console of a VM, live, to be closed. One at a time may have it. What is written goes
 * to the guest's terminal, which echoes and edits lines; its agent answers them.
 */
public final class Console implements AutoCloseable {
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** QEMU hears a little later that somebody came or went. */
  private static final Duration NOTICE = Duration.ofMillis(500);

  private static final int SHOWN_BYTES = 4096;
  private static final int SHOWN_LINES = 20;

  /** What a terminal takes as: forget the line that was begun. */
  private static final byte[] KILL_LINE = {'U' & 0x1f};

  private final String guest;
  private final String name;
  private final SocketChannel channel;
  private final String recent;

  private Console(String guest, SocketChannel channel, String recent) {
    this.guest = guest;
    this.name = name(guest);
    this.channel = channel;
    this.recent = recent;
  }

  public static Console attach(Qemu qemu, String command) {
    String guest = "the " + qemu.guest();
    String name = name(guest);
    if (!qemu.daemon().isAlive()) {
      throw MicaException.failed("attach to", name, "it does not run")
          .hint("start it with " + command);
    }
    try (Qmp qmp = qemu.qmp(ANSWER)) {
      if (!Poll.until(NOTICE, () -> isFree(qmp))) {
        throw MicaException.failed("attach to", name, "another terminal is attached to it")
            .hint("detach that one, with Ctrl-]");
      }
      SocketChannel channel = connect(name, qemu.consoleSocket());
      boolean _ = Poll.until(NOTICE, () -> !isFree(qmp));
      return new Console(guest, channel, end(qemu.console()));
    }
  }

  private static String name(String guest) {
    return "the console of " + guest;
  }

  /** A second one could connect, but would be neither heard nor told. */
  private static boolean isFree(Qmp qmp) {
    for (JsonNode one : qmp.run("query-chardev")) {
      if (one.path("label").asString("").equals("console")) {
        return one.path("filename").asString("").startsWith("disconnected:");
      }
    }
    return false;
  }

  private static SocketChannel connect(String name, Path socket) {
    try {
      SocketChannel channel =
          ShortSocketPath.with(
              socket, path -> SocketChannel.open(UnixDomainSocketAddress.of(path)));
      channel.write(ByteBuffer.wrap(KILL_LINE)); // who left may have left half a line
      return channel;
    } catch (IOException broken) {
      throw MicaException.failed("attach to " + name + " at", socket, Why.of(broken))
          .because(broken);
    }
  }

  private static String end(Path log) {
    try (FileChannel in = FileChannel.open(log)) {
      ByteBuffer bytes = ByteBuffer.allocate(SHOWN_BYTES);
      in.position(Math.max(0, in.size() - SHOWN_BYTES));
      int got = 0;
      while (got >= 0 && bytes.hasRemaining()) {
        got = in.read(bytes);
      }
      String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
      List<String> lines = text.lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()))
          + (text.endsWith("\n") ? "\n" : "");
    } catch (IOException broken) {
      throw MicaException.failed("read", log, Why.of(broken)).because(broken);
    }
  }

  /** Whose it is: "the helper VM". */
  public String guest() {
    return guest;
  }

  /** The last lines that were said before. */
  public String recent() {
    return recent;
  }

  /** What the guest says from now on; ends when the guest does. */
  public InputStream input() {
    requireOpen();
    return Channels.newInputStream(channel);
  }

  /** What is typed to the guest. */
  public OutputStream output() {
    requireOpen();
    return Channels.newOutputStream(channel);
  }

  private void requireOpen() {
    if (!channel.isOpen()) {
      throw MicaException.failed("use", name, "it was detached").hint("attach to it again");
    }
  }

  /** Detaches; who reads meanwhile gets an error. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException broken) {
      throw MicaException.failed("detach from", name, Why.of(broken)).because(broken);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
