package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Logs as {@code mica-monitor} writes them, in up to three files that get other names meanwhile.
 */
@Timeout(120)
final class VmLogTest {
  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private final Scratch scratch = new Scratch();
  private final VmFiles files = new VmFiles(scratch.path(""));
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream error = new ByteArrayOutputStream();

  @AfterEach
  void remove() {
    scratch.close();
  }

  private Path numbered(int number) {
    return number == 0 ? files.log() : scratch.path("log." + number);
  }

  private void put(int number, int second, String rest) throws IOException {
    Files.writeString(
        numbered(number),
        "2026-11-28T18:37:0" + second + ".123456789Z " + rest + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private void read(LogQuery query) throws IOException, InterruptedException {
    out.reset();
    error.reset();
    new VmLog(files, query, () -> false, () -> true).copyTo(out, error);
  }

  private String said() {
    return out.toString(StandardCharsets.UTF_8) + "|" + error.toString(StandardCharsets.UTF_8);
  }

  @Test
  void whatWasSaidIsReadFromTheOldestFileToTheNewest() throws Exception {
    read(LogQuery.ALL);
    assertThat(said()).isEqualTo("|");
    put(2, 1, "stdout F one");
    put(1, 2, "stdout P tw");
    put(1, 3, "stderr F oops  two spaces");
    put(0, 4, "stdout F o");
    put(0, 5, "stdout F ");
    Files.writeString(files.log(), "torn\n", StandardOpenOption.APPEND);
    put(0, 6, "stdout P no end");
    read(LogQuery.ALL);
    assertThat(said()).isEqualTo("one\ntwo\n\nno end|oops  two spaces\ntorn\n");
    read(new LogQuery(false, 2, false, null));
    assertThat(said()).isEqualTo("\nno end|torn\n");
    read(new LogQuery(true, 0, false, null));
    assertThat(said()).isEqualTo("|");
    read(new LogQuery(false, -1, false, Instant.parse("2026-11-28T18:37:04.123456789Z")));
    assertThat(said()).isEqualTo("o\n\nno end|");
    read(new LogQuery(false, -1, true, null));
    assertThat(said())
        .isEqualTo(
            "2026-11-28T18:37:01.123456789Z one\n2026-11-28T18:37:02.123456789Z two\n"
                + "2026-11-28T18:37:05.123456789Z \n2026-11-28T18:37:06.123456789Z no end"
                + "|2026-11-28T18:37:03.123456789Z oops  two spaces\ntorn\n");
  }

  /** As the monitor does it. */
  private void rotate() throws IOException {
    Files.deleteIfExists(numbered(2));
    for (int number = 1; number >= 0; number--) {
      if (Files.exists(numbered(number))) {
        Path _ = Files.move(numbered(number), numbered(number + 1), StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private static final class Counted extends OutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final AtomicInteger lines = new AtomicInteger();

    @Override
    public synchronized void write(int one) {
      bytes.write(one);
      if (one == '\n') {
        int _ = lines.incrementAndGet();
      }
    }

    synchronized String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }

  /** A reader that is at most two files behind misses nothing, and gets nothing twice. */
  @Test
  void whoFollowsGoesOnWhereFilesGetOtherNames() throws Exception {
    Counted lines = new Counted();
    AtomicBoolean over = new AtomicBoolean();
    VmLog log = new VmLog(files, new LogQuery(true, -1, false, null), () -> false, over::get);
    CompletableFuture<Boolean> reading =
        CompletableFuture.supplyAsync(() -> {
          try {
            log.copyTo(lines, lines);
            return true;
          } catch (IOException | InterruptedException broken) {
            throw new AssertionError(broken);
          }
        });
    StringBuilder wanted = new StringBuilder();
    for (int i = 0; i < 600; i++) {
      if (i % 3 == 0) {
        int behind = i - 4; // what is in the file that goes, and one line of the next
        assertThat(Poll.until(SOON, () -> lines.lines.get() >= behind || reading.isDone()))
            .isTrue();
        rotate();
      }
      put(0, 1, "stdout F line " + i);
      wanted.append("line ").append(i).append('\n');
    }
    over.set(true);
    assertThat(reading.get()).isTrue();
    assertThat(lines.text()).isEqualTo(wanted.toString());
  }
}
