package dev.mica.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Those who watch see what the session was shown, and it never waits for them. */
@Timeout(120)
final class WatchTest {
  private static final int MIB = 1 << 20;

  private final ByteArrayOutputStream client = new ByteArrayOutputStream();
  private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
  private final Shown shown = new Shown("xterm", 80, 24);
  private final OutputStream screen = shown.through(client);

  private void show(String text) throws IOException {
    screen.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private String seen() {
    return seen.toString(StandardCharsets.ISO_8859_1);
  }

  @Test
  void bytesAreSeenAsTheyAreFromTheLastOnesOn() throws Exception {
    show("before\r\n");
    try (Watch watch = shown.watch("it")) {
      show("\u001b[31m\u00ff\u0000after");
      shown.end(0);
      assertThat(watch.copyTo(seen)).isEqualTo(Watch.End.ENDED);
    }
    assertThat(seen()).isEqualTo("before\r\n\u001b[31m\u00ff\u0000after");
    assertThat(client.toString(StandardCharsets.ISO_8859_1)).isEqualTo(seen());
  }

  /** Of much that was shown before, it begins with a whole line. */
  @Test
  void whatWasShownBeforeIsBounded() throws Exception {
    for (int i = 0; i < 4000; i++) {
      show("line " + i + "\n");
    }
    try (Watch watch = shown.watch("it")) {
      shown.end(0);
      assertThat(watch.copyTo(seen)).isEqualTo(Watch.End.ENDED);
    }
    assertThat(seen()).matches("(?s)line \\d{4}\n.*line 3999\n").hasSizeBetween(16_000, 16_384);
  }

  @Test
  void whoIsTooSlowIsCutOff() throws Exception {
    try (Watch slow = shown.watch("it")) {
      for (int i = 0; i < 3; i++) {
        screen.write(new byte[MIB / 2]);
      }
      assertThat(shown.watches()).isZero();
      assertThat(slow.copyTo(seen)).isEqualTo(Watch.End.SLOW);
      assertThat(seen()).isEmpty();
      assertThat(client.size()).isEqualTo(3 * MIB / 2);
    }
  }

  @Test
  void whoLeavesSeesNoMore() throws Exception {
    Watch watch = shown.watch("it");
    CompletableFuture<Watch.End> end =
        CompletableFuture.supplyAsync(() -> {
          try {
            return watch.copyTo(seen);
          } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
          }
        });
    watch.close();
    assertThat(end.join()).isEqualTo(Watch.End.LEFT);
    show("more");
    assertThat(seen()).isEmpty();
    assertThat(shown.watches()).isZero();
  }

  /** Otherwise two who watch each other would show the same bytes for ever. */
  @Test
  void whatIsWatchedIsNotPassedOn() throws Exception {
    try (Watch own = shown.watch("it")) {
      show("once");
      CompletableFuture<Watch.End> end =
          CompletableFuture.supplyAsync(() -> {
            try {
              return own.copyTo(screen);
            } catch (IOException | InterruptedException failed) {
              throw new AssertionError(failed);
            }
          });
      shown.end(0);
      assertThat(end.join()).isEqualTo(Watch.End.ENDED);
    }
    assertThat(client.toString(StandardCharsets.ISO_8859_1)).isEqualTo("onceonce");
  }
}
