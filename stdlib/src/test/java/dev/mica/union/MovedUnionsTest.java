package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Unions whose mount points were moved, because a folder above them was renamed. */
final class MovedUnionsTest extends ScratchTest {
  @Test
  void anUpperIsNotMountedTwiceThoughItsMountPointWasMoved() throws IOException {
    Union union = union("u", scratch.dir("a"), scratch.path("b"), scratch.dir("m").resolve("at"));
    Files.move(scratch.path("m"), scratch.path("moved"));
    assertThat(union.state()).isEqualTo(Union.State.BROKEN);
    assertThat(union.problem().orElseThrow()).contains(scratch.path("moved/at").toString());
    assertThatThrownBy(union::remount)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(scratch.path("moved/at").toString());
    assertThat(scratch.mounts()).containsExactly(scratch.path("moved/at").toString());
    Files.move(scratch.path("moved"), scratch.path("m"));
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    Files.move(scratch.path("m"), scratch.path("moved"));
    union.remove();
    assertThat(scratch.mounts()).isEmpty();
  }

  /**
   * Of one that cannot be written, the kernel tells no upper: one layer is bound, more are stacked.
   */
  @ParameterizedTest
  @ValueSource(strings = {"a", "a b"})
  void aReadOnlyUnionIsFoundThoughItsMountPointWasMoved(String lowers) throws IOException {
    Path beside = scratch.dir("beside/at");
    Scratch.run("mount", "--bind", "-o", "ro", scratch.dir("a").toString(), beside.toString());
    Union union =
        mica.unions()
            .create(
                new UnionSpec(
                    "u",
                    Stream.of(lowers.split(" ", -1))
                        .<LayerSource>map(name -> Folder.of(scratch.dir(name)))
                        .toList(),
                    null,
                    null,
                    Folder.of(scratch.dir("m").resolve("at")),
                    UnionSpec.Via.KERNEL));
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    Path moved = scratch.path("moved/at");
    Files.move(scratch.path("m"), scratch.path("moved"));
    assertThat(union.state()).isEqualTo(Union.State.BROKEN);
    assertThat(union.problem().orElseThrow()).contains(moved.toString());
    Scratch.run("mount", "--rbind", scratch.path("moved").toString(), scratch.dir("m").toString());
    assertThat(union.state()).as("there, and somewhere else, too").isEqualTo(Union.State.MOUNTED);
    Scratch.run("umount", "-R", scratch.path("m").toString());
    union.remove();
    assertThat(scratch.mounts()).as("not ours").containsExactly(beside.toString());
  }
}
