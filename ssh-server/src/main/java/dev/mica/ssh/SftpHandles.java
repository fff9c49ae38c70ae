package dev.mica.ssh;

import dev.mica.failure.MicaException;
import dev.mica.files.VirtualFile;
import dev.mica.files.VirtualNames;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The files and directories that a client of SFTP has open. */
final class SftpHandles implements AutoCloseable {
  /** A client that opens more is refused. */
  static final int MOST = 256;

  private final Map<Integer, AutoCloseable> open = new HashMap<>();
  private int last;

  /** Opens one more. */
  byte[] add(Supplier<? extends AutoCloseable> opening) {
    if (open.size() >= MOST) {
      throw MicaException.failed("open", "one more file", "this client has " + MOST + " open")
          .hint("close some first");
    }
    AutoCloseable file = opening.get();
    last++;
    open.put(last, file);
    return ByteBuffer.allocate(Integer.BYTES).putInt(last).array();
  }

  /** The file of that handle. */
  VirtualFile file(byte[] handle) {
    if (find(handle) instanceof VirtualFile file) {
      return file;
    }
    throw none();
  }

  /** The directory of that handle. */
  VirtualNames names(byte[] handle) {
    if (find(handle) instanceof VirtualNames names) {
      return names;
    }
    throw none();
  }

  private static MicaException none() {
    return MicaException.usage("use", "a handle", "no such file or directory is open");
  }

  private @Nullable AutoCloseable find(byte[] handle) {
    return open.get(number(handle));
  }

  private static int number(byte[] handle) {
    return handle.length == Integer.BYTES ? ByteBuffer.wrap(handle).getInt() : 0;
  }

  void close(byte[] handle) {
    AutoCloseable file = open.remove(number(handle));
    if (file == null) {
      throw none();
    }
    close(file);
  }

  private static void close(AutoCloseable file) {
    try {
      file.close();
    } catch (Exception broken) {
      throw new IllegalStateException("neither a file nor a directory", broken);
    }
  }

  @Override
  public void close() {
    open.values().forEach(SftpHandles::close);
    open.clear();
  }
}
