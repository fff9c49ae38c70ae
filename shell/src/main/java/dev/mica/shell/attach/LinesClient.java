package dev.mica.shell.attach;

import dev.mica.failure.MicaException;
import dev.mica.vm.Console;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Lines of a program: each is sent when the one before was answered, so that none is lost and no
 * echo falls into an answer. What the guest says meanwhile is printed, but for the echoes.
 */
record LinesClient(InputStream in) {
  /** What a terminal takes as one line, less its end. */
  private static final int LONGEST = 4095;

  private static final Pattern LIMIT = Pattern.compile(" limit=(\\d{1,7})(?: |$)");
  private static final Duration USUAL = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** Until the lines end, or the guest does; the exit status. */
  int attach(Console console, Writer out) throws IOException {
    BlockingQueue<Heard> said = new LinkedBlockingQueue<>();
    InputStream from = console.input();
    OutputStream to = console.output(); // now: whoever hears the guest end closes both
    Thread.ofVirtual().start(() -> hear(from, said));
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (!line.isBlank()) {
        ask(line.strip(), to, said, out);
      }
    }
    return 0;
  }

  /** What is said to them. */
  String record(Console console) throws IOException {
    StringWriter said = new StringWriter();
    int _ = attach(console, said);
    return said.toString();
  }

  /** A line, or null: there will be no more. */
  private record Heard(@Nullable String line) {}

  private static void hear(InputStream from, BlockingQueue<Heard> said) {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
      lines.lines().map(Heard::new).forEach(said::add);
    } catch (IOException | java.io.UncheckedIOException ended) {
      // told below: how it ended does not matter
    }
    said.add(new Heard(null));
  }

  private static void ask(String line, OutputStream to, BlockingQueue<Heard> said, Writer out)
      throws IOException {
    requireTypable(line);
    send(line, to);
    boolean echoed = false;
    long deadline = System.nanoTime() + limit(line).toNanos();
    while (true) {
      String heard = next(said, deadline, line);
      if (!echoed && heard.endsWith(line)) {
        echoed = true;
        continue;
      }
      out.write(heard + "\n");
      out.flush();
      if (isAnswer(heard, line)) {
        return;
      }
    }
  }

  private static void requireTypable(String line) {
    if (line.getBytes(StandardCharsets.UTF_8).length > LONGEST
        || line.chars().anyMatch(Character::isISOControl)) {
      throw MicaException.usage(
          "send to the console",
          line.substring(0, Math.min(line.length(), 40)),
          "a line there has at most " + LONGEST + " bytes, and no control characters");
    }
  }

  private static void send(String line, OutputStream to) {
    try {
      to.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      to.flush();
    } catch (IOException gone) {
      throw silent(line, "the helper VM has ended").because(gone);
    }
  }

  private static String next(BlockingQueue<Heard> said, long deadline, String line) {
    try {
      @Nullable Heard next =
          said.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (next == null) {
        throw silent(line, "it did not come within " + limit(line).toSeconds() + " s");
      }
      if (next.line == null) {
        throw silent(line, "the helper VM has ended");
      }
      return next.line;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new CancellationException("cancelled");
    }
  }

  private static MicaException silent(String line, String why) {
    return MicaException.failed("hear the answer to", "'" + line + "'", why);
  }

  /** The agent answers within the request's own limit; no verb has a longer one than a minute. */
  private static Duration limit(String line) {
    Matcher given = LIMIT.matcher(line);
    return (given.find() ? Duration.ofMillis(Long.parseLong(given.group(1))) : USUAL).plus(GRACE);
  }

  /** A request whose id cannot be used is answered to "-". */
  private static boolean isAnswer(String heard, String line) {
    String id = line.split(" ", 2)[0];
    return (heard + " ").startsWith(id + " ok ")
        || heard.startsWith(id + " error ")
        || heard.startsWith("- error ");
  }
}
