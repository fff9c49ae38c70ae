package dev.mica.local;

import dev.mica.folder.Name;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process of the same user asks the server to run: {@code docs/attach-protocol.md}.
 *
 * @param facts what both must have in common
 * @param folder its working folder
 * @param terminal which of its streams are terminals
 * @param rows how many rows that terminal has; 0 without one
 * @param columns how many columns it has
 * @param type its {@code TERM}; "" without one
 * @param words what stands behind {@code mica}
 * @param environment its variables
 */
public record LocalRequest(
    String facts,
    Path folder,
    Streams terminal,
    int rows,
    int columns,
    String type,
    List<String> words,
    Map<String, String> environment) {
  private static final Pattern TERMINAL =
      Pattern.compile("([01])([01])([01]) (\\d{1,5}) (\\d{1,5}) (.*)", Pattern.DOTALL);

  /** Which of the standard streams are a terminal. */
  public record Streams(boolean in, boolean out, boolean err) {
    /** Whether somebody types, and reads what is printed. */
    public boolean isInteractive() {
      return in && out;
    }
  }

  /** Reads one. */
  static LocalRequest of(byte[] bytes) throws IOException {
    Texts texts = new Texts(bytes);
    String facts = texts.next();
    Path folder = PathBytes.toPath(texts.nextBytes());
    Matcher terminal = TERMINAL.matcher(texts.next());
    if (!terminal.matches() || !folder.isAbsolute()) {
      throw new IOException("a request that makes no sense");
    }
    List<String> words = new ArrayList<>();
    for (int left = texts.count(); left > 0; left--) {
      words.add(Name.of(texts.nextBytes()).exactText());
    }
    return new LocalRequest(
        facts,
        folder,
        new Streams(isSet(terminal, 1), isSet(terminal, 2), isSet(terminal, 3)),
        Integer.parseInt(terminal.group(4)),
        Integer.parseInt(terminal.group(5)),
        terminal.group(6),
        words,
        variables(texts));
  }

  private static boolean isSet(Matcher terminal, int group) {
    return terminal.group(group).equals("1");
  }

  private static Map<String, String> variables(Texts texts) throws IOException {
    Map<String, String> variables = new HashMap<>();
    for (int left = texts.count(); left > 0; left--) {
      String each = texts.next();
      int equals = each.indexOf('=', 1);
      if (equals > 0) {
        variables.putIfAbsent(each.substring(0, equals), each.substring(equals + 1));
      }
    }
    return variables;
  }

  /** Texts, each with a zero byte at its end. */
  private static final class Texts {
    private final byte[] bytes;
    private int at;

    Texts(byte[] bytes) {
      this.bytes = bytes;
    }

    byte[] nextBytes() throws IOException {
      int from = at;
      while (at < bytes.length && bytes[at] != 0) {
        at++;
      }
      if (at == bytes.length) {
        throw new IOException("a request that ends in the middle");
      }
      return java.util.Arrays.copyOfRange(bytes, from, at++);
    }

    String next() throws IOException {
      return new String(nextBytes(), StandardCharsets.UTF_8);
    }

    int count() throws IOException {
      try {
        return Integer.parseInt(next());
      } catch (NumberFormatException wrong) {
        throw new IOException("a request with a wrong number", wrong);
      }
    }
  }
}
