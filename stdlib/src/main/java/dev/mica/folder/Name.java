package dev.mica.folder;

import dev.mica.text.PathBytes;
import dev.mica.text.Printable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A name or relative path as the kernel has it: bytes. Most are UTF-8 and read as text; the others
 * keep their bytes.
 */
public final class Name implements Comparable<Name> {
  /** The path of a tree's own root. */
  static final Name ROOT = of(".");

  private final byte[] bytes;

  private Name(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A name of these bytes, which are copied. */
  public static Name of(byte[] bytes) {
    return new Name(bytes.clone());
  }

  /** A name of this text, as UTF-8. */
  public static Name of(String text) {
    return new Name(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The name or path {@code path}, as it is. */
  public static Name of(Path path) {
    return new Name(PathBytes.asItIs(path));
  }

  /** The name of which {@link #exactText} is {@code text}; of any other text as UTF-8. */
  public static Name ofExact(String text) {
    return new Name(PathBytes.encode(text));
  }

  /**
   * Its text, in which a byte that is not UTF-8 is a surrogate of its own, U+DC80 to U+DCFF. {@link
   * Folder#of(String)} takes such a text.
   */
  public String exactText() {
    return PathBytes.decode(bytes);
  }

  /** It as a path. */
  public Path path() {
    return PathBytes.parse(exactText());
  }

  /** Its bytes, copied. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** Its text, if it is valid UTF-8. */
  public Optional<String> text() {
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException notText) {
      return Optional.empty();
    }
  }

  /** Its last component. */
  public Name last() {
    int at = bytes.length;
    while (at > 0 && bytes[at - 1] != '/') {
      at--;
    }
    return at == 0 ? this : new Name(Arrays.copyOfRange(bytes, at, bytes.length));
  }

  /** The path of this below {@code above}. */
  Name below(Name above) {
    if (above.equals(ROOT)) {
      return this;
    }
    byte[] path = Arrays.copyOf(above.bytes, above.bytes.length + 1 + bytes.length);
    path[above.bytes.length] = '/';
    System.arraycopy(bytes, 0, path, above.bytes.length + 1, bytes.length);
    return new Name(path);
  }

  /** Its components, as bytes; the last of {@code most} is all the rest. */
  List<byte[]> components(int most) {
    List<byte[]> components = new ArrayList<>();
    int from = 0;
    for (int at = 0; at <= bytes.length; at++) {
      boolean ends = at == bytes.length || (bytes[at] == '/' && components.size() < most - 1);
      if (ends) {
        components.add(Arrays.copyOfRange(bytes, from, at));
        from = at + 1;
      }
    }
    return components;
  }

  /** How many directories it lies below: 0 for a bare name. */
  public int depth() {
    int slashes = 0;
    for (byte b : bytes) {
      slashes += b == '/' ? 1 : 0;
    }
    return slashes;
  }

  /** By bytes, a directory directly before what is in it. */
  @Override
  public int compareTo(Name other) {
    int common = Math.min(bytes.length, other.bytes.length);
    for (int i = 0; i < common; i++) {
      int order = rank(bytes[i]) - rank(other.bytes[i]);
      if (order != 0) {
        return order;
      }
    }
    return bytes.length - other.bytes.length;
  }

  private static int rank(byte b) {
    return b == '/' ? -1 : b & 0xff;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Name name && Arrays.equals(bytes, name.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** For people, on one line: control characters and bytes that are not UTF-8 as {@code \xHH}. */
  @Override
  public String toString() {
    return Printable.of(bytes);
  }
}
