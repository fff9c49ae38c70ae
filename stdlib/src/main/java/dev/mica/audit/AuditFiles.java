package dev.mica.audit;

import dev.mica.state.Durable;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The files of the audit, of which each is named by the number of its first line, so that nothing
 * has to be renamed for a new one.
 */
record AuditFiles(Path directory) {
  private static final Pattern NAME = Pattern.compile("\\d{12}\\.jsonl");

  /** All of them, the oldest first. */
  List<Path> all() throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (NAME.matcher(entry.getFileName().toString()).matches()) {
          files.add(entry);
        }
      }
    } catch (NoSuchFileException none) {
      return files;
    }
    Collections.sort(files);
    return files;
  }

  /** The number of the first line of a file. */
  static long first(Path file) {
    String name = file.getFileName().toString();
    return Long.parseLong(name.substring(0, name.indexOf('.')));
  }

  /** Makes the file whose first line has that number; nobody but its owner can read it. */
  Path make(long first) throws IOException {
    Path file = directory.resolve("%012d.jsonl".formatted(first));
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Durable.syncParent(file);
    }
    return file;
  }

  /**
   * The end of a file.
   *
   * @param whole the length of its whole lines
   * @param last its last whole line; empty if it has none, or if that is not as it was written
   * @param rest what follows the whole lines: the beginning of one that was cut short, a character
   *     for each byte
   */
  record Tail(long whole, Optional<AuditLine> last, String rest) {
    static Tail of(Path path) throws IOException {
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
        long from = Math.max(0, file.length() - 2L * LineText.LONGEST);
        byte[] end = new byte[(int) (file.length() - from)];
        file.seek(from);
        file.readFully(end);
        int after = lastLineFeed(end, end.length) + 1;
        int begin = lastLineFeed(end, after - 1) + 1;
        Optional<AuditLine> last =
            after == 0
                ? Optional.empty()
                : LineText.read(Arrays.copyOfRange(end, begin, after - 1));
        String rest = new String(end, after, end.length - after, StandardCharsets.ISO_8859_1);
        return new Tail(from + after, last, rest);
      }
    }

    private static int lastLineFeed(byte[] bytes, int before) {
      int at = before - 1;
      while (at >= 0 && bytes[at] != '\n') {
        at--;
      }
      return at;
    }
  }

  /** Is given the lines of a file, one after the other. */
  interface Reader {
    /**
     * Returns whether to go on.
     *
     * @param at the number of the line in its file, from 1
     * @param whole whether it ends as a line does
     */
    boolean line(Path file, int at, byte[] bytes, boolean whole);
  }

  /** Gives {@code reader} each line of all files, as long as it wants more. */
  void read(Reader reader) throws IOException {
    for (Path file : all()) {
      if (!isRead(file, reader)) {
        return;
      }
    }
  }

  private static boolean isRead(Path file, Reader reader) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return isRead(file, in, reader);
    } catch (NoSuchFileException removed) {
      return true; // it was the oldest one, and there are newer ones
    }
  }

  private static boolean isRead(Path file, InputStream in, Reader reader) throws IOException {
    int at = 0;
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c != '\n') {
        line.write(c);
        continue;
      }
      at++;
      if (!reader.line(file, at, line.toByteArray(), true)) {
        return false;
      }
      line.reset();
    }
    return line.size() == 0 || reader.line(file, at + 1, line.toByteArray(), false);
  }
}
