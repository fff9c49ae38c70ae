package dev.mica.vm.process;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file of one value, such as those in {@code /proc/sys}. */
public final class SmallFile {
  private SmallFile() {}

  /** Its text, without blanks around it. */
  public static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }
}
