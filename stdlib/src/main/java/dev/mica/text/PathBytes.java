package dev.mica.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Paths and the bytes that the kernel knows them by. A Path keeps any bytes, but its text shows
 * U+FFFD for what the locale cannot decode; its {@code file:} URI has them all.
 *
 * <p>A text that was made of bytes by {@link #decode} has them all too: a byte that is not UTF-8 is
 * a surrogate of its own in it, U+DC80 to U+DCFF, as in Python's file names. No text that was UTF-8
 * has one.
 */
public final class PathBytes {
  private static final char REPLACEMENT = '\uFFFD';
  private static final char FIRST = '\uDC80';
  private static final char LAST = '\uDCFF';

  private PathBytes() {}

  /** The bytes of {@code path}, made absolute. */
  public static byte[] of(Path path) {
    return asItIs(absolute(path));
  }

  /** The bytes of {@code path} as it is, relative or absolute. */
  public static byte[] asItIs(Path path) {
    if (path.isAbsolute() || !isLossy(path)) {
      return isLossy(path) ? exact(path) : path.toString().getBytes(StandardCharsets.UTF_8);
    }
    byte[] below = exact(Path.of("/").resolve(path));
    return Arrays.copyOfRange(below, 1, below.length);
  }

  /** {@code path} below the working directory, whose own name may be of any bytes. */
  public static Path absolute(Path path) {
    Path absolute = path.toAbsolutePath();
    return path.isAbsolute() || !isLossy(absolute) ? absolute : workingDirectory().resolve(path);
  }

  private static Path workingDirectory() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/cwd"));
    } catch (IOException noProc) {
      return Path.of("").toAbsolutePath();
    }
  }

  /** The bytes of the last component of {@code path}; none for the root. */
  public static byte[] ofName(Path path) {
    byte[] all = of(path);
    int at = all.length;
    while (at > 0 && all[at - 1] != '/') {
      at--;
    }
    return Arrays.copyOfRange(all, at, all.length);
  }

  /** The path with these bytes, which must be absolute. */
  public static Path toPath(byte[] bytes) {
    StringBuilder uri = new StringBuilder("file://");
    for (byte b : bytes) {
      uri.append(b == '/' ? "/" : String.format("%%%02X", b & 0xff));
    }
    return Path.of(URI.create(uri.toString()));
  }

  /** The path of {@code name} in {@code directory}. */
  public static Path resolve(Path directory, byte[] name) {
    byte[] above = of(directory);
    int slash = above.length > 1 ? 1 : 0;
    byte[] path = Arrays.copyOf(above, above.length + slash + name.length);
    path[path.length - name.length - 1] = '/';
    System.arraycopy(name, 0, path, path.length - name.length, name.length);
    return toPath(path);
  }

  /** The path that {@code text} names, which may have been made by {@link #decode}. */
  public static Path parse(String text) {
    if (isUtf8(text) || text.indexOf('\0') >= 0) {
      return Path.of(text);
    }
    if (text.startsWith("/")) {
      return toPath(encode(text));
    }
    Path root = Path.of("/");
    return root.relativize(resolve(root, encode(text)));
  }

  /** The text of {@code path}, made absolute, from which {@link #parse} makes it again. */
  public static String text(Path path) {
    return decode(of(path));
  }

  /** The text of {@code bytes}. */
  public static String decode(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length + 1);
    while (in.hasRemaining()) {
      boolean malformed = decoder.decode(in, out, true).isError();
      decoder.reset();
      if (malformed) {
        out.put((char) (FIRST - 0x80 + (in.get() & 0xff)));
      }
    }
    return out.flip().toString();
  }

  /** The bytes of a text that {@link #decode} made, or of any other as UTF-8. */
  public static byte[] encode(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    text.codePoints()
        .forEach(c -> {
          if (isByte(c)) {
            bytes.write(c - FIRST + 0x80);
          } else {
            bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
          }
        });
    return bytes.toByteArray();
  }

  /** Whether no byte of what {@code text} was made of was other than UTF-8. */
  public static boolean isUtf8(String text) {
    return text.codePoints().noneMatch(PathBytes::isByte);
  }

  private static boolean isByte(int c) {
    return c >= FIRST && c <= LAST;
  }

  /** Whether the bytes of {@code path} are UTF-8, and so its text. */
  public static boolean isText(Path path) {
    return !isLossy(path) || isUtf8(text(path));
  }

  /** For people: its text, or its bytes with what is not UTF-8 as {@code \xHH}. */
  public static String printable(Path path) {
    return isText(path) ? path.toString() : Printable.of(of(path));
  }

  private static boolean isLossy(Path path) {
    return path.toString().indexOf(REPLACEMENT) >= 0;
  }

  private static byte[] exact(Path absolute) {
    String raw = absolute.toUri().getRawPath();
    var bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      boolean escaped = raw.charAt(i) == '%';
      bytes.write(escaped ? Integer.parseInt(raw, i + 1, i + 3, 16) : raw.charAt(i));
      i += escaped ? 2 : 0;
    }
    byte[] all = bytes.toByteArray();
    // The URI of a directory ends with a slash.
    return all.length > 1 && all[all.length - 1] == '/' ? Arrays.copyOf(all, all.length - 1) : all;
  }
}
