package dev.mica.vm.guest;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Program;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * tini, this host's own: what a container can have as its first process, which starts the program,
 * passes signals on to it, waits for the processes that nobody waits for, and ends as it does. It
 * runs with no library of the container's, so it is one that needs none.
 */
public final class ContainerInit {
  /** The line that mends it. */
  public static final String FIX = "apt install tini";

  /** Where a guest that runs containers has it. */
  public static final String IN_GUEST = "/usr/bin/tini-static";

  private static final String NAME = "tini-static";

  /** ELF, 64 bits: the table of program headers, and the kind of header that names a loader. */
  private static final int MAGIC = 0x464c457f;

  private static final int TABLE = 0x20;
  private static final int ENTRY_SIZE = 0x36;
  private static final int ENTRIES = 0x38;
  private static final int HEADER = 0x40;
  private static final int LOADER = 3;

  private ContainerInit() {}

  /** Where it is. */
  public static Optional<Path> program() {
    return Program.find(NAME);
  }

  /** Why no container can have it. */
  public static Optional<MicaException> refusal() {
    Optional<Path> found = program();
    if (found.isEmpty()) {
      return Optional.of(
          MicaException.failed("find the program", NAME, "it is not installed").hint(FIX));
    }
    return isStatic(found.get())
        ? Optional.empty()
        : Optional.of(
            MicaException.failed(
                    "use the program",
                    found.get(),
                    "it needs libraries, which a container does not have")
                .hint("install one that was linked statically, as Debian's: " + FIX));
  }

  /** Whether the kernel starts it without another program that loads its libraries. */
  static boolean isStatic(Path program) {
    try {
      ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(program)).order(ByteOrder.LITTLE_ENDIAN);
      if (elf.limit() < HEADER || elf.getInt(0) != MAGIC) {
        return false;
      }
      int entries = Short.toUnsignedInt(elf.getShort(ENTRIES));
      int size = Short.toUnsignedInt(elf.getShort(ENTRY_SIZE));
      long table = elf.getLong(TABLE);
      if (table < HEADER || table > elf.limit() - (long) entries * size) {
        return false;
      }
      for (int i = 0; i < entries; i++) {
        if (elf.getInt((int) table + i * size) == LOADER) {
          return false;
        }
      }
      return true;
    } catch (IOException broken) {
      throw MicaException.failed("read", program, Why.of(broken)).because(broken);
    }
  }
}
