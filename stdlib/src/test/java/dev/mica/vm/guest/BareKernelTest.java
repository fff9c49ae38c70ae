package dev.mica.vm.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images packed here, as the kernel's build packs them. */
final class BareKernelTest {
  private static final int HEADER = 2 * 512;
  private static final int GAP = 100;
  private static final int CHUNK = 3000;

  @TempDir Path scratch;

  /** An ELF file with one segment of notes; the entry's is the second of them. */
  private static byte[] elf(int entryNote) {
    ByteBuffer elf = ByteBuffer.allocate(10_000).order(ByteOrder.LITTLE_ENDIAN);
    new Random(7).nextBytes(elf.array());
    Arrays.fill(elf.array(), 4000, 9000, (byte) 'k');
    elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1}).putLong(32, 64);
    elf.putShort(54, (short) 56).putShort(56, (short) 1);
    elf.putInt(64, 4).putLong(64 + 8, 200).putLong(64 + 32, 40);
    elf.position(200);
    elf.putInt(4).putInt(1).putInt(3).put("GNU\0".getBytes(StandardCharsets.US_ASCII)).putInt(9);
    elf.putInt(4).putInt(4).putInt(entryNote);
    elf.put("Xen\0".getBytes(StandardCharsets.US_ASCII)).putInt(0x1000000);
    return elf.array();
  }

  private static byte[] image(byte[] payload, int length) {
    ByteBuffer image =
        ByteBuffer.allocate(HEADER + GAP + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) 1).put(0x202, "HdrS".getBytes(StandardCharsets.US_ASCII));
    image.putShort(0x206, (short) 0x20f).putInt(0x248, GAP).putInt(0x24c, length);
    return image.put(HEADER + GAP, payload).array();
  }

  private static byte[] image(byte[] payload) {
    return image(payload, payload.length);
  }

  private static byte[] number(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  private static byte[] gzip(byte[] kernel) throws IOException {
    var out = new ByteArrayOutputStream();
    try (OutputStream packed = new GZIPOutputStream(out)) {
      packed.write(kernel);
    }
    return out.toByteArray(); // ends with the size by itself
  }

  private static byte[] lz4(byte[] kernel, int size) throws IOException {
    var out = new ByteArrayOutputStream();
    out.write(new byte[] {0x02, 0x21, 0x4c, 0x18});
    for (int at = 0; at < kernel.length; at += CHUNK) {
      var chunk = new ByteArrayOutputStream();
      try (OutputStream packed = new BlockLZ4CompressorOutputStream(chunk)) {
        packed.write(kernel, at, Math.min(CHUNK, kernel.length - at));
      }
      out.write(number(chunk.size()));
      chunk.writeTo(out);
    }
    out.write(number(size));
    return out.toByteArray();
  }

  private static byte[] lz4(byte[] kernel) throws IOException {
    return lz4(kernel, kernel.length);
  }

  @Test
  void whatWasPackedComesOut() throws IOException {
    byte[] kernel = elf(18);
    assertThat(BareKernel.of(image(gzip(kernel)))).contains(kernel);
    assertThat(BareKernel.of(image(lz4(kernel)))).contains(kernel);
  }

  @Test
  void whatCannotBeBootedBareIsLeftPacked() throws IOException {
    byte[] kernel = elf(18);
    byte[] lz4 = lz4(kernel);
    byte[] shortened = Arrays.copyOf(image(lz4), HEADER + GAP + lz4.length / 2);
    byte[] damaged = image(lz4);
    damaged[HEADER + GAP + 4] ^= 0x7f;
    assertThat(BareKernel.of(image(lz4(elf(17))))).as("no entry").isEmpty();
    assertThat(BareKernel.of(image("\u00fd7zXZ and so on".getBytes(StandardCharsets.ISO_8859_1))))
        .as("packed otherwise")
        .isEmpty();
    assertThat(BareKernel.of(image(lz4("no kernel".getBytes(StandardCharsets.US_ASCII)))))
        .isEmpty();
    assertThat(BareKernel.of(image(lz4(kernel, Integer.MAX_VALUE)))).isEmpty();
    assertThat(BareKernel.of(image(lz4(kernel, -1)))).isEmpty();
    assertThat(BareKernel.of(image(lz4, -1))).isEmpty();
    assertThat(BareKernel.of(image(lz4, 1 << 30))).isEmpty();
    assertThat(BareKernel.of(shortened)).isEmpty();
    assertThat(BareKernel.of(damaged)).isEmpty();
    assertThat(BareKernel.of(new byte[10])).isEmpty();
    assertThat(BareKernel.of(new byte[HEADER])).isEmpty();
  }

  @Test
  void theFileIsWhole() throws IOException {
    Path packed = Files.write(scratch.resolve("vmlinuz"), image(lz4(elf(18))));
    Path odd = Files.write(scratch.resolve("odd"), new byte[HEADER]);
    assertThat(BareKernel.unpack(packed, scratch.resolve("vmlinux"))).isTrue();
    assertThat(scratch.resolve("vmlinux")).hasBinaryContent(elf(18));
    assertThat(BareKernel.unpack(odd, scratch.resolve("none"))).isFalse();
    assertThat(scratch.toFile().list()).containsExactlyInAnyOrder("vmlinuz", "odd", "vmlinux");
  }
}
