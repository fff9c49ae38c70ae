package dev.mica.state;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Room kept for what makes room: a file that is given up when a removal finds the file system full,
 * so that its journal entry and the records that it changes can be written.
 *
 * <p>It holds noise, which no file system compresses or keeps as a hole.
 */
record Reserve(Path file) {
  private static final int SIZE = 256 << 10;

  /** Whether there was something to give up. */
  boolean giveUp() throws IOException {
    return Files.deleteIfExists(file);
  }

  /** Keeps room again, if there is some now; where there is none the next one tries. */
  void fill() {
    try {
      if (Files.exists(file) && Files.size(file) == SIZE) {
        return;
      }
      byte[] noise = new byte[SIZE];
      new Random(SIZE).nextBytes(noise);
      try (FileOutputStream out = new FileOutputStream(file.toFile())) {
        out.write(noise);
        out.getFD().sync(); // a full file system may say so only here
      }
    } catch (IOException full) {
      boolean _ = file.toFile().delete();
    }
  }
}
