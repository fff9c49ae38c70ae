package dev.mica.state;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Room kept for what makes room: files that are given up when a removal finds the file system full,
 * so that its journal entry and the records that it changes can be written.
 *
 * <p>One holds noise, which no file system compresses or keeps as a hole. The others are empty: a
 * file system may have run out of inodes, and a journal entry, a record and its scratch file are
 * there at once.
 */
record Reserve(Path file) {
  private static final int SIZE = 256 << 10;
  private static final int INODES = 3;

  /** Whether there was something to give up. */
  boolean giveUp() throws IOException {
    boolean given = Files.deleteIfExists(file);
    for (Path empty : empties()) {
      given |= Files.deleteIfExists(empty);
    }
    return given;
  }

  private List<Path> empties() {
    return IntStream.rangeClosed(1, INODES)
        .mapToObj(number -> file.resolveSibling(file.getFileName() + "." + number))
        .toList();
  }

  /** Keeps room again, if there is some now; where there is none the next one tries. */
  void fill() {
    try {
      if (!Files.exists(file) || Files.size(file) != SIZE) {
        writeNoise();
      }
      for (Path empty : empties()) {
        if (!Files.exists(empty)) {
          Files.createFile(empty);
        }
      }
    } catch (IOException full) {
      return;
    }
  }

  /** A part of it would be no help, and take the last there is. */
  private void writeNoise() throws IOException {
    byte[] noise = new byte[SIZE];
    new Random(SIZE).nextBytes(noise);
    try (FileOutputStream out = new FileOutputStream(file.toFile())) {
      out.write(noise);
      out.getFD().sync(); // a full file system may say so only here
    } catch (IOException full) {
      Files.deleteIfExists(file);
      throw full;
    }
  }
}
