package dev.mica.license.ledger;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HexFormat;
import java.util.UUID;
import java.util.function.BiConsumer;

/**
 * Writes the one form that each value has: numbers with the highest byte first, lists by length.
 */
public final class BytesOut {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  public BytesOut u8(int value) {
    bytes.write(value);
    return this;
  }

  public BytesOut of(Coded one) {
    return u8(one.code());
  }

  public BytesOut flag(boolean value) {
    return u8(value ? 1 : 0);
  }

  public BytesOut i32(int value) {
    bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
    return this;
  }

  public BytesOut i64(long value) {
    bytes.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    return this;
  }

  public BytesOut uuid(UUID value) {
    return i64(value.getMostSignificantBits()).i64(value.getLeastSignificantBits());
  }

  /** Bytes whose number the reader knows. */
  public BytesOut fixed(String hex) {
    bytes.writeBytes(HexFormat.of().parseHex(hex));
    return this;
  }

  /** Bytes by their number. */
  public BytesOut counted(byte[] some) {
    i32(some.length);
    bytes.writeBytes(some);
    return this;
  }

  public BytesOut text(String value) {
    return counted(value.getBytes(StandardCharsets.UTF_8));
  }

  public <T> BytesOut list(Collection<T> all, BiConsumer<BytesOut, T> one) {
    i32(all.size());
    all.forEach(each -> one.accept(this, each));
    return this;
  }

  public byte[] toBytes() {
    return bytes.toByteArray();
  }
}
