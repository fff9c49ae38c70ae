package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The directory itself: made, trusted, and written to for good. Who makes room in it may use what
 * is kept in reserve.
 */
final class Home {
  private static final String MODE = "rwx------";

  private final Path path;
  private final Reserve reserve;

  /** The directory may be believed: nobody else can change that. */
  private volatile boolean trusted;

  /** The directory at {@code path}, which is real. */
  Home(Path path) {
    this.path = path;
    this.reserve = new Reserve(path.resolve("reserve"));
  }

  Path path() {
    return path;
  }

  /** Whether it was made. */
  boolean isThere() {
    return Files.isDirectory(path);
  }

  /** Fails unless the directory is ours alone; looked at once. One that is not there is fine. */
  void requireTrusted() {
    if (!trusted && isThere()) {
      Trust.require(path);
      trusted = true;
    }
  }

  /** Makes it if it is not there, for its owner only, and has it trusted; returns its lock. */
  Mutex open() {
    try {
      Durable.makeDirectories(path, MODE);
      requireTrusted();
      objects().makeFile(this::makeObjects);
      return mutex();
    } catch (IOException broken) {
      throw MicaException.failed("make the state directory", path, Why.of(broken))
          .hint("name another one in MICA_HOME")
          .because(broken);
    }
  }

  /** An older Mica has not made it, and then the file system was filled. */
  private void makeObjects(Path file) throws IOException {
    try {
      Files.write(file, new byte[0]);
    } catch (IOException full) {
      if (!reserve.giveUp()) {
        throw full;
      }
      Files.write(file, new byte[0]);
    }
  }

  /** Its lock; it is there. */
  Mutex mutex() {
    return Mutex.of(path);
  }

  /** The locks of its objects; it is there. */
  ObjectLocks objects() {
    return ObjectLocks.of(path);
  }

  /** Removes what a write that was cut short has left; under the lock. */
  void removeScratch() {
    try {
      Files.deleteIfExists(scratch());
    } catch (IOException broken) {
      throw MicaException.failed("remove", scratch(), Why.of(broken)).because(broken);
    }
  }

  private Path scratch() {
    return path.resolve("scratch");
  }

  /** Writes {@code bytes} to {@code file}, durably. */
  void write(Path file, byte[] bytes) throws IOException {
    orWithReserve(() -> Durable.write(file, bytes, scratch()));
  }

  /**
   * Likewise, but after a power cut it may hold what it held before, or be gone. Whoever has the
   * object that the file is about may do it, without the directory's lock.
   */
  void writeWhole(Path file, byte[] bytes) throws IOException {
    Path scratch = file.resolveSibling("." + file.getFileName() + ".new");
    orWithReserve(() -> Durable.writeWhole(file, bytes, scratch));
  }

  /** Makes a directory in it and those missing above, durably; it may exist already. */
  void makeDirectory(Path directory) throws IOException {
    orWithReserve(() -> Durable.makeDirectories(directory, MODE));
  }

  /** Likewise, but after a power cut it may be gone. */
  void makeUnflushed(Path directory) throws IOException {
    FileAttribute<?> mode =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(MODE));
    orWithReserve(() -> Files.createDirectories(directory, mode));
  }

  /** Keeps room for the next one that makes some; under the lock. */
  void fillReserve() {
    reserve.fill();
  }

  private interface Step {
    void run() throws IOException;
  }

  private void orWithReserve(Step step) throws IOException {
    try {
      step.run();
    } catch (IOException full) {
      if (!mutex().makesRoom() || !reserve.giveUp()) {
        throw full;
      }
      step.run();
    }
  }
}
