package dev.mica.remote;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.time.Instant;

/** What a server has answered; each method takes the next part of it. */
final class SftpAnswer {
  static final int STATUS = 101;
  static final int HANDLE = 102;
  static final int DATA = 103;
  static final int NAME = 104;
  static final int ATTRS = 105;

  private static final int OK = 0;
  private static final int EOF = 1;
  private static final int NO_SUCH_FILE = 2;
  private static final int PERMISSION_DENIED = 3;
  private static final int UNSUPPORTED = 8;

  private static final int HAS_SIZE = 1;
  private static final int HAS_OWNER = 2;
  private static final int HAS_MODE = 4;
  private static final int HAS_TIMES = 8;
  private static final int HAS_MORE = 1 << 31;
  private static final int LONGEST_HANDLE = 256;
  private static final int LONGEST_REASON = 300;

  private final int type;
  private final ByteBuffer rest;

  SftpAnswer(int type, ByteBuffer rest) {
    this.type = type;
    this.rest = rest;
  }

  int u32() throws IOException {
    try {
      return rest.getInt();
    } catch (BufferUnderflowException cut) {
      throw cut(cut);
    }
  }

  long u64() throws IOException {
    try {
      return rest.getLong();
    } catch (BufferUnderflowException cut) {
      throw cut(cut);
    }
  }

  byte[] string() throws IOException {
    int length = u32();
    if (length < 0 || length > rest.remaining()) {
      throw new IOException("an answer of the SFTP server is cut short");
    }
    byte[] value = new byte[length];
    rest.get(value);
    return value;
  }

  private static IOException cut(BufferUnderflowException cut) {
    return new IOException("an answer of the SFTP server is cut short", cut);
  }

  /** Fails unless it is of that type; as the server says if it says that it has failed. */
  SftpAnswer expect(int wanted, String path) throws IOException {
    if (type == STATUS) {
      throwFailure(path);
    }
    if (type != wanted) {
      throw new IOException("the SFTP server answers with a message of type " + type);
    }
    return this;
  }

  /** Whether it says that there is no more; fails if it says anything else. */
  boolean isEnd(int wanted, String path) throws IOException {
    if (type == STATUS
        && rest.remaining() >= Integer.BYTES
        && rest.getInt(rest.position()) == EOF) {
      return true;
    }
    expect(wanted, path);
    return false;
  }

  /** Fails unless it says that all is well. */
  void expectOk(String path) throws IOException {
    if (type != STATUS) {
      throw new IOException("the SFTP server answers with a message of type " + type);
    }
    if (rest.remaining() < Integer.BYTES || rest.getInt(rest.position()) != OK) {
      throwFailure(path);
    }
  }

  private void throwFailure(String path) throws IOException {
    int code = u32();
    String said = rest.hasRemaining() ? new String(string(), StandardCharsets.UTF_8) : "";
    String shown = said.length() > LONGEST_REASON ? said.substring(0, LONGEST_REASON) : said;
    throw switch (code) {
      case NO_SUCH_FILE -> new NoSuchFileException(path);
      case PERMISSION_DENIED -> new AccessDeniedException(path);
      case UNSUPPORTED -> new FileSystemException(path, null, "the server cannot do that");
      default ->
          new FileSystemException(path, null, "the server says: " + shown + " (" + code + ")");
    };
  }

  byte[] handle() throws IOException {
    byte[] handle = string();
    if (handle.length > LONGEST_HANDLE) {
      throw new IOException("the SFTP server names an open file by " + handle.length + " bytes");
    }
    return handle;
  }

  RemoteStatus status() throws IOException {
    int has = u32();
    long size = (has & HAS_SIZE) != 0 ? u64() : 0;
    if (size < 0) {
      throw new IOException("the SFTP server says that a file has more than 2^63 bytes");
    }
    if ((has & HAS_OWNER) != 0) {
      long _ = u64();
    }
    int mode = (has & HAS_MODE) != 0 ? u32() & 0177777 : -1;
    long modified = 0;
    if ((has & HAS_TIMES) != 0) {
      int _ = u32();
      modified = Integer.toUnsignedLong(u32());
    }
    if ((has & HAS_MORE) != 0) {
      for (int left = u32(); left > 0; left--) {
        byte[] _ = string();
        byte[] _ = string();
      }
    }
    return new RemoteStatus(size, mode, Instant.ofEpochSecond(modified));
  }
}
