package dev.mica.background;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * What lies in the folder of a job: what it has printed, how far it is, and whether somebody has
 * asked for its end. The process that runs it writes the first two; the others read.
 */
record JobFiles(Path folder) {
  private static final int AT_ONCE = 1 << 20;

  private Path log() {
    return folder.resolve("log");
  }

  private Path progressFile() {
    return folder.resolve("progress");
  }

  private Path cancelFile() {
    return folder.resolve("cancel");
  }

  /** Where it prints, behind what is there; at most so many bytes are kept of this run. */
  OutputStream openLog(long most) throws IOException {
    return new LimitedLog(
        Files.newOutputStream(log(), StandardOpenOption.CREATE, StandardOpenOption.APPEND), most);
  }

  /** What it has printed from that byte on; nothing if it has printed nothing. */
  byte[] printed(long from) {
    try (InputStream in = Files.newInputStream(log())) {
      in.skipNBytes(from);
      return in.readNBytes(AT_ONCE);
    } catch (NoSuchFileException none) {
      return new byte[0];
    } catch (IOException broken) {
      throw MicaException.failed("read", log(), Why.of(broken)).because(broken);
    }
  }

  void setProgress(String text) throws IOException {
    Path next = folder.resolve("progress.new");
    Files.writeString(next, text);
    Files.move(next, progressFile(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** How far it was when it said so last; "" if it has not. */
  String progress() {
    try {
      return Files.readString(progressFile(), StandardCharsets.UTF_8);
    } catch (NoSuchFileException none) {
      return "";
    } catch (IOException broken) {
      throw MicaException.failed("read", progressFile(), Why.of(broken)).because(broken);
    }
  }

  void askForEnd() {
    try {
      Files.write(cancelFile(), new byte[0]);
    } catch (IOException full) {
      throw MicaException.failed("write", cancelFile(), Why.of(full)).because(full);
    }
  }

  boolean isAskedForEnd() {
    return Files.exists(cancelFile());
  }

  /** What only one that runs has. */
  void tidyUp() {
    List.of(progressFile(), cancelFile()).forEach(JobFiles::delete);
  }

  void remove() {
    tidyUp();
    List.of(folder.resolve("progress.new"), log(), folder).forEach(JobFiles::delete);
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException broken) {
      throw MicaException.failed("remove", file, Why.of(broken)).because(broken);
    }
  }
}
