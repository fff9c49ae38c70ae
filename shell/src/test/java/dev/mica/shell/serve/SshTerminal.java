package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A client of OpenSSH with a terminal at the server's side: what is typed, and what is seen. */
final class SshTerminal implements AutoCloseable {
  private static final Pattern CONTROL =
      Pattern.compile("\u001b\\[[0-9;?<>=]*[a-zA-Z]|\u001b[=>()][0B]?|[\r\u0007]");

  /** What only a hang exceeds. */
  private static final long HANGS_NANOS = TimeUnit.MINUTES.toNanos(2);

  private final Process process;
  private final OutputStream keys;
  private final ByteArrayOutputStream raw = new ByteArrayOutputStream();
  private final Thread reading;
  private boolean over;
  private int at;

  /** Starts the client {@code command}, which is to ask for a terminal by {@code -tt}. */
  SshTerminal(List<String> command) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      String _ = builder.environment().put("TERM", "xterm-256color");
      process = builder.start();
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
    keys = process.getOutputStream();
    reading = Thread.ofVirtual().start(this::read);
  }

  private void read() {
    byte[] buffer = new byte[8192];
    try (InputStream from = process.getInputStream()) {
      for (int got = from.read(buffer); got >= 0; got = from.read(buffer)) {
        synchronized (this) {
          raw.write(buffer, 0, got);
          notifyAll();
        }
      }
    } catch (IOException ended) {
      // told below
    }
    synchronized (this) {
      over = true;
      notifyAll();
    }
  }

  /** All that came, a character for each byte. */
  synchronized String raw() {
    return raw.toString(StandardCharsets.ISO_8859_1);
  }

  /** The same as text without control sequences. */
  synchronized String seen() {
    return CONTROL.matcher(raw.toString(StandardCharsets.UTF_8)).replaceAll("");
  }

  void type(String text) {
    try {
      keys.write(text.getBytes(StandardCharsets.UTF_8));
      keys.flush();
    } catch (IOException ended) {
      throw new AssertionError("cannot type any more; seen: " + seen(), ended);
    }
  }

  /** Waits for a text behind what was seen before. */
  synchronized void sees(String text) {
    long end = System.nanoTime() + HANGS_NANOS;
    int found = seen().indexOf(text, at);
    while (found < 0) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      assertThat(left > 0 && !over).as("waiting for %s, seen: %s", text, seen()).isTrue();
      try {
        wait(left);
      } catch (InterruptedException stop) {
        throw new AssertionError(stop);
      }
      found = seen().indexOf(text, at);
    }
    at = found + text.length();
  }

  /** Waits for the end of the client; its exit status. */
  int ends() {
    try {
      assertThat(process.waitFor(HANGS_NANOS, TimeUnit.NANOSECONDS)).as(seen()).isTrue();
      reading.join();
      return process.exitValue();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  /** Kills the client, which tells the server nothing. */
  void kill() {
    process.destroyForcibly();
    int _ = ends();
  }

  @Override
  public void close() {
    kill();
  }
}
