package dev.mica.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Servers that no one would write: slow ones, and ones that lie. */
@Timeout(60)
final class SftpClientTest {
  private static final long SEED = Long.getLong("mica.seed", new Random().nextInt(1_000_000));
  private static final byte[] PATH = {'/', 'x'};

  /** Answers to a request of that type with that number; the rest of it is given. */
  private interface Server {
    List<byte[]> answer(int type, int number, ByteBuffer rest);
  }

  private interface Use {
    void with(SftpClient client) throws IOException;
  }

  /** A message of that type, with its number, and then these. */
  private static byte[] message(int type, int number, byte[]... rest) {
    int length = 5;
    for (byte[] each : rest) {
      length += each.length;
    }
    ByteBuffer message = ByteBuffer.allocate(4 + length).putInt(length);
    message.put((byte) type).putInt(number);
    for (byte[] each : rest) {
      message.put(each);
    }
    return message.array();
  }

  private static byte[] u32(int value) {
    return ByteBuffer.allocate(4).putInt(value).array();
  }

  private static byte[] string(byte[] value) {
    return ByteBuffer.allocate(4 + value.length).putInt(value.length).put(value).array();
  }

  private static byte[] string(String value) {
    return string(value.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static byte[] status(int number, int code) {
    return message(SftpAnswer.STATUS, number, u32(code), string("why"), string(""));
  }

  /** As long as the client uses it; what is asked after that is not looked at. */
  private static void served(Server server, Use use) throws IOException {
    try (PipedInputStream asked = new PipedInputStream(1 << 20);
        PipedOutputStream asks = new PipedOutputStream(asked);
        PipedInputStream answered = new PipedInputStream(1 << 20);
        PipedOutputStream answers = new PipedOutputStream(answered)) {
      Thread serving = Thread.ofVirtual().start(() -> serve(server, asked, answers));
      try (SftpClient client = SftpClient.open(answered, asks)) {
        use.with(client);
      } finally {
        serving.interrupt();
      }
    }
  }

  /** What is asked at once is answered in any order. */
  private static void serve(Server server, PipedInputStream asked, PipedOutputStream answers) {
    Random random = new Random(SEED);
    List<byte[]> late = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(asked);
        answers) {
      while (true) {
        byte[] request = new byte[in.readInt()];
        in.readFully(request);
        ByteBuffer rest = ByteBuffer.wrap(request);
        int type = rest.get();
        late.addAll(server.answer(type, rest.getInt(), rest));
        if (in.available() == 0) {
          Collections.shuffle(late, random);
          for (byte[] answer : late) {
            answers.write(answer);
          }
          answers.flush();
          late.clear();
        }
      }
    } catch (EOFException left) {
      assertThat(left).isNotNull();
    } catch (IOException over) {
      assertThat(over).isNotNull(); // the client has gone
    }
  }

  /** What a right server says first, and to what opens something. */
  private static List<byte[]> usual(int type, int number) {
    return switch (type) {
      case 1 -> List.of(message(2, 3));
      case 3, 11 -> List.of(message(SftpAnswer.HANDLE, number, string("h")));
      default -> List.of(status(number, 0));
    };
  }

  /**
   * Gives less than is asked for, and answers what is under way in any order: what is read is what
   * the file has.
   */
  @Test
  void aFileIsWholeHoweverItComes() throws IOException {
    System.out.println("SftpClientTest: -Dmica.seed=" + SEED);
    Random random = new Random(SEED);
    for (int length :
        new int[] {0, 1, 5_000, SftpClient.PIECE, 3 * SftpClient.PIECE + 17, 900_000}) {
      byte[] file = new byte[length];
      random.nextBytes(file);
      served(
          (type, number, rest) -> {
            if (type != 5) {
              return usual(type, number);
            }
            rest.position(rest.position() + 5); // the handle
            long at = rest.getLong();
            int asked = rest.getInt();
            int n = (int) Math.min(1 + random.nextInt(asked), length - at);
            return List.of(
                n <= 0
                    ? status(number, 1)
                    : message(
                        SftpAnswer.DATA,
                        number,
                        string(Arrays.copyOfRange(file, (int) at, (int) at + n))));
          },
          client -> {
            try (var in = client.read(PATH)) {
              assertThat(in.readAllBytes()).as("seed %d", SEED).isEqualTo(file);
            }
          });
    }
  }

  private static byte[] names(int number, String... names) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(u32(names.length));
    for (String name : names) {
      all.writeBytes(string(name));
      all.writeBytes(string("-rw-r--r-- " + name));
      all.writeBytes(u32(0));
    }
    return message(SftpAnswer.NAME, number, all.toByteArray());
  }

  static Stream<Arguments> lies() {
    return Stream.of(
        arguments(12, "a name with a slash", "which is no name"),
        arguments(12, "no name", "which is no name"),
        arguments(12, "a zero byte", "which is no name"),
        arguments(12, "nothing, again and again", "goes on without an entry"),
        arguments(12, "fewer than it says", "cut short"),
        arguments(12, "a file of data", "a message of type 103"),
        arguments(12, "another question's answer", "what nobody has asked"),
        arguments(12, "a packet without end", "no SFTP server"),
        arguments(12, "a negative length", "no SFTP server"),
        arguments(12, "the end", "the connection was closed"),
        arguments(5, "more than was asked", "bytes instead of"),
        arguments(5, "no bytes", "0 bytes instead of"),
        arguments(5, "a string that is too long", "cut short"),
        arguments(17, "a size below 0", "more than 2^63 bytes"),
        arguments(17, "more attributes than it has", "cut short"),
        arguments(17, "that all is well", "the server says: why (0)"),
        arguments(19, "two texts", "more than one text"));
  }

  private static byte[] lie(String what, int number) {
    return switch (what) {
      case "a name with a slash" -> names(number, "fine", "../../etc/passwd");
      case "no name" -> names(number, "");
      case "a zero byte" -> names(number, "a\0b");
      case "nothing, again and again" -> names(number);
      case "fewer than it says" -> message(SftpAnswer.NAME, number, u32(1_000_000), string("a"));
      case "a file of data" -> message(SftpAnswer.DATA, number, string("x"));
      case "another question's answer" -> status(number + 7, 1);
      case "a packet without end" -> u32(Integer.MAX_VALUE);
      case "a negative length" -> u32(-1);
      case "more than was asked" ->
          message(SftpAnswer.DATA, number, string(new byte[SftpClient.PIECE + 1]));
      case "no bytes" -> message(SftpAnswer.DATA, number, string(""));
      case "a string that is too long" -> message(SftpAnswer.DATA, number, u32(100), u32(0));
      case "a size below 0" -> message(SftpAnswer.ATTRS, number, u32(1), u32(-1), u32(-1));
      case "more attributes than it has" ->
          message(SftpAnswer.ATTRS, number, u32(1 << 31), u32(Integer.MAX_VALUE));
      case "that all is well" -> status(number, 0);
      case "two texts" ->
          message(SftpAnswer.NAME, number, u32(2), string("a"), string("a"), u32(0));
      default -> throw new IllegalArgumentException(what);
    };
  }

  @ParameterizedTest
  @MethodSource("lies")
  void aLieEndsIt(int to, String what, String why) {
    AtomicInteger lies = new AtomicInteger();
    Server liar =
        (type, number, rest) -> {
          if (type != to) {
            return usual(type, number);
          }
          if (what.equals("the end")) {
            throw new UncheckedIOException(new EOFException());
          }
          lies.incrementAndGet();
          return List.of(lie(what, number));
        };
    assertThatThrownBy(() ->
            served(
                liar,
                client -> {
                  switch (to) {
                    case 12 -> client.list(PATH);
                    case 5 -> client.read(PATH).readAllBytes();
                    case 17 -> client.status(PATH);
                    default -> client.linkText(PATH);
                  }
                }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(why);
    assertThat(lies.get()).isLessThan(10);
  }

  /** What a login script prints, before the server is there. */
  @Test
  void whatIsNoServerIsToldSo() {
    for (String said : List.of("Welcome to this host, and behave.\n", "\0\0\0\5\2\0\0\0\2", "ok")) {
      InputStream answered = new ByteArrayInputStream(said.getBytes(StandardCharsets.ISO_8859_1));
      assertThatThrownBy(() -> SftpClient.open(answered, new ByteArrayOutputStream()))
          .isInstanceOf(IOException.class)
          .hasMessageMatching(".*SFTP server.*|the connection was closed");
    }
  }
}
