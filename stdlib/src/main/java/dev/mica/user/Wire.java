package dev.mica.user;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads what SSH sends, part by part (RFC 4251). Where a part is missing it throws a
 * BufferUnderflowException.
 */
final class Wire {
  private final ByteBuffer rest;

  Wire(byte[] bytes) {
    this.rest = ByteBuffer.wrap(bytes);
  }

  boolean hasMore() {
    return rest.hasRemaining();
  }

  /** How many bytes were read. */
  int position() {
    return rest.position();
  }

  /** All bytes that were read from {@code position} on. */
  byte[] since(int position) {
    return Arrays.copyOfRange(rest.array(), position, rest.position());
  }

  int u32() {
    return rest.getInt();
  }

  /** A number without a sign, which is negative here from 2^63 on. */
  long u64() {
    return rest.getLong();
  }

  /** Bytes behind their length. */
  byte[] bytes() {
    int length = rest.getInt();
    if (length < 0 || length > rest.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    rest.get(bytes);
    return bytes;
  }

  /** A name, of which each byte is a character. */
  String name() {
    return new String(bytes(), StandardCharsets.ISO_8859_1);
  }

  /** A text for people; fails with an IllegalArgumentException if it is not UTF-8. */
  String text() {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes())).toString();
    } catch (CharacterCodingException wrong) {
      throw new IllegalArgumentException("a text in it is not UTF-8", wrong);
    }
  }

  /** A number above zero, of any length. */
  BigInteger number() {
    byte[] bytes = bytes();
    if (bytes.length == 0) {
      throw new BufferUnderflowException();
    }
    BigInteger number = new BigInteger(bytes);
    if (number.signum() <= 0) {
      throw new IllegalArgumentException("a number of the key is not positive");
    }
    return number;
  }
}
