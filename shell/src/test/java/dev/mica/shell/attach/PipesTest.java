package dev.mica.shell.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.FakeGuest;
import dev.mica.test.Scratch;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(300)
final class PipesTest {
  private static final Source UNWANTED =
      into -> {
        throw new AssertionError("it was read");
      };

  private final Scratch scratch = new Scratch();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @AfterEach
  void remove() {
    scratch.close();
  }

  private enum Kind {
    DEAF,
    HEARS,
    STAYS
  }

  private int attach(Kind kind, Pipes pipes, FakeGuest.Part part) throws Exception {
    Path socket = scratch.path("stream");
    try (FakeGuest _ = new FakeGuest(socket, part);
        Attachment what =
            new ProcessAttachment(
                new Attachable(
                    ProcessStream.connect(socket, "cat in web"),
                    kind == Kind.HEARS,
                    false,
                    kind == Kind.STAYS))) {
      return pipes.attach(what);
    }
  }

  private Pipes pipes(Source in) {
    return new Pipes(in, out, err);
  }

  @Test
  void bytesArePassedAsTheyAre() throws Exception {
    byte[] all = new byte[10_000_000];
    new Random(5).nextBytes(all);
    int status =
        attach(
            Kind.HEARS,
            pipes(new ByteArrayInputStream(all)::read),
            session -> {
              session.greet();
              session.cat();
              session.end();
            });
    assertThat(status).isZero();
    assertThat(Arrays.equals(out.toByteArray(), all)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"status=0, 0", "status=7, 7", "status=0 signal=15, 143"})
  void withoutInputItsEndIsTold(String how, int status) throws Exception {
    int ended =
        attach(
            Kind.DEAF,
            pipes(UNWANTED),
            session -> {
              session.greet();
              assertThat(session.next()).hasToString("C");
              session.send('O', "said\n");
              session.send('E', "wrong\n");
              session.send('X', how);
            });
    assertThat(ended).isEqualTo(status);
    assertThat(out).hasToString("said\n");
    assertThat(err).hasToString("wrong\n");
  }

  /** Takes so much, then its reader is gone. */
  private static final class Head extends OutputStream {
    private int left;

    Head(int left) {
      this.left = left;
    }

    @Override
    public void write(int b) {
      if (left-- == 0) {
        throw new OutputClosed(new IOException("Broken pipe"));
      }
    }
  }

  /** It is sent what the kernel would send it, and the rest goes nowhere. */
  @Test
  void whatNobodyReadsEndsAsInAPipe() throws Exception {
    int status =
        attach(
            Kind.DEAF,
            new Pipes(UNWANTED, new Head(10), err),
            session -> {
              session.greet();
              session.send('O', "twenty bytes of text");
              assertThat(session.next()).hasToString("C");
              assertThat(session.next()).hasToString("K 13");
              for (int i = 0; i < 1_000; i++) {
                session.send('O', new byte[65_536]);
              }
              session.send('E', "the end\n");
              session.send('X', "status=0 signal=13");
              session.end();
            });
    assertThat(status).isEqualTo(128 + 13);
    assertThat(err).hasToString("the end\n");
  }

  @Test
  void whatStaysIsLeftWhereNobodyReadsIt() {
    assertThatThrownBy(() ->
            attach(
                Kind.STAYS,
                new Pipes(UNWANTED, new Head(10), err),
                session -> {
                  session.greet();
                  session.send('O', "twenty bytes of text");
                  assertThat(session.next()).hasToString("C");
                  session.end();
                }))
        .isInstanceOf(OutputClosed.class);
  }

  @Test
  void anInputThatCannotBeReadIsAFailure() {
    assertThatThrownBy(() ->
            attach(
                Kind.HEARS,
                pipes(into -> {
                  throw new EOFException("it is broken");
                }),
                session -> {
                  session.greet();
                  assertThat(session.next()).hasToString("C");
                  session.send('X', "status=0");
                }))
        .isInstanceOf(MicaException.class)
        .hasMessage("cannot read standard input: it is broken");
  }

  @Test
  void cancelledItLetsGo() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    FutureTask<Integer> attaching =
        new FutureTask<>(() ->
            attach(
                Kind.HEARS,
                pipes(into -> 0),
                session -> {
                  session.greet();
                  begun.countDown();
                  session.end();
                }));
    Thread thread = Thread.ofPlatform().start(attaching);
    begun.await();
    thread.interrupt();
    assertThatThrownBy(attaching::get).hasCauseInstanceOf(CancellationException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "abc, abc, false",
    "aPb, aPb, false",
    "aP, a, false",
    "P|Q, '', true",
    "PQ, '', true",
    "aPQb, a, true",
    "PPQ, P, true",
    "P|P|x|Q, PPxQ, false",
    "Q|P|Q, Q, true",
  })
  void theKeysThatDetachAreNotPassed(String typed, String passed, boolean left) {
    DetachKeys keys = new DetachKeys("PQ".getBytes(StandardCharsets.US_ASCII));
    DetachKeys none = new DetachKeys(new byte[0]);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (String each : typed.split("\\|", -1)) {
      byte[] bytes = each.getBytes(StandardCharsets.US_ASCII);
      all.writeBytes(keys.pass(bytes, bytes.length));
      assertThat(none.pass(bytes, bytes.length)).isEqualTo(bytes);
    }
    assertThat(all).hasToString(passed);
    assertThat(keys.isTyped()).isEqualTo(left);
    assertThat(none.isTyped()).isFalse();
  }
}
