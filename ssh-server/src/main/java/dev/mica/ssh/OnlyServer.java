package dev.mica.ssh;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The right to serve a state directory. One process at a time has it, until it ends. */
final class OnlyServer implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;

  private OnlyServer(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Takes the right; fails with the id of the process that has it, if another has. */
  static OnlyServer of(Path folder) {
    Path file = folder.resolve("lock");
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
        throw MicaException.failed(
                "serve from", folder, "the process " + Files.readString(file) + " does")
            .hint("end that one first, or name another directory in MICA_HOME");
      }
      byte[] pid = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(pid), 0);
      return new OnlyServer(file, channel);
    } catch (IOException broken) {
      throw MicaException.failed("lock", file, Why.of(broken)).because(broken);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException ours) {
      return null;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException broken) {
      throw MicaException.failed("unlock", file, Why.of(broken)).because(broken);
    }
  }
}
