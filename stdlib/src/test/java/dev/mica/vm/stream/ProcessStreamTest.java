package dev.mica.vm.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.FakeGuest;
import dev.mica.vm.stream.ProcessStream.Exit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through a stream while its process runs, both ways. */
final class ProcessStreamTest extends ProcessStreamTestBase {
  private static final long MUCH = 100_000_000;

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
                public void write(byte[] bytes, int offset, int length) throws IOException {
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
}
