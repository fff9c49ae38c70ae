package dev.mica.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.state.StateDir;
import dev.mica.test.ScratchTest;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Recordings in the format asciicast v3. */
final class RecorderTest extends ScratchTest {
  private static final Path CAST = Path.of("x.cast");

  private final AtomicLong clock = new AtomicLong();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private Recorder recorder(OutputStream to, long most) {
    Recorder recorder = new Recorder(CAST, to, most, clock::get);
    recorder.begin("xterm-256color", 80, 24, 1_500_000_000L, "session 1 of ann");
    return recorder;
  }

  private void later(int millis) {
    clock.addAndGet(millis * 1_000_000L);
  }

  private static void show(Recorder recorder, int... bytes) {
    byte[] all = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      all[i] = (byte) bytes[i];
    }
    recorder.show(all, 0, all.length);
  }

  /** A character that comes in two pieces is whole, and what is no UTF-8 is replaced. */
  @Test
  void aRecordingIsAHeaderAndEvents() {
    Recorder recorder = recorder(out, 1 << 20);
    later(248);
    show(recorder, 0x1b, '[', '1', 'm', '"', 0xc3);
    later(1001);
    show(recorder, 0xa4, '\r', '\n', 0xff, 'x');
    later(2);
    recorder.resized(90, 30);
    show(recorder, 0xe2, 0x82);
    later(60_000);
    recorder.end(7);
    show(recorder, 'n', 'o');
    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo(
            """
            {"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},"timestamp":1500000000,"title":"session 1 of ann"}
            [0.248,"o","\\u001B[1m\\""]
            [1.001,"o","\u00e4\\r\\n\ufffdx"]
            [0.002,"r","90x30"]
            [60.000,"o","\ufffd"]
            [0.000,"x","7"]
            """);
  }

  /** However bytes are cut into pieces, the text is that of all of them. */
  @Test
  void piecesMakeTheWhole() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (random.nextBoolean() ? 0xf0 + random.nextInt(16) : random.nextInt(256));
      }
      byte[] text =
          "a\u00e4\u20ac\ud83d\ude00".repeat(random.nextInt(4)).getBytes(StandardCharsets.UTF_8);
      byte[] all = new byte[bytes.length + text.length];
      System.arraycopy(text, 0, all, 0, text.length);
      System.arraycopy(bytes, 0, all, text.length, bytes.length);
      Utf8 pieces = new Utf8();
      StringBuilder joined = new StringBuilder();
      for (int at = 0; at < all.length; ) {
        int length = 1 + random.nextInt(all.length - at);
        joined.append(pieces.next(all, at, length));
        at += length;
      }
      assertThat(joined.append(pieces.end()))
          .as("seed %d", seed)
          .hasToString(new String(all, StandardCharsets.UTF_8));
    }
  }

  @Test
  void aRecordingIsBounded() throws IOException {
    Recorder recorder = recorder(out, 1000);
    for (int i = 0; i < 1000; i++) {
      show(recorder, 'x');
    }
    assertThat(recorder.isOpen()).isFalse();
    recorder.end(0);
    String[] lines = out.toString(StandardCharsets.UTF_8).split("\n", -1);
    assertThat(out.size()).isBetween(1000, 1200);
    JsonNode last = JsonMapper.shared().readTree(lines[lines.length - 2]);
    assertThat(last.get(1).asString()).isEqualTo("m");
    assertThat(last.get(2).asString()).startsWith("the recording ends here, because it has 10");
  }

  /** A full disk ends the recording, and nothing else. */
  @Test
  void aFullDiskEndsTheRecordingAlone() throws IOException {
    Shown shown = new Shown("xterm", 80, 24);
    try (OutputStream full = new FileOutputStream("/dev/full")) {
      shown.record(recorder(full, 1 << 20));
      OutputStream screen = shown.through(out);
      screen.write('x');
      shown.resized(90, 30);
      assertThat(shown.isRecorded()).isFalse();
      shown.end(0);
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("x");
  }

  /** A terminal writes each byte alone. */
  @Test
  void whatIsSentTogetherIsOneEvent() throws IOException {
    Shown shown = new Shown("xterm", 80, 24);
    shown.record(recorder(out, 1 << 20));
    OutputStream screen = shown.through(OutputStream.nullOutputStream());
    for (char each : "hello".toCharArray()) {
      screen.write(each);
    }
    screen.flush();
    shown.end(0);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .endsWith("[0.000,\"o\",\"hello\"]\n[0.000,\"x\",\"0\"]\n");
  }

  private static Registry.Entry entry(String user, int number) {
    Seat seat = new Seat(Caller.of(user, Role.VIEWER, Path.of("/"), Map.of()));
    Instant since = Instant.ofEpochSecond(1_500_000_000L + number);
    return new Registry.Entry(number, seat, since, new AtomicBoolean());
  }

  /** The oldest is removed for a new one; those of others stay. */
  @Test
  void ofEachUserTheLastAreKept() throws IOException {
    Recordings recordings = new Recordings(StateDir.at(scratch.path("home")));
    assertThat(recordings.list()).isEmpty();
    recordings.begin(entry("x-ann", 1), new Shown("xterm", 80, 24));
    for (int i = 2; i < Recordings.MOST_OF_USER + 4; i++) {
      Shown shown = new Shown("xterm", 80, 24);
      recordings.begin(entry("ann", i), shown);
      shown.end(0);
    }
    assertThat(recordings.list()).hasSize(Recordings.MOST_OF_USER + 1);
    assertThat(recordings.list().getFirst().user()).isEqualTo("x-ann");
    Recording oldest = recordings.list().get(1);
    assertThat(oldest.file()).hasFileName("20170714T024004Z-4-ann.cast");
    assertThat(oldest.began()).isEqualTo(Instant.ofEpochSecond(1_500_000_004L));
    assertThat(oldest.size()).isEqualTo(Files.size(oldest.file()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(oldest.file())))
        .isEqualTo("rw-------");
  }

  /** Where nothing can be written the session goes on without. */
  @Test
  void whatCannotBeRecordedIsNot() throws IOException {
    Recordings recordings = new Recordings(StateDir.at(scratch.path("home")));
    Path _ = scratch.file("home/recordings", "no directory");
    Shown shown = new Shown("xterm", 80, 24);
    recordings.begin(entry("ann", 1), shown);
    assertThat(shown.isRecorded()).isFalse();
  }
}
