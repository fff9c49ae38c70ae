package dev.mica.license.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

/**
 * Reads what {@link BytesOut} writes, from anybody: whatever is not exactly that is an {@link
 * IOException}, and nothing is allocated for what is not there.
 */
public final class BytesIn {
  private final ByteBuffer bytes;

  public BytesIn(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes);
  }

  /** Reads one value. */
  @FunctionalInterface
  public interface Reading<T> {
    T from(BytesIn in) throws IOException;
  }

  /** What {@code reading} makes of all the bytes. */
  public static <T> T whole(byte[] bytes, Reading<T> reading) throws IOException {
    BytesIn in = new BytesIn(bytes);
    try {
      T value = reading.from(in);
      in.end();
      return value;
    } catch (IllegalArgumentException wrong) {
      throw new IOException(wrong.getMessage(), wrong);
    }
  }

  private void require(int number) throws IOException {
    if (number < 0 || number > bytes.remaining()) {
      throw new IOException(number + " bytes are wanted, and there are " + bytes.remaining());
    }
  }

  public void end() throws IOException {
    if (bytes.hasRemaining()) {
      throw new IOException(bytes.remaining() + " bytes too many");
    }
  }

  public int u8() throws IOException {
    require(1);
    return bytes.get() & 0xff;
  }

  public boolean flag() throws IOException {
    int value = u8();
    if (value > 1) {
      throw new IOException("a flag cannot be " + value);
    }
    return value == 1;
  }

  public int i32() throws IOException {
    require(Integer.BYTES);
    return bytes.getInt();
  }

  public long i64() throws IOException {
    require(Long.BYTES);
    return bytes.getLong();
  }

  public UUID uuid() throws IOException {
    return new UUID(i64(), i64());
  }

  public String fixed(int number) throws IOException {
    return HexFormat.of().formatHex(some(number));
  }

  private byte[] some(int number) throws IOException {
    require(number);
    byte[] some = new byte[number];
    bytes.get(some);
    return some;
  }

  public byte[] counted(int most) throws IOException {
    return some(number(most));
  }

  public String text(int most) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(counted(most))).toString();
    } catch (CharacterCodingException wrong) {
      throw new IOException("a text is not UTF-8", wrong);
    }
  }

  public <E extends Coded> E of(E[] all) throws IOException {
    int code = u8();
    for (E one : all) {
      if (one.code() == code) {
        return one;
      }
    }
    throw new IOException(code + " is none of " + all.length);
  }

  public <T> List<T> list(int most, Reading<T> one) throws IOException {
    int number = number(most);
    require(number); // each takes a byte at least
    List<T> all = new ArrayList<>(number);
    for (int i = 0; i < number; i++) {
      all.add(one.from(this));
    }
    return all;
  }

  /** A list that has each element once, in order. */
  public <T extends Comparable<T>> List<T> sorted(int most, Reading<T> one) throws IOException {
    List<T> all = list(most, one);
    for (int i = 1; i < all.size(); i++) {
      if (all.get(i - 1).compareTo(all.get(i)) >= 0) {
        throw new IOException("a list is not in order");
      }
    }
    return all;
  }

  private int number(int most) throws IOException {
    int number = i32();
    if (number < 0 || number > most) {
      throw new IOException(number + " is more than " + most);
    }
    return number;
  }
}
