package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.FakeGuest;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program's own streams and terminal, attached to a process that a fake guest plays. */
@Timeout(300)
final class AttachTest {
  private final Scratch scratch = new Scratch();
  private final Path socket = scratch.path("stream");

  @AfterEach
  void remove() {
    scratch.close();
  }

  private Process begin(List<String> command) throws IOException {
    return new ProcessBuilder(command).redirectError(scratch.path("err").toFile()).start();
  }

  private static String said(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void bytesArePassedAsTheyAre() throws Exception {
    byte[] all = new byte[3_000_000];
    new Random(6).nextBytes(all);
    FakeGuest.Part cat =
        session -> {
          session.greet();
          session.cat();
          session.end();
        };
    try (FakeGuest _ = new FakeGuest(socket, cat)) {
      Process process = begin(Attach.command(socket, "input"));
      FutureTask<Boolean> typing =
          new FutureTask<>(() -> {
            try (OutputStream in = process.getOutputStream()) {
              in.write(all);
            }
            return true;
          });
      Thread.ofVirtual().start(typing);
      byte[] got = process.getInputStream().readAllBytes();
      assertThat(Scratch.read(scratch.path("err"))).isEmpty();
      assertThat(Arrays.equals(got, all)).isTrue();
      assertThat(typing.get()).isTrue();
      assertThat(process.waitFor()).isZero();
    }
  }

  @Test
  void aReaderThatLeavesEndsTheProcess() throws Exception {
    FakeGuest.Part yes =
        session -> {
          session.greet();
          assertThat(session.next()).hasToString("C");
          session.send('O', "y\n".repeat(30_000));
          FutureTask<String> told = new FutureTask<>(() -> session.next().toString());
          Thread.ofVirtual().start(told);
          while (!told.isDone()) {
            session.send('O', "y\n".repeat(30_000));
          }
          assertThat(told.get()).isEqualTo("K 13");
          session.send('X', "status=0 signal=13");
          session.end();
        };
    try (FakeGuest _ = new FakeGuest(socket, yes)) {
      List<String> command =
          new ArrayList<>(List.of("bash", "-c", "\"$@\" | head -1; echo ${PIPESTATUS[0]}", "bash"));
      command.addAll(Attach.command(socket));
      assertThat(said(begin(command))).isEqualTo("y\n141\n");
      assertThat(Scratch.read(scratch.path("err"))).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"INT, 2", "TERM, 15", "HUP, 1", "USR1, 10"})
  void signalsArePassedOn(String name, int number) throws Exception {
    BlockingQueue<String> came = new LinkedBlockingQueue<>();
    FakeGuest.Part deaf =
        session -> {
          session.greet();
          came.add(session.next().toString());
          came.add(session.next().toString());
          session.send('X', "status=9");
          session.end();
        };
    try (FakeGuest _ = new FakeGuest(socket, deaf)) {
      Process process = begin(Attach.command(socket));
      assertThat(came.take()).isEqualTo("C");
      kill(process, name);
      assertThat(came.take()).isEqualTo("K " + number);
      assertThat(process.waitFor()).as(Scratch.read(scratch.path("err"))).isEqualTo(9);
    }
  }

  private static void kill(Process process, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  @Test
  void whoeverAsksForTheThirdTimeIsLetGo() throws Exception {
    BlockingQueue<String> came = new LinkedBlockingQueue<>();
    FakeGuest.Part deaf =
        session -> {
          session.greet();
          for (int i = 0; i < 3; i++) {
            came.add(session.next().toString());
          }
          session.end();
          came.add("end");
        };
    try (FakeGuest _ = new FakeGuest(socket, deaf)) {
      Process process = begin(Attach.command(socket));
      assertThat(came.take()).isEqualTo("C");
      kill(process, "INT");
      assertThat(came.take()).isEqualTo("K 2");
      kill(process, "TERM");
      assertThat(came.take()).isEqualTo("K 15");
      kill(process, "INT");
      assertThat(came.take()).isEqualTo("end");
      assertThat(process.waitFor()).isEqualTo(1);
    }
  }

  /** It is the next one's. */
  @Test
  void whatComesAfterTheEndIsNotRead() throws Exception {
    FakeGuest.Part brief =
        session -> {
          session.greet();
          session.allow(100);
          assertThat(session.next()).hasToString("I first\n");
          session.send('X', "status=0");
        };
    try (FakeGuest _ = new FakeGuest(socket, brief)) {
      Process process = begin(Attach.command(socket, "input", "more"));
      OutputStream in = process.getOutputStream();
      in.write("first\n".getBytes(StandardCharsets.UTF_8));
      in.flush();
      InputStream out = process.getInputStream();
      assertThat(new String(out.readNBytes(5), StandardCharsets.UTF_8)).isEqualTo("over\n");
      in.write("second\n".getBytes(StandardCharsets.UTF_8));
      in.flush();
      assertThat(said(process)).isEqualTo("second\n");
      assertThat(process.waitFor()).isZero();
    }
  }

  /** Says what it is sent, and ends with 5 when it gets a q or an interrupt. */
  private static void echo(FakeGuest.Session session) throws IOException {
    session.greet();
    session.allow(1_000_000);
    session.send('O', "ready.\r\n");
    boolean over = false;
    while (!over) {
      FakeGuest.Frame frame = session.next();
      String hex = HexFormat.of().formatHex(frame.payload());
      String said = frame.type() == 'I' ? "I " + hex : frame.toString();
      session.send('O', said + ".\r\n");
      over = said.equals("I 71") || said.equals("K 2");
    }
    session.send('X', "status=5");
    session.end();
  }

  /** {@code src/test/pty/prompt.py} types and looks. */
  @ParameterizedTest
  @ValueSource(strings = {"attached", "seen", "shown"})
  void atARealTerminal(String name) throws Exception {
    String[] words =
        switch (name) {
          case "attached" -> new String[] {"input", "terminal"};
          case "seen" -> new String[] {"terminal"};
          default -> new String[] {"input"};
        };
    try (FakeGuest _ = new FakeGuest(socket, AttachTest::echo)) {
      type(name, Attach.command(socket, words));
    }
  }

  @Test
  void theKeysThatDetachLeaveTheProcess() throws Exception {
    FakeGuest.Part part =
        session -> {
          session.greet();
          session.allow(100);
          assertThat(session.next()).hasToString("Z 24 80");
          session.send('O', "ready\r\n");
          assertThat(session.next()).hasToString("I \u0010x");
          session.send('O', "got it\r\n");
          session.end();
        };
    try (FakeGuest _ = new FakeGuest(socket, part)) {
      type("let_go", Attach.command(socket, "input", "terminal", "stays"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "lines"})
  void atThePrompt(String name) throws Exception {
    try (FakeGuest _ = new FakeGuest(socket, AttachTest::echo)) {
      type(name, Runs.command(List.of()));
    }
  }

  /** Where lines are commands, they are nobody's input. */
  @Test
  void aConversationFromAPipeGoesOnBehindIt() throws Exception {
    String connect =
        "p = dev.mica.vm.stream.ProcessStream.connect(java.nio.file.Path.of('%s'), 'ls')";
    String attach = "new dev.mica.vm.stream.Attachable(p, %s, false, false)";
    String text = String.join("\n", connect + "; null", attach, "6 * 7", "");
    FakeGuest.Part part =
        session -> {
          session.greet();
          assertThat(session.next()).hasToString("C");
          session.send('O', "said\n");
          session.send('X', "status=0");
        };
    try (FakeGuest _ = new FakeGuest(socket, part)) {
      Process process = piped(String.format(text, socket, "false"));
      assertThat(said(process)).isEqualTo("said\n42\n");
      assertThat(process.waitFor()).isZero();
    }
    Path other = scratch.path("other");
    FakeGuest.Part refused =
        session -> {
          session.greet();
          session.end();
        };
    try (FakeGuest _ = new FakeGuest(other, refused)) {
      Process process = piped(String.format(text, other, "true"));
      assertThat(said(process)).isEqualTo("42\n");
      assertThat(process.waitFor()).isEqualTo(2);
      assertThat(Scratch.read(scratch.path("err")))
          .startsWith("mica: cannot attach to ls: the lines here are commands; ");
    }
  }

  private Process piped(String lines) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of()));
    builder.environment().put("MICA_HOME", scratch.path("home").toString());
    builder.redirectInput(scratch.file("in", lines).toFile());
    return builder.redirectError(scratch.path("err").toFile()).start();
  }

  private void type(String name, List<String> program) throws Exception {
    Path typist = Path.of(System.getProperty("mica.root"), "shell/src/test/pty/prompt.py");
    List<String> command = new ArrayList<>(List.of("python3", typist.toString(), name));
    command.addAll(program);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("MICA_HOME", scratch.path("home").toString());
    builder.environment().put("TERM", "xterm-256color");
    Process process = builder.start();
    String said = said(process);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
