package dev.mica.core;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Paths and the bytes that the kernel knows them by. A Path keeps any bytes, but its text shows
 * U+FFFD for what the locale cannot decode; its {@code file:} URI has them all.
 */
public final class PathBytes {
  private static final char REPLACEMENT = '\uFFFD';

  private PathBytes() {}

  /** The bytes of {@code path}, made absolute. */
  public static byte[] of(Path path) {
    Path absolute = path.toAbsolutePath();
    String text = absolute.toString();
    return text.indexOf(REPLACEMENT) < 0 ? text.getBytes(StandardCharsets.UTF_8) : exact(absolute);
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
