package dev.mica.shell.attach;

import dev.mica.vm.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.utils.NonBlockingReader;

/**
 * Somebody at a terminal: every key goes to the guest, which echoes it, but for the one that
 * detaches.
 *
 * @param taken whether keys are the guest's now, for whoever else looks at them
 */
public record TerminalClient(Terminal terminal, AtomicBoolean taken) implements ConsoleClient {
  private static final int DETACH = ']' & 0x1f;
  private static final int TICK_MILLIS = 50;

  @Override
  public void attach(Console console, Writer out) throws IOException {
    Attributes before = terminal.enterRawMode();
    boolean left;
    taken.set(true);
    try {
      passAllKeys();
      say("attached to the helper VM; Ctrl-] detaches, Enter helps");
      show(console.recent().replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
      left = converse(console);
    } finally {
      terminal.setAttributes(before);
      taken.set(false);
    }
    say("");
    say(left ? "detached; the helper VM goes on" : "the helper VM has ended");
  }

  /** Ctrl-C and the like are for the guest. */
  private void passAllKeys() {
    Attributes raw = terminal.getAttributes();
    raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
    terminal.setAttributes(raw);
  }

  private void say(String line) {
    terminal.writer().print(line + "\r\n");
    terminal.flush();
  }

  private void show(byte[] bytes) throws IOException {
    terminal.output().write(bytes);
    terminal.output().flush();
  }

  /** Whether it was the user who left. */
  private boolean converse(Console console) throws IOException {
    InputStream said = console.input();
    OutputStream typed = console.output();
    Thread listening = Thread.ofPlatform().daemon().name("mica-console").start(() -> showAll(said));
    try {
      return typeAll(typed, listening);
    } catch (InterruptedIOException cancelled) {
      throw new CancellationException("cancelled");
    } finally {
      console.close();
      join(listening);
    }
  }

  private void showAll(InputStream said) {
    byte[] buffer = new byte[8192];
    try {
      for (int got = said.read(buffer); got >= 0; got = said.read(buffer)) {
        show(Arrays.copyOf(buffer, got));
      }
    } catch (IOException ended) {
      return; // whoever types hears that this thread is over
    }
  }

  private boolean typeAll(OutputStream typed, Thread listening) throws IOException {
    Writer keys = new OutputStreamWriter(typed, StandardCharsets.UTF_8);
    while (listening.isAlive()) {
      if (!Keyboard.hasKey(terminal, TICK_MILLIS)) {
        continue;
      }
      int key = terminal.reader().read();
      if (key == DETACH || key == NonBlockingReader.EOF) {
        return true;
      }
      if (!isSent(keys, key)) {
        return false;
      }
    }
    return false;
  }

  private static boolean isSent(Writer keys, int key) {
    try {
      keys.write(key);
      keys.flush();
      return true;
    } catch (IOException gone) {
      return false;
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
