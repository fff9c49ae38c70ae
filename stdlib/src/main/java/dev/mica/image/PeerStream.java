package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.remote.PumpedInput;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Two Micas that talk of one image: short lines, and bytes whose number was said before ({@code
 * docs/layers-protocol.md}). Nothing that the other side says is believed.
 */
final class PeerStream implements AutoCloseable {
  private static final String GREETING = "mica-layers 1";
  private static final int LONGEST_LINE = 256;
  private static final int SHOWN = 60;

  private final InputStream in;
  private final OutputStream out;
  private final String label;
  private volatile boolean gone;

  /**
   * Over two streams, which stay open.
   *
   * @param label how the other side is called in messages
   */
  PeerStream(InputStream in, OutputStream out, String label) {
    this.in = new PumpedInput(in);
    this.out = out;
    this.label = label;
  }

  /** Both sides begin with this. */
  void greet() throws IOException {
    say(GREETING);
    String said = line();
    if (!said.equals(GREETING)) {
      throw wrong(
          said.startsWith("mica-layers ")
              ? "it speaks version " + shown(said.substring(12)) + ", and this Mica version 1"
              : "it answers '" + shown(said) + "', as no Mica does");
    }
  }

  /** Sends a line. */
  void say(String line) throws IOException {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
    send(bytes, bytes.length);
    flush();
  }

  /** Sends bytes whose number was said. */
  void send(byte[] bytes, int length) throws IOException {
    try {
      out.write(bytes, 0, length);
    } catch (IOException left) {
      throw closed(left);
    }
  }

  void flush() throws IOException {
    try {
      out.flush();
    } catch (IOException left) {
      throw closed(left);
    }
  }

  private EOFException closed() {
    gone = true;
    return new EOFException("the connection was closed");
  }

  /** Of a program that has ended, a pipe says it in words of its own. */
  private IOException closed(IOException left) {
    return (IOException) closed().initCause(left);
  }

  /** Whether the connection has ended: then the other side may have said why. */
  boolean hasGone() {
    return gone;
  }

  /** The next line, without its end. */
  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    byte[] one = new byte[1];
    for (int c = next(one); c != '\n'; c = next(one)) {
      if (line.length() == LONGEST_LINE) {
        throw wrong("a line of it has no end");
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private int next(byte[] one) throws IOException {
    int _ = read(one, 0, 1);
    return one[0] & 0xff;
  }

  /** The words of the next line, which must be an answer of that kind and length. */
  List<String> answer(String kind, int words) throws IOException {
    String line = line();
    List<String> all = List.of(line.split(" ", -1));
    if (all.size() != words || !all.getFirst().equals(kind)) {
      throw wrong("it answers '" + shown(line) + "' to a question for " + kind);
    }
    return all;
  }

  /** What it says is a number, of 0 to {@code most}. */
  long number(String text, long most) {
    if (!text.matches("[0-9]{1,18}") || Long.parseLong(text) > most) {
      throw wrong("it says '" + shown(text) + "' for a number of at most " + most);
    }
    return Long.parseLong(text);
  }

  /** Some of the bytes that it sends. */
  int read(byte[] into, int offset, int length) throws IOException {
    int n;
    try {
      n = in.read(into, offset, length);
    } catch (InterruptedIOException cancelled) {
      throw cancelled;
    } catch (IOException broken) {
      throw closed(broken);
    }
    if (n < 0) {
      throw closed();
    }
    return n;
  }

  /** As many of them. */
  byte[] read(int length) throws IOException {
    byte[] bytes = new byte[length];
    for (int at = 0; at < length; ) {
      at += read(bytes, at, length - at);
    }
    return bytes;
  }

  MicaException wrong(String why) {
    return MicaException.failed("understand", label, why);
  }

  private static String shown(String text) {
    String begin = text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
    return begin
        .chars()
        .mapToObj(c -> c < ' ' || c > '~' ? (c == '…' ? "…" : "?") : String.valueOf((char) c))
        .reduce("", String::concat);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
