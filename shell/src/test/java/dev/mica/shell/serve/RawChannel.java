package dev.mica.shell.serve;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** A channel of a {@link RawClient} that has logged in; one at a time. */
final class RawChannel {
  private static final int WINDOW = Integer.MAX_VALUE;
  private static final int PACKET = 1 << 15;

  private final RawClient client;
  private final int server;
  private byte[] unread = {};

  /** Opens it. */
  RawChannel(RawClient client, int id) throws IOException {
    this.client = client;
    client.send(
        SshMessage.of(SshMessage.CHANNEL_OPEN)
            .string("session")
            .u32(id)
            .u32(WINDOW)
            .u32(PACKET)
            .bytes());
    byte[] opened = client.expect(SshMessage.CHANNEL_OPEN_CONFIRMATION);
    server = ByteBuffer.wrap(opened, 5, Integer.BYTES).getInt();
  }

  /** A request for it, which is to be answered; {@code rest} is what only that request has. */
  byte[] request(String name, byte[] rest) {
    return SshMessage.of(SshMessage.CHANNEL_REQUEST)
        .u32(server)
        .string(name)
        .u8(1)
        .raw(rest)
        .bytes();
  }

  /** Asks for a subsystem, or for a command with {@code exec}. */
  void ask(String what, String name) throws IOException {
    client.send(request(what, SshMessage.empty().string(name).bytes()));
    byte[] answer = client.read().orElseThrow(() -> new IOException("the server has disconnected"));
    while (answer[0] == SshMessage.CHANNEL_WINDOW_ADJUST) {
      answer = client.read().orElseThrow(() -> new IOException("the server has disconnected"));
    }
    if (answer[0] != SshMessage.CHANNEL_SUCCESS) {
      throw new AssertionError("message " + answer[0] + " to " + what + " " + name);
    }
  }

  void send(byte[] data) throws IOException {
    client.send(SshMessage.of(SshMessage.CHANNEL_DATA).u32(server).string(data).bytes());
  }

  /** The next bytes; fewer if the server ends the channel or the connection before. */
  byte[] read(int length) throws IOException {
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    got.writeBytes(unread);
    while (got.size() < length) {
      Optional<byte[]> packet = client.read();
      if (packet.isEmpty() || isEnd(packet.get()[0])) {
        break;
      }
      if (packet.get()[0] == SshMessage.CHANNEL_DATA) {
        got.writeBytes(RawClient.string(ByteBuffer.wrap(packet.get()).position(5)));
      }
    }
    byte[] all = got.toByteArray();
    int taken = Math.min(length, all.length);
    unread = Arrays.copyOfRange(all, taken, all.length);
    return Arrays.copyOf(all, taken);
  }

  private static boolean isEnd(int number) {
    return number == SshMessage.CHANNEL_EOF || number == SshMessage.CHANNEL_CLOSE;
  }

  /** Runs a command without input; its exit status and its standard output. */
  static String run(RawClient client, int id, String command) throws IOException {
    RawChannel channel = new RawChannel(client, id);
    channel.ask("exec", command);
    client.send(SshMessage.of(SshMessage.CHANNEL_EOF).u32(channel.server).bytes());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int status = -1;
    byte[] packet = {0};
    while (packet[0] != SshMessage.CHANNEL_CLOSE) {
      packet = client.read().orElseThrow(() -> new IOException("the server has disconnected"));
      ByteBuffer rest = ByteBuffer.wrap(packet).position(Math.min(5, packet.length));
      if (packet[0] == SshMessage.CHANNEL_DATA) {
        out.writeBytes(RawClient.string(rest));
      } else if (packet[0] == SshMessage.CHANNEL_REQUEST
          && new String(RawClient.string(rest), StandardCharsets.UTF_8).equals("exit-status")) {
        rest.get();
        status = rest.getInt();
      }
    }
    client.send(SshMessage.of(SshMessage.CHANNEL_CLOSE).u32(channel.server).bytes());
    return status + " " + out.toString(StandardCharsets.UTF_8);
  }

  int server() {
    return server;
  }
}
