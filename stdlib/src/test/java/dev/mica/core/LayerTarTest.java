package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A layer to a tar and back, through the binding; what a tar can say, the core's own tests say. */
class LayerTarTest {
  private static final Set<LayerFlag> FLAGS =
      Core.isPrivileged() ? Set.of(LayerFlag.OWN) : Set.of(LayerFlag.OWN, LayerFlag.USERXATTR);

  @TempDir Path scratch;
  private Path layer;
  private Path file;
  private Path copy;

  @BeforeEach
  void aLayer() throws IOException {
    layer = Files.createDirectory(scratch.resolve("layer"));
    file = scratch.resolve("file");
    copy = scratch.resolve("copy");
    Files.createDirectories(layer.resolve("dir/below"));
    Files.writeString(layer.resolve("dir/file"), "text");
    Files.createLink(layer.resolve("again"), layer.resolve("dir/file"));
    Files.createSymbolicLink(layer.resolve("link"), Path.of("dir/file"));
    Files.writeString(layer.resolve(".wh.mine"), "");
  }

  @ParameterizedTest
  @EnumSource
  void comesBackTheSame(Compression compression) throws Exception {
    LayerTar written = Tars.write(layer, file, compression, FLAGS);
    byte[] stored = Files.readAllBytes(file);

    assertThat(written.digest()).isEqualTo(sha256(stored));
    assertThat(written.packed()).isEqualTo(stored.length);
    assertThat(written.compression()).isEqualTo(compression);
    assertThat(written.diffId().equals(written.digest()))
        .isEqualTo(compression == Compression.PLAIN);
    assertThat(written.remarks()).containsExactly(new Remark(Remark.What.NAME, ".wh.mine", ""));

    LayerTar read = Tars.read(file, copy, TarLimits.NONE, FLAGS);
    Files.delete(layer.resolve(".wh.mine"));
    Files.setLastModifiedTime(layer, Files.getLastModifiedTime(copy));
    assertThat(read.remarks()).isEmpty();
    assertThat(read.diffId()).isEqualTo(written.diffId());
    assertThat(read.digest()).isEqualTo(written.digest());
    assertThat(read.entries()).isEqualTo(written.entries()).isEqualTo(6);
    assertThat(Core.treeDigest(Tree.plain(copy)).digest())
        .isEqualTo(Core.treeDigest(Tree.plain(layer)).digest());
  }

  @Test
  void anExactCopyHasEverything() throws IOException {
    Set<LayerFlag> exact = new HashSet<>(FLAGS);
    exact.add(LayerFlag.EXACT);
    try (RandomAccessFile holes = new RandomAccessFile(layer.resolve("dir/holes").toFile(), "rw")) {
      holes.seek(5_000_000);
      holes.write(1);
    }

    LayerTar written = Tars.write(layer, file, Compression.PLAIN, exact);
    LayerTar read = Tars.read(file, copy, TarLimits.NONE, exact);

    assertThat(written.remarks()).isEmpty();
    assertThat(read.remarks()).isEmpty();
    assertThat(read.entries()).isEqualTo(written.entries()).isEqualTo(8);
    assertThat(written.bytes()).isLessThan(1_000_000);
    assertThat(Core.treeDigest(Tree.plain(copy))).isEqualTo(Core.treeDigest(Tree.plain(layer)));
    assertThat(copy.resolve(".wh.mine")).exists();
  }

  @Test
  void anImagesTarIsNoExactCopy() {
    LayerTar _ = Tars.write(layer, file, Compression.GZIP, FLAGS);

    assertThatThrownBy(() -> Tars.read(file, copy, TarLimits.NONE, Set.of(LayerFlag.EXACT)))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("an exact copy is not compressed");
    assertThat(copy).doesNotExist();
  }

  @Test
  void whatIsTooLargeIsRefused() {
    LayerTar written = Tars.write(layer, file, Compression.ZSTD, FLAGS);
    TarLimits limits = new TarLimits(written.bytes() - 1, 0, 0, 0);

    assertThatThrownBy(() -> Tars.read(file, copy, limits, FLAGS))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("larger than the " + limits.bytes() + " bytes that are allowed");
    assertThat(copy).doesNotExist();
  }

  @Test
  void whatIsNoTarIsRefused() throws IOException {
    Files.write(file, "no tar".repeat(200).getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() -> Tars.read(file, copy, TarLimits.NONE, FLAGS))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("this is no tar");
    assertThat(copy).doesNotExist();
  }

  private static String sha256(byte[] bytes) throws Exception {
    return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
