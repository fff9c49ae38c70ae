package dev.mica.vm.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.failure.MicaException;
import dev.mica.test.FakeGuest;
import dev.mica.test.OpenFiles;
import dev.mica.vm.stream.ProcessStream.Exit;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * How a session begins and how it ends: what an earlier one left, ends that are told and ends that
 * are not, garbage, and who goes away.
 */
final class ProcessStreamSessionTest extends ProcessStreamTestBase {
  static Stream<byte[]> stale() {
    byte[] random = new byte[100_000];
    new Random(1).nextBytes(random);
    byte[] other = HELLO.clone();
    other[23] ^= 1;
    return Stream.of(
        new byte[0],
        bytes("x"),
        random,
        other,
        Arrays.copyOf(HELLO, 23),
        joined(Arrays.copyOf(HELLO, 8), Arrays.copyOf(HELLO, 23), bytes("HHH")),
        joined(FakeGuest.frame('O', bytes("old")), FakeGuest.frame('X', bytes("status=9"))),
        new byte[1_000_000]);
  }

  @ParameterizedTest
  @MethodSource("stale")
  void whatAnEarlierSessionLeftIsSkipped(byte[] stale) throws Exception {
    with(
        session -> {
          assertThat(session.hear()).isEqualTo(TOKEN);
          session.raw(stale);
          session.raw(joined(HELLO, FakeGuest.frame('O', bytes("new")), END));
          session.end();
        },
        stream -> assertThat(run(stream)).isEqualTo(DONE));
    assertThat(out).hasToString("new");
  }

  @ParameterizedTest
  @CsvSource({
    "status=0, 0, 0, false, 0",
    "status=255, 255, 0, false, 255",
    "status=0 signal=15, 0, 15, false, 143",
    "status=137 signal=9 oom=1, 137, 9, true, 137",
    "oom=0 other=x status=1, 1, 0, false, 1",
  })
  void howItEndedIsTold(String text, int status, int signal, boolean oom, int shell)
      throws Exception {
    with(
        session -> {
          session.greet();
          session.send('X', text);
          session.end();
        },
        stream -> {
          Exit exit = run(stream);
          assertThat(exit).isEqualTo(new Exit(status, signal, oom));
          assertThat(exit.shellStatus()).isEqualTo(shell);
          assertThat(stream.input(new byte[1], 0, 1)).isFalse();
          assertThat(stream.signal(15)).isFalse();
        });
  }

  static Stream<byte[]> cut() {
    byte[] said = joined(HELLO, FakeGuest.frame('O', bytes("begun")), END);
    return Stream.of(0, 23, 24, 28, 32, 36, 37, said.length - 1).map(at -> Arrays.copyOf(said, at));
  }

  @ParameterizedTest
  @MethodSource("cut")
  void anEndThatIsNotToldIsAFailure(byte[] said) throws Exception {
    with(
        session -> {
          session.hear();
          session.raw(said);
        },
        stream -> {
          FutureTask<Boolean> typing = meanwhile(() -> stream.input(new byte[1], 0, 1));
          assertThatThrownBy(() -> run(stream))
              .isInstanceOf(MicaException.class)
              .hasMessage(
                  "cannot follow cat in web: the other side went away before the process had"
                      + " ended");
          assertThat(typing.get()).isFalse();
        });
    assertThat("begun").startsWith(out.toString(StandardCharsets.UTF_8));
  }

  static Stream<Arguments> garbage() {
    return Stream.of(
        arguments(FakeGuest.frame('I', bytes("x")), "a frame of the type 73"),
        arguments(FakeGuest.frame('\0', bytes("x")), "a frame of the type 0"),
        arguments(FakeGuest.frame('H', TOKEN), "a frame of the type 72"),
        arguments(header(0x4f000000, 65_537), "a frame of 65537 bytes"),
        arguments(header(0x4f000000, -1), "a frame of 4294967295 bytes"),
        arguments(header(0x4f000001, 0), "a byte is not zero where zero must be"),
        arguments(header(0x4f800000, 0), "a byte is not zero where zero must be"),
        arguments(FakeGuest.frame('W', bytes("123")), "an allowance of 3 bytes"),
        arguments(FakeGuest.frame('S', bytes("process=1")), "no pid where one must be"),
        arguments(FakeGuest.frame('X', bytes("")), "no status where one must be"),
        arguments(FakeGuest.frame('X', bytes("xstatus=1")), "no status where one must be"),
        arguments(FakeGuest.frame('X', bytes("status=-1")), "no status where one must be"));
  }

  private static byte[] header(int type, int length) {
    return ByteBuffer.allocate(8).putInt(type).putInt(length).array();
  }

  @ParameterizedTest
  @MethodSource("garbage")
  void whatIsNoPartOfTheProtocolEndsTheSession(byte[] bad, String why) throws Exception {
    with(
        session -> {
          session.greet();
          session.send('O', "fine");
          session.raw(bad);
          session.end();
        },
        stream ->
            assertThatThrownBy(() -> run(stream))
                .isInstanceOf(MicaException.class)
                .hasMessage(
                    "cannot follow cat in web: the other side sent what is no part of the"
                        + " protocol: "
                        + why));
    assertThat(out).hasToString("fine");
  }

  /** Interrupted, it goes on with the next run; what it would have sent is none of that. */
  @Test
  void whoWaitsCanBeInterrupted() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    with(
        session -> {
          session.greet();
          session.raw(Arrays.copyOf(FakeGuest.frame('O', bytes("late")), 10));
          interrupted.await();
          assertThat(session.next()).hasToString("K 2");
          session.raw(bytes("te"));
          session.raw(END);
        },
        stream -> {
          for (Callable<?> waiting :
              List.<Callable<?>>of(() -> run(stream), () -> stream.input(new byte[1], 0, 1))) {
            CountDownLatch begun = new CountDownLatch(1);
            FutureTask<?> task = new FutureTask<>(waiting);
            Thread thread =
                Thread.ofPlatform()
                    .start(() -> {
                      begun.countDown();
                      task.run();
                    });
            begun.await();
            thread.interrupt();
            assertThatThrownBy(task::get).hasCauseInstanceOf(InterruptedException.class);
          }
          interrupted.countDown();
          assertThat(stream.signal(2)).isTrue();
          assertThat(run(stream)).isEqualTo(DONE);
        });
    assertThat(out).hasToString("late");
  }

  @Test
  void whoDetachesHearsNoFailure() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    with(
        session -> {
          session.greet();
          session.end();
        },
        stream -> {
          FutureTask<Boolean> typing = meanwhile(() -> stream.input(new byte[1], 0, 1));
          FutureTask<Exit> following =
              meanwhile(() ->
                  stream.run(
                      new ProcessStream.Listener() {
                        @Override
                        public void started(int pid) {
                          running.countDown();
                        }

                        @Override
                        public void output(byte[] bytes, int offset, int length) {}

                        @Override
                        public void error(byte[] bytes, int offset, int length) {}
                      }));
          running.await();
          stream.close();
          assertThat(typing.get()).isFalse();
          assertThatThrownBy(following::get)
              .isInstanceOf(ExecutionException.class)
              .hasCauseInstanceOf(AsynchronousCloseException.class);
        });
  }

  @Test
  void aLongPathIsConnectedTo() throws Exception {
    Path socket = scratch.dir("l".repeat(120)).resolve("stream");
    with(
        socket,
        session -> {
          session.greet();
          session.raw(END);
        },
        stream -> assertThat(run(stream)).isEqualTo(DONE));
  }

  @Test
  void aSocketThatIsNotThereIsNamed() {
    Path socket = scratch.path("none");
    assertThatThrownBy(() -> ProcessStream.connect(socket, "cat in web"))
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot attach to cat in web at " + socket + ": ");
    assertThatThrownBy(() -> ProcessStream.connect(socket, new byte[15], "cat"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void eachSessionHasATokenOfItsOwn() throws Exception {
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Path socket = scratch.path("stream" + i);
      try (FakeGuest _ = new FakeGuest(socket, FakeGuest.Session::hear);
          ProcessStream stream = ProcessStream.connect(socket, "cat")) {
        tokens.add(stream.token());
      }
    }
    assertThat(tokens).doesNotHaveDuplicates().allMatch(token -> token.matches("[0-9a-f]{32}"));
  }

  /** Ends of each kind: told, not told, and of one that nobody listens to. */
  @Test
  void nothingIsLeftOfAThousandSessions() throws Exception {
    long before = 0;
    for (int i = 0; i < 1_000; i++) {
      if (i == 10) {
        before = descriptors();
      }
      boolean told = i % 2 == 0;
      Path socket = scratch.path("stream" + i);
      with(
          socket,
          session -> {
            session.greet();
            session.raw(told ? END : new byte[0]);
          },
          stream -> {
            if (told) {
              assertThat(run(stream)).isEqualTo(DONE);
            } else {
              assertThatThrownBy(() -> run(stream)).isInstanceOf(MicaException.class);
            }
          });
      assertThatThrownBy(() -> ProcessStream.connect(socket, "cat"))
          .isInstanceOf(MicaException.class);
    }
    assertThat(descriptors()).isEqualTo(before);
  }

  private static long descriptors() {
    return OpenFiles.that(_ -> true).size();
  }
}
