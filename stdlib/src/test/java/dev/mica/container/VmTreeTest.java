package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.core.CoreError;
import dev.mica.core.Errno;
import dev.mica.core.FileHandle;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import dev.mica.test.FakeGuest;
import dev.mica.test.Scratch;
import dev.mica.vm.stream.ProcessStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a guest may answer to requests for files, which is anything. */
@Timeout(300)
final class VmTreeTest {
  private static final byte[] TOKEN = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
  private static final int MUCH = 65_536;
  private static final byte[] PATH = {'a'};
  private static final String STATUS = "00".repeat(40);

  private final Scratch scratch = new Scratch();

  @AfterEach
  void remove() {
    scratch.close();
  }

  /** A reply with its length in front; {@code hex} begins with the code. */
  private static byte[] reply(String hex) {
    byte[] rest = HexFormat.of().parseHex(hex.replace(" ", ""));
    return ByteBuffer.allocate(4 + rest.length).putInt(rest.length).put(rest).array();
  }

  private static final byte[] DONE = reply("00000000");

  /** With a guest that opens one file, answers the next request so, and hears until the end. */
  private void with(byte[] answer, Consumer<VmTree> use) throws Exception {
    Path socket = scratch.path("stream");
    FakeGuest.Part part =
        session -> {
          session.greet();
          session.allow(MUCH);
          assertThat(session.next().type()).isEqualTo('I');
          session.send('O', DONE);
          assertThat(session.next().type()).isEqualTo('I');
          session.send('O', answer);
          session.end();
        };
    try (FakeGuest _ = new FakeGuest(socket, part);
        VmTree tree = new VmTree(ProcessStream.connect(socket, TOKEN, "files"), "web")) {
      use.accept(tree);
    }
  }

  private static FileHandle open(VmTree tree) {
    return tree.open(PATH, EnumSet.of(OpenFlag.READ), 0);
  }

  static Stream<Arguments> lies() {
    Consumer<FileHandle> read = file -> file.read(0, 4);
    Consumer<FileHandle> status = FileHandle::status;
    Consumer<FileHandle> space = FileHandle::space;
    Consumer<FileHandle> link = FileHandle::linkText;
    Consumer<FileHandle> list = FileHandle::next;
    return Stream.of(
        arguments("no code", read, HexFormat.of().parseHex("00000003000000")),
        arguments("much too long", read, HexFormat.of().parseHex("7fffffff")),
        arguments("a negative length", read, HexFormat.of().parseHex("ffffffff00000000")),
        arguments("more than asked for", read, reply("00000000 00000005 6162636465")),
        arguments("less than it says", read, reply("00000000 00000004 6162")),
        arguments("fewer bytes than none", read, reply("00000000 80000000")),
        arguments("half a status", status, reply("00000000 0000")),
        arguments("half a space", space, reply("00000000" + "00".repeat(71))),
        arguments("a link without end", link, reply("00000000 00001001" + "61".repeat(4097))),
        arguments("a slash", list, reply("00000000" + STATUS + "00000003 612f62")),
        arguments("the folder", list, reply("00000000" + STATUS + "00000001 2e")),
        arguments("the one above", list, reply("00000000" + STATUS + "00000002 2e2e")),
        arguments("no name", list, reply("00000000" + STATUS + "00000000")),
        arguments("a zero", list, reply("00000000" + STATUS + "00000002 6100")),
        arguments("a long name", list, reply("00000000" + STATUS + "00000100" + "61".repeat(256))),
        arguments("a cut name", list, reply("00000000" + STATUS + "00000004 61")));
  }

  /** Nothing of it is believed, and nothing more is heard of that guest. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("lies")
  void whatIsNoReplyEndsTheConnection(String what, Consumer<FileHandle> ask, byte[] answer)
      throws Exception {
    with(
        answer,
        tree -> {
          FileHandle file = open(tree);
          assertThatThrownBy(() -> ask.accept(file))
              .as(what)
              .isInstanceOf(MicaException.class)
              .hasMessageContaining("web:/a: its guest sent what is no part of the protocol");
          assertThat(tree.isOpen()).isFalse();
          assertThatThrownBy(file::status).hasMessageContaining("the VM has ended");
          file.close();
        });
  }

  @Test
  void whatAGuestSaysOfAFailureIsOneShortLine() throws Exception {
    String note =
        HexFormat.of().formatHex("\u001b[2J\n".repeat(500).getBytes(StandardCharsets.UTF_8));
    with(
        reply("00000002 00000004 6f70656e 00000bb8" + note),
        tree -> {
          FileHandle file = open(tree);
          assertThatThrownBy(file::status)
              .isInstanceOf(MicaException.class)
              .hasMessageStartingWith("cannot look at web:/a: No such file or directory, \\x1b[2J")
              .satisfies(failure -> {
                assertThat(failure.getMessage())
                    .doesNotContain("\n", "\u001b")
                    .hasSizeLessThan(3000);
                assertThat(failure.getCause())
                    .isInstanceOfSatisfying(
                        CoreError.class,
                        error -> assertThat(error.errno()).isEqualTo(Errno.ENOENT));
              });
        });
  }
}
