package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests of SFTP that no client of somebody honest sends. */
@NeedsRoot
@Timeout(300)
final class SftpProtocolTest {
  /** A request, as the protocol writes it: its length, its type, its number, and the rest. */
  private static byte[] request(int type, int id, String rest) {
    byte[] body = rest.getBytes(StandardCharsets.ISO_8859_1);
    return ByteBuffer.allocate(9 + body.length)
        .putInt(5 + body.length)
        .put((byte) type)
        .putInt(id)
        .put(body)
        .array();
  }

  private static String string(String text) {
    return "\0\0\0" + (char) text.length() + text;
  }

  /** What no client sends is refused, and what cannot be a request ends the channel. */
  @Test
  void nonsenseIsRefused() {
    ByteArrayOutputStream input = new ByteArrayOutputStream();
    input.writeBytes(new byte[] {0, 0, 0, 5, 1, 0, 0, 0, 3});
    input.writeBytes(request(17, 1, "\u00ff\u00ff\u00ff\u00ff/x"));
    input.writeBytes(request(17, 2, string("/folders/root/a\0b")));
    input.writeBytes(request(17, 3, string("/unions/\u00ff\0")));
    input.writeBytes(request(5, 4, string("none") + "\0".repeat(12)));
    input.writeBytes(request(99, 5, ""));
    input.writeBytes(request(200, 6, string("nothing@nowhere")));
    input.writeBytes(request(16, 7, string("/unions/../../x//./y/..")));
    input.writeBytes(new byte[] {127, 0, 0, 0, 17});
    input.writeBytes(request(17, 8, string("/")));
    SshServers.Reply reply;
    try (SshServers servers = new SshServers()) {
      servers.user("ann", Role.VIEWER, "", servers.scratch.dir("root").toString());
      reply = SshServers.run(servers.client("ann", "-s"), input.toByteArray(), "sftp");
    }
    assertThat(replies(reply))
        .containsExactly(
            "2 3 ", "101 1 5", "101 2 4", "101 3 2", "101 4 4", "101 5 8", "101 6 8", "104 7 1");
    assertThat(reply.out()).contains("/x");
  }

  /** The type, the number, and what comes first in each. */
  private static List<String> replies(SshServers.Reply reply) {
    ByteBuffer out = ByteBuffer.wrap(reply.out().getBytes(StandardCharsets.ISO_8859_1));
    List<String> replies = new ArrayList<>();
    while (out.hasRemaining()) {
      int end = out.getInt() + out.position();
      int type = out.get();
      replies.add(type + " " + out.getInt() + " " + (type == 2 ? "" : out.getInt()));
      out.position(end);
    }
    return replies;
  }

  /** A file is copied behind its own end, as long as it was, and not for ever. */
  @Test
  void aCopyToItselfHasAnEnd() {
    ByteArrayOutputStream input = new ByteArrayOutputStream();
    input.writeBytes(new byte[] {0, 0, 0, 5, 1, 0, 0, 0, 3});
    String open = string("/folders/root/file") + "\0\0\0\u0003\0\0\0\0";
    input.writeBytes(request(3, 1, open));
    input.writeBytes(request(3, 2, open));
    String from = string("\0\0\0\u0001") + "\0".repeat(16);
    String to = string("\0\0\0\u0002") + "\0".repeat(7) + "\u0004";
    input.writeBytes(request(200, 3, string("copy-data") + from + to));
    try (SshServers servers = new SshServers()) {
      Path file = servers.scratch.file("root/file", "abcd");
      servers.user("ann", Role.OPERATOR, "", servers.scratch.path("root").toString());
      SshServers.Reply reply =
          SshServers.run(servers.client("ann", "-s"), input.toByteArray(), "sftp");
      assertThat(replies(reply)).containsExactly("2 3 ", "102 1 4", "102 2 4", "101 3 0");
      assertThat(Scratch.read(file)).isEqualTo("abcdabcd");
    }
  }
}
