package dev.mica.access;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How a caller has come in.
 *
 * @param name {@code local} or {@code ssh}
 * @param from the user id of the process, or the address of the client
 * @param key the fingerprint of the client's key; "" if there is none
 */
public record Door(String name, String from, String key) {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** That of this process. */
  private static final class OfProcess {
    static final Door DOOR = new Door("local", "uid " + uid(), "");

    private static String uid() {
      try {
        return Files.readAllLines(STATUS).stream()
            .filter(line -> line.startsWith("Uid:"))
            .map(line -> line.split("\\s+", -1)[2]) // Uid: real effective saved file-system
            .findFirst()
            .orElse("unknown");
      } catch (IOException broken) {
        throw MicaException.failed("read", STATUS, Why.of(broken)).because(broken);
      }
    }
  }

  /** Whoever has started this process. */
  public static Door local() {
    return OfProcess.DOOR;
  }

  /** An SSH client at that address, with that key. */
  public static Door ssh(String address, String key) {
    return new Door("ssh", address, key);
  }

  boolean isLocal() {
    return name.equals("local");
  }
}
