package dev.mica.vm.guest;

import dev.mica.state.Durable;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;

/**
 * The kernel that is packed in a {@code vmlinuz}. A guest whose processor is emulated takes long to
 * unpack it and to move it to another address; QEMU boots the bare one by its PVH entry.
 *
 * <p>The image's header is that of the kernel's Documentation/arch/x86/boot.rst.
 */
public final class BareKernel {
  private static final int SECTOR = 512;
  private static final int SETUP_SECTORS = 0x1f1;
  private static final int MAGIC = 0x202;
  private static final int VERSION = 0x206;
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int FIRST_VERSION_WITH_PAYLOAD = 0x208;

  /** No kernel is larger; a wrong number may say so. */
  private static final int LARGEST = 512 << 20;

  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] LZ4_LEGACY = {0x02, 0x21, 0x4c, 0x18};
  private static final int CHUNK_HEAD = 4;

  private static final byte[] ELF_64_LITTLE = {0x7f, 'E', 'L', 'F', 2, 1};
  private static final int ELF_PROGRAM_HEADERS = 32;
  private static final int ELF_HEADER_SIZE = 54;
  private static final int ELF_HEADER_COUNT = 56;
  private static final int ELF_SEGMENT_OFFSET = 8;
  private static final int ELF_SEGMENT_SIZE = 32;
  private static final int PT_NOTE = 4;
  private static final byte[] XEN = "Xen\0".getBytes(StandardCharsets.US_ASCII);
  private static final int PVH_ENTRY = 18;

  private BareKernel() {}

  /**
   * Writes the kernel packed in {@code image} to {@code file}; whether it could: not where it is
   * packed in a way not known here, or cannot be booted bare.
   */
  public static boolean unpack(Path image, Path file) throws IOException {
    Optional<byte[]> kernel = of(Files.readAllBytes(image));
    if (kernel.isEmpty()) {
      return false;
    }
    Path scratch = file.resolveSibling(file.getFileName() + ".new");
    Files.write(scratch, kernel.get());
    Durable.move(scratch, file);
    return true;
  }

  /** The kernel in these bytes, if it can be had and booted bare. */
  static Optional<byte[]> of(byte[] image) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
      return unpacked(payload(bytes)).filter(BareKernel::hasPvhEntry);
    } catch (IndexOutOfBoundsException | IllegalArgumentException | IOException odd) {
      return Optional.empty(); // then QEMU and the kernel's own unpacker see to it
    }
  }

  private static byte[] payload(ByteBuffer image) throws IOException {
    if (image.getInt(MAGIC) != ByteBuffer.wrap("SrdH".getBytes(StandardCharsets.US_ASCII)).getInt()
        || image.getShort(VERSION) < FIRST_VERSION_WITH_PAYLOAD) {
      throw new IOException("not an image of x86 Linux");
    }
    int start =
        (Byte.toUnsignedInt(image.get(SETUP_SECTORS)) + 1) * SECTOR + image.getInt(PAYLOAD_OFFSET);
    byte[] payload = new byte[sane(image.getInt(PAYLOAD_LENGTH), image.limit())];
    image.get(start, payload);
    return payload;
  }

  private static Optional<byte[]> unpacked(byte[] payload) throws IOException {
    if (starts(payload, GZIP)) {
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(payload))) {
        return Optional.of(in.readNBytes(sizeAtEnd(payload)));
      }
    }
    return starts(payload, LZ4_LEGACY) ? Optional.of(unpackLz4(payload)) : Optional.empty();
  }

  /** The kernel's build ends each payload with the size of what is in it. */
  private static int sizeAtEnd(byte[] payload) throws IOException {
    int size =
        ByteBuffer.wrap(payload)
            .order(ByteOrder.LITTLE_ENDIAN)
            .getInt(payload.length - Integer.BYTES);
    return sane(size, LARGEST);
  }

  private static int sane(int size, int most) throws IOException {
    if (size < 0 || size > most) {
      throw new IOException("a size of " + Integer.toUnsignedString(size));
    }
    return size;
  }

  /** A magic number, then blocks, each after its packed size. */
  private static byte[] unpackLz4(byte[] payload) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    byte[] kernel = new byte[sizeAtEnd(payload)];
    int done = 0;
    for (int at = LZ4_LEGACY.length; done < kernel.length; ) {
      int size = in.getInt(at);
      at += CHUNK_HEAD;
      try (InputStream block =
          new BlockLZ4CompressorInputStream(new ByteArrayInputStream(payload, at, size))) {
        int got = block.readNBytes(kernel, done, kernel.length - done);
        if (got == 0) {
          throw new IOException("an empty block");
        }
        done += got;
      }
      at += size;
    }
    return kernel;
  }

  private static boolean hasPvhEntry(byte[] kernel) {
    ByteBuffer elf = ByteBuffer.wrap(kernel).order(ByteOrder.LITTLE_ENDIAN);
    int count = starts(kernel, ELF_64_LITTLE) ? elf.getShort(ELF_HEADER_COUNT) : 0;
    for (int i = 0; i < count; i++) {
      int header = (int) elf.getLong(ELF_PROGRAM_HEADERS) + i * elf.getShort(ELF_HEADER_SIZE);
      if (elf.getInt(header) == PT_NOTE
          && notesHaveEntry(
              elf.slice(
                      (int) elf.getLong(header + ELF_SEGMENT_OFFSET),
                      (int) elf.getLong(header + ELF_SEGMENT_SIZE))
                  .order(ByteOrder.LITTLE_ENDIAN))) {
        return true;
      }
    }
    return false;
  }

  private static boolean notesHaveEntry(ByteBuffer notes) {
    while (notes.remaining() >= 3 * Integer.BYTES) {
      byte[] name = new byte[padded(notes.getInt())];
      int value = padded(notes.getInt());
      int type = notes.getInt();
      notes.get(name);
      if (type == PVH_ENTRY && Arrays.equals(name, XEN)) {
        return true;
      }
      notes.position(notes.position() + value);
    }
    return false;
  }

  private static int padded(int size) {
    return (size + 3) & ~3;
  }

  private static boolean starts(byte[] bytes, byte[] with) {
    return bytes.length >= with.length
        && Arrays.equals(bytes, 0, with.length, with, 0, with.length);
  }
}
