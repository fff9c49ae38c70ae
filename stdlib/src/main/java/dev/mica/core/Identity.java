package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;

/**
 * What a directory is, wherever it lies and whatever it is called ({@code struct mica_identity}).
 *
 * @param boot the boot of this host in which it was asked: another one may number devices otherwise
 * @param device the file system's number
 * @param inode its number there
 * @param born when it was made, as {@code seconds.nanoseconds}; 0.0 where that is not known
 * @param type the file system's kind, as statfs(2) numbers it
 * @param handle its handle, with the inode's generation, in hexadecimal; empty where there is none
 */
public record Identity(String boot, long device, long inode, String born, int type, String handle) {
  static final long DEV = 0;
  static final long INO = 8;
  static final long BORN = 16;
  static final long BORN_NSEC = 24;
  static final long TYPE = 28;
  static final long UID = 32;
  static final long MODE = 36;
  static final long HANDLE_TYPE = 40;
  static final long HANDLE_LEN = 44;
  static final long HANDLE = 48;
  static final long SIZE = 176;

  /** Whether both are of one directory. */
  public boolean is(Identity other) {
    return inode == other.inode
        && born.equals(other.born)
        && type == other.type
        && handle.equals(other.handle)
        && (device == other.device || !boot.equals(other.boot));
  }

  /** As it is kept in records; {@link #of(String)} reads it. */
  public String text() {
    return String.join(
        " ",
        boot,
        Long.toHexString(device),
        Long.toString(inode),
        born,
        Integer.toHexString(type),
        handle.isEmpty() ? "-" : handle);
  }

  /**
   * Reads what {@link #text} wrote; fails with an IllegalArgumentException where it is not that.
   */
  public static Identity of(String text) {
    String[] words = text.split(" ", -1);
    if (words.length != 6) {
      throw new IllegalArgumentException("'" + text + "' does not say which directory");
    }
    return new Identity(
        words[0],
        Long.parseUnsignedLong(words[1], 16),
        Long.parseLong(words[2]),
        words[3],
        Integer.parseUnsignedInt(words[4], 16),
        words[5].equals("-") ? "" : words[5]);
  }

  static Identity read(MemorySegment struct, String boot) {
    int length = struct.get(ValueLayout.JAVA_INT, HANDLE_LEN);
    byte[] handle = struct.asSlice(HANDLE, length).toArray(ValueLayout.JAVA_BYTE);
    String kind = Integer.toHexString(struct.get(ValueLayout.JAVA_INT, HANDLE_TYPE));
    return new Identity(
        boot,
        struct.get(ValueLayout.JAVA_LONG, DEV),
        struct.get(ValueLayout.JAVA_LONG, INO),
        struct.get(ValueLayout.JAVA_LONG, BORN) + "." + struct.get(ValueLayout.JAVA_INT, BORN_NSEC),
        struct.get(ValueLayout.JAVA_INT, TYPE),
        length == 0 ? "" : kind + ":" + HexFormat.of().formatHex(handle));
  }

  /** For people. */
  @Override
  public String toString() {
    return "inode " + inode + ", made " + born;
  }
}
