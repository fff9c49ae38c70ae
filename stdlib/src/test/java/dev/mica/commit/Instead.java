package dev.mica.commit;

import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the file of a record can be instead. */
enum Instead {
  EMPTY,
  TRUNCATED,
  NO_JSON,
  NO_OBJECT,
  ANOTHER_AFTER_IT,
  DEEP,
  DIRECTORY,
  FIFO,
  SYMLINK,
  HUGE;

  void put(Path file) throws IOException {
    String text = Files.readString(file);
    Files.delete(file);
    switch (this) {
      case EMPTY -> Files.createFile(file);
      case TRUNCATED -> Files.writeString(file, text.substring(0, text.length() / 2));
      case NO_JSON -> Files.writeString(file, "\0\u001b[31m");
      case NO_OBJECT -> Files.writeString(file, "[" + text + "]");
      case ANOTHER_AFTER_IT -> Files.writeString(file, text + text);
      case DEEP -> Files.writeString(file, "{\"a\":" + "[".repeat(1 << 20));
      case DIRECTORY -> Files.createDirectory(file);
      case FIFO -> Scratch.run("mkfifo", file.toString());
      case SYMLINK -> {
        Path elsewhere = Files.writeString(file.resolveSibling("elsewhere"), text);
        Files.createSymbolicLink(file, elsewhere);
      }
      case HUGE -> {
        try (RandomAccessFile grown = new RandomAccessFile(file.toFile(), "rw")) {
          grown.setLength(3L << 30);
        }
      }
    }
  }
}
