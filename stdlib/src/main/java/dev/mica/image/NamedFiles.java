package dev.mica.image;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.OptionalLong;

/** Files by their names, as a directory or an archive has them; whoever made it is not trusted. */
interface NamedFiles extends AutoCloseable {
  /** How people call it. */
  String label();

  /** Bytes of the regular file of that name; empty: there is none. */
  OptionalLong size(String name);

  /** Its bytes from {@code from} on. */
  InputStream open(String name, long from) throws IOException;

  /** All of a file that is to be kept in memory; fails where it is larger than {@code most}. */
  default Optional<byte[]> read(String name, long most) {
    OptionalLong size = size(name);
    if (size.isEmpty()) {
      return Optional.empty();
    }
    if (size.getAsLong() > most) {
      throw bad(name + " in it has " + size.getAsLong() + " bytes, and " + most + " are the most");
    }
    try (InputStream in = open(name, 0)) {
      byte[] bytes = in.readNBytes((int) size.getAsLong());
      if (bytes.length < size.getAsLong()) {
        throw bad(name + " in it is cut short");
      }
      return Optional.of(bytes);
    } catch (IOException broken) {
      throw bad(dev.mica.failure.Why.of(broken)).because(broken);
    }
  }

  /** The failure of reading an image from it. */
  default dev.mica.failure.MicaException bad(String why) {
    return dev.mica.failure.MicaException.failed("read an image from", label(), why);
  }

  @Override
  void close();
}
