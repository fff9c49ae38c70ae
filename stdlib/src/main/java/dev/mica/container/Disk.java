package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/** The disk of a VM that has the guest folder: a sparse file with an ext4 file system. */
record Disk(Path file) {
  /** The line that mends it. */
  static final String FIX = "apt install e2fsprogs";

  private static final String PROGRAM = "mkfs.ext4";
  private static final String[] PLACES = {"/usr/sbin/" + PROGRAM, "/sbin/" + PROGRAM, PROGRAM};

  /** Makes its file system. */
  static Optional<Path> program() {
    return Program.find(PLACES);
  }

  /** Fails if there can be none here. */
  static void requireProgram() {
    if (program().isEmpty()) {
      throw MicaException.failed("find the program", PROGRAM, "it is not installed").hint(FIX);
    }
  }

  /**
   * Makes it, for good. What a file system may be without at first is written when the guest mounts
   * it.
   */
  void make(long size) {
    requireProgram();
    try {
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
        disk.setLength(size);
      }
    } catch (IOException broken) {
      throw MicaException.failed("make the disk", file, Why.of(broken)).because(broken);
    }
    Program.run(
        Path.of("/"),
        List.of(
            program().orElseThrow().toString(),
            "-q",
            "-F",
            "-E",
            "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
            file.toString()));
    Core.syncDirectory(file.resolveSibling("."));
  }
}
