package dev.mica.vm.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A short path to a unix socket. A socket's address has room for 107 bytes, so a longer path is
 * reached through a symlink, which is removed right after.
 */
public final class ShortSocketPath {
  private static final int SHORT = 100;

  private ShortSocketPath() {}

  /** What needs the short path. */
  public interface Use<T> {
    /** With that path. */
    T apply(Path path) throws IOException;
  }

  public static <T> T with(Path socket, Use<T> use) throws IOException {
    if (socket.toString().getBytes(StandardCharsets.UTF_8).length <= SHORT) {
      return use.apply(socket);
    }
    Path directory = Files.createTempDirectory("mica-");
    Path link = directory.resolve("d");
    try {
      Files.createSymbolicLink(link, Objects.requireNonNull(socket.getParent()));
      return use.apply(link.resolve(socket.getFileName()));
    } finally {
      Files.deleteIfExists(link);
      Files.delete(directory);
    }
  }
}
