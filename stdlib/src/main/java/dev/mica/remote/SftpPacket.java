package dev.mica.remote;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** A request of SFTP that is being written; its length comes first, once it is known. */
final class SftpPacket {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Of that type and, but for the first of all, with that number. */
  SftpPacket(int type, int number) {
    bytes.write(type);
    u32(number);
  }

  SftpPacket u32(int value) {
    bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
    return this;
  }

  SftpPacket u64(long value) {
    bytes.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    return this;
  }

  SftpPacket string(byte[] value) {
    return string(value, value.length);
  }

  /** The first {@code length} bytes of it. */
  SftpPacket string(byte[] value, int length) {
    u32(length);
    bytes.write(value, 0, length);
    return this;
  }

  /** The whole of it, with its length. */
  byte[] toBytes() {
    return ByteBuffer.allocate(Integer.BYTES + bytes.size())
        .putInt(bytes.size())
        .put(bytes.toByteArray())
        .array();
  }
}
