package dev.mica.container;

import java.nio.ByteBuffer;

/** A request of {@code docs/files-protocol.md}, as it is put together. */
final class GuestRequest {
  static final int OPEN = 1;
  static final int CLOSE = 2;
  static final int STAT = 3;
  static final int SET = 4;
  static final int SPACE = 5;
  static final int READ_LINK = 6;
  static final int READ = 7;
  static final int WRITE = 8;
  static final int SYNC = 9;
  static final int LIST = 10;
  static final int MAKE_DIRECTORY = 11;
  static final int MAKE_LINK = 12;
  static final int LINK = 13;
  static final int RENAME = 14;
  static final int REMOVE = 15;

  private static final int ROOM = 64;

  private ByteBuffer bytes = ByteBuffer.allocate(ROOM);

  GuestRequest(int type) {
    bytes.putInt(0).put((byte) type);
  }

  private ByteBuffer room(int length) {
    if (bytes.remaining() < length) {
      bytes = ByteBuffer.allocate(bytes.position() + length + ROOM).put(bytes.flip());
    }
    return bytes;
  }

  GuestRequest number(int number) {
    var _ = room(Integer.BYTES).putInt(number);
    return this;
  }

  GuestRequest number(long number) {
    var _ = room(Long.BYTES).putLong(number);
    return this;
  }

  /** Bytes, behind their length. */
  GuestRequest bytes(byte[] some) {
    var _ = room(Integer.BYTES + some.length).putInt(some.length).put(some);
    return this;
  }

  /** All of it, with its length in front. */
  byte[] whole() {
    byte[] whole = new byte[bytes.position()];
    var _ = bytes.putInt(0, whole.length - Integer.BYTES).flip().get(whole);
    return whole;
  }
}
