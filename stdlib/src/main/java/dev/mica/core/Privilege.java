package dev.mica.core;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel lets this process do. */
final class Privilege {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int CAP_SYS_ADMIN = 21;

  /** Mounting and trusted xattrs go by this capability. */
  static final boolean MAY_ADMINISTRATE = (effective() >> CAP_SYS_ADMIN & 1) != 0;

  private Privilege() {}

  private static long effective() {
    try (var lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("CapEff:"))
          .map(line -> Long.parseUnsignedLong(line.substring("CapEff:".length()).strip(), 16))
          .findFirst()
          .orElse(0L);
    } catch (IOException broken) {
      throw MicaException.failed("read", STATUS, String.valueOf(broken.getMessage()))
          .because(broken);
    }
  }
}
