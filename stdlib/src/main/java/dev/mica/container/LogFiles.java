package dev.mica.container;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The records of a log, from the oldest file that is kept to the newest, and what is written
 * meanwhile. {@code FILE} becomes {@code FILE.1}, that {@code FILE.2}, and so on, at any moment: a
 * file is known by what it is and not by its name.
 */
final class LogFiles implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path newest;
  private final Deque<Open> files = new ArrayDeque<>();
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).flip();
  private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

  /** A file, and which one it is. */
  private record Open(FileChannel channel, Object key) {}

  /** Those of that path; there may be none yet. */
  LogFiles(Path newest) {
    this.newest = newest;
  }

  /** All that are there; whether any is. */
  private boolean openAll() throws IOException {
    Set<Object> known = new HashSet<>();
    // The newest first: one that is renamed meanwhile is met again, and none is missed.
    Open next = open(newest);
    for (int number = 1; next != null || number == 1; number++) {
      if (next != null && known.add(next.key())) {
        files.addFirst(next);
      } else if (next != null) {
        next.channel().close();
      }
      next = open(numbered(number));
    }
    return !files.isEmpty();
  }

  private Path numbered(int number) {
    return number == 0 ? newest : newest.resolveSibling(newest.getFileName() + "." + number);
  }

  /** Once more where the name came to lead to another meanwhile. */
  private static @Nullable Open open(Path path) throws IOException {
    for (Object key = key(path); key != null; key = key(path)) {
      FileChannel channel = channel(path);
      if (channel != null) {
        if (key.equals(key(path))) {
          return new Open(channel, key);
        }
        channel.close();
      }
    }
    return null;
  }

  private static @Nullable FileChannel channel(Path path) throws IOException {
    try {
      return FileChannel.open(path);
    } catch (NoSuchFileException renamed) {
      return null;
    }
  }

  private static @Nullable Object key(Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException none) {
      return null;
    }
  }

  /** The next record that is there; null: none is, now. */
  @Nullable LogRecord next() throws IOException {
    while (true) {
      while (buffer.hasRemaining()) {
        byte one = buffer.get();
        if (one == '\n') {
          byte[] line = begun.toByteArray();
          begun.reset();
          return LogRecord.of(line);
        }
        begun.write(one);
      }
      if (!fill()) {
        return null;
      }
    }
  }

  private boolean fill() throws IOException {
    while (true) {
      if (files.isEmpty() && !openAll()) {
        return false;
      }
      Open file = files.getFirst();
      boolean last = files.size() == 1;
      boolean current = last && file.key().equals(key(newest));
      if (read(file)) {
        return true;
      }
      if (current || (last && !follows(file))) {
        return false;
      }
      Open done = files.removeFirst();
      done.channel().close();
    }
  }

  private boolean read(Open file) throws IOException {
    int got = file.channel().read(buffer.clear());
    buffer.flip();
    return got > 0;
  }

  /** Finds the file that came after this one, which has got another name; whether there is one. */
  private boolean follows(Open file) throws IOException {
    while (true) {
      int number = 0;
      Object key = key(newest);
      while (key != null && !key.equals(file.key())) {
        key = key(numbered(++number));
      }
      Deque<Open> later = openBefore(number);
      // If it has got yet another name meanwhile, one of those after it may have been missed.
      if (Objects.equals(key, key(numbered(number)))) {
        files.addAll(later);
        return !later.isEmpty();
      }
      for (Open one : later) {
        one.channel().close();
      }
    }
  }

  /** The files with a lower number, the oldest first. */
  private Deque<Open> openBefore(int number) throws IOException {
    Set<Object> known = new HashSet<>();
    Deque<Open> later = new ArrayDeque<>();
    for (int i = 0; i < number; i++) {
      Open next = open(numbered(i));
      if (next != null && known.add(next.key())) {
        later.addFirst(next);
      } else if (next != null) {
        next.channel().close();
      }
    }
    return later;
  }

  @Override
  public void close() throws IOException {
    for (Open file : files) {
      file.channel().close();
    }
    files.clear();
  }
}
