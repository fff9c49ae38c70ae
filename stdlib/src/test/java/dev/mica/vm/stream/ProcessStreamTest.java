package dev.mica.vm.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.failure.MicaException;
import dev.mica.test.FakeGuest;
import dev.mica.test.Scratch;
import dev.mica.vm.stream.ProcessStream.Exit;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
final class ProcessStreamTest {
  private static final byte[] TOKEN = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
  private static final byte[] HELLO = FakeGuest.frame('H', TOKEN);
  private static final byte[] END = FakeGuest.frame('X', bytes("status=0"));
  private static final Exit DONE = new Exit(0, 0, false);
  private static final long MUCH = 100_000_000;

  private final Scratch scratch = new Scratch();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @AfterEach
  void remove() {
    scratch.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Arrays.stream(parts).forEach(all::writeBytes);
    return all.toByteArray();
  }

  private interface Use {
    void of(ProcessStream stream) throws Exception;
  }

  private void with(FakeGuest.Part part, Use use) throws Exception {
    with(scratch.path("stream"), part, use);
  }

  private static void with(Path socket, FakeGuest.Part part, Use use) throws Exception {
    try (FakeGuest _ = new FakeGuest(socket, part);
        ProcessStream stream = ProcessStream.connect(socket, TOKEN, "cat in web")) {
      use.of(stream);
    }
  }

  private static <T> FutureTask<T> meanwhile(Callable<T> what) {
    FutureTask<T> task = new FutureTask<>(what);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  private Exit run(ProcessStream stream) throws Exception {
    return stream.run(out, err);
  }

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
  @ValueSource(ints = {1, 7, 8, 9, 65_535, 1_000_000})
  void framesMayComeInPieces(int size) throws Exception {
    byte[] longest = new byte[65_536];
    new Random(2).nextBytes(longest);
    byte[] said =
        joined(
            HELLO,
            FakeGuest.frame('S', bytes("pid=42")),
            FakeGuest.frame('O', new byte[0]),
            FakeGuest.frame('O', longest),
            FakeGuest.frame('E', bytes("wrong")),
            FakeGuest.frame('O', bytes("more")),
            END);
    with(
        session -> {
          session.hear();
          for (int at = 0; at < said.length; at += size) {
            session.raw(Arrays.copyOfRange(said, at, Math.min(said.length, at + size)));
          }
          session.end();
        },
        stream -> assertThat(run(stream)).isEqualTo(DONE));
    assertThat(out.toByteArray()).isEqualTo(joined(longest, bytes("more")));
    assertThat(err).hasToString("wrong");
  }

  @Test
  void whoListensHearsAllInItsOrder() throws Exception {
    List<String> heard = new ArrayList<>();
    with(
        session -> {
          session.greet();
          session.send('O', "a");
          session.send('E', "b");
          session.send('O', "c");
          session.send('X', "status=3");
        },
        stream -> {
          assertThat(stream).hasToString("cat in web");
          assertThat(stream.token()).isEqualTo("00112233445566778899aabbccddeeff");
          Exit exit =
              stream.run(
                  new ProcessStream.Listener() {
                    @Override
                    public void started(int pid) {
                      heard.add("pid " + pid);
                    }

                    @Override
                    public void output(byte[] bytes, int offset, int length) {
                      heard.add("out " + new String(bytes, offset, length, StandardCharsets.UTF_8));
                    }

                    @Override
                    public void error(byte[] bytes, int offset, int length) {
                      heard.add("err " + new String(bytes, offset, length, StandardCharsets.UTF_8));
                    }
                  });
          assertThat(exit.shellStatus()).isEqualTo(3);
        });
    assertThat(heard).containsExactly("pid 42", "out a", "err b", "out c");
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

  @Test
  void whatIsSentArrives() throws Exception {
    List<String> came = new ArrayList<>();
    with(
        session -> {
          session.greet();
          session.allow(3);
          for (int i = 0; i < 5; i++) {
            came.add(session.next().toString());
          }
          session.raw(END);
        },
        stream -> {
          assertThat(stream.resize(24, 80)).isTrue();
          FutureTask<Exit> running = meanwhile(() -> run(stream));
          assertThat(stream.input(bytes("xabcx"), 1, 3)).isTrue();
          assertThat(stream.endInput()).isTrue();
          assertThat(stream.signal(15)).isTrue();
          assertThat(stream.resize(-1, 70_000)).isTrue();
          assertThat(running.get()).isEqualTo(DONE);
        });
    assertThat(came).containsExactly("Z 24 80", "I abc", "C", "K 15", "Z 0 -1");
  }

  /** The guest itself counts what it has allowed. */
  @Test
  void noMoreIsSentThanIsAllowed() throws Exception {
    byte[] all = new byte[200_000];
    new Random(3).nextBytes(all);
    ByteArrayOutputStream came = new ByteArrayOutputStream();
    with(
        session -> {
          session.greet();
          for (int allowed : new int[] {1, 0, 9, 65_536, 65_537, 65_537}) {
            session.allow(allowed);
            for (int got = 0; got < Math.min(allowed, all.length - came.size() + got); ) {
              byte[] payload = session.next().payload();
              came.writeBytes(payload);
              got += payload.length;
            }
          }
          session.allow(1_000_000);
          while (came.size() < all.length) {
            came.writeBytes(session.next().payload());
          }
          assertThat(session.next().type()).isEqualTo('C');
          session.raw(END);
          session.end();
        },
        stream -> {
          FutureTask<Exit> running = meanwhile(() -> run(stream));
          assertThat(stream.input(all, 0, all.length)).isTrue();
          assertThat(stream.endInput()).isTrue();
          assertThat(running.get()).isEqualTo(DONE);
        });
    assertThat(came.toByteArray()).isEqualTo(all);
  }

  @Test
  void signalsAndSizesOvertakeInputThatNobodyReads() throws Exception {
    CountDownLatch stuck = new CountDownLatch(1);
    List<String> came = new ArrayList<>();
    with(
        session -> {
          session.greet();
          session.allow(4);
          came.add(session.next().toString());
          stuck.countDown();
          came.add(session.next().toString());
          came.add(session.next().toString());
          session.allow(4);
          came.add(session.next().toString());
          session.raw(END);
        },
        stream -> {
          FutureTask<Exit> running = meanwhile(() -> run(stream));
          FutureTask<Boolean> typing = meanwhile(() -> stream.input(bytes("12345678"), 0, 8));
          stuck.await();
          assertThat(stream.signal(2)).isTrue();
          assertThat(stream.resize(50, 132)).isTrue();
          assertThat(running.get()).isEqualTo(DONE);
          assertThat(typing.get()).isTrue();
        });
    assertThat(came).containsExactly("I 1234", "K 2", "Z 50 132", "I 5678");
  }

  /** The reader takes each byte alone, so that everybody else waits for it. */
  @Test
  void muchComesThroughBothWaysAsItIs() throws Exception {
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    MessageDigest got = MessageDigest.getInstance("SHA-256");
    with(
        session -> {
          session.greet();
          session.cat();
          session.end();
        },
        stream -> {
          FutureTask<Boolean> typing = meanwhile(() -> sendAll(stream, sent));
          OutputStream slow =
              new DigestOutputStream(OutputStream.nullOutputStream(), got) {
                @Override
                public void write(byte[] bytes, int offset, int length) throws java.io.IOException {
                  for (int at = offset; at < offset + length; at++) {
                    super.write(bytes[at]);
                  }
                }
              };
          assertThat(stream.run(slow, err)).isEqualTo(DONE);
          assertThat(typing.get()).isTrue();
        });
    assertThat(got.digest()).isEqualTo(sent.digest());
  }

  private static boolean sendAll(ProcessStream stream, MessageDigest digest) throws Exception {
    Random random = new Random(4);
    byte[] some = new byte[100_000];
    for (long sent = 0; sent < MUCH; sent += some.length) {
      random.nextBytes(some);
      digest.update(some);
      if (!stream.input(some, 0, some.length)) {
        return false;
      }
    }
    return stream.endInput();
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

  private static long descriptors() throws Exception {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
