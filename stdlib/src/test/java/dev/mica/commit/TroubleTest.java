package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.Child;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Full and read-only file systems, and two processes at once. */
final class TroubleTest extends ScratchTest {
  private Union changedUnion(int bytes) throws IOException {
    Union union = union("u", scratch.dir("lower"), scratch.path("upper"), scratch.path("at"));
    Files.write(scratch.path("at/big"), new byte[bytes]);
    return union;
  }

  /** The store is on a disk too small for the layer; the union is not. */
  @Test
  void aFullStoreLosesNothing() throws IOException {
    Path disk = scratch.fileSystem("disk", "ext4", 8);
    mica = Mica.open(disk.resolve("home"));
    Union union = changedUnion(0);
    byte[] noise = new byte[16 << 20];
    new java.util.Random(1).nextBytes(noise);
    Files.write(scratch.path("at/big"), noise);
    assertThatThrownBy(() -> mica.commits().create(union, "web:v1", ""))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("big")
        .hasMessageContaining("No space left on device");
    assertThat(mica.commits().list()).isEmpty();
    assertThat(disk.resolve("home/layers")).isEmptyDirectory();
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);
    assertThat(scratch.path("at/big")).hasSize(16 << 20);
    Files.delete(scratch.path("at/big"));
    Scratch.write(scratch.path("at/small"), "small");
    assertThat(mica.commits().create(union, "web:v1", "").refs()).containsExactly("web:v1");
    union.remove();
  }

  @Test
  void aReadOnlyUpperIsRefused() {
    Path disk = scratch.fileSystem("disk", "ext4", 8);
    Scratch.run("mount", "-o", "remount,ro", disk.toString());
    assertThatThrownBy(
            () -> union("u", scratch.dir("lower"), disk.resolve("upper"), scratch.path("at")))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(disk.toString());
    assertThat(mica.unions().list()).isEmpty();
    assertThat(scratch.path("at")).doesNotExist();
  }

  /** Both make the same union; one wins. Then both commit it under one name; each is whole. */
  @Test
  void twoProcessesAtOnceTakeTurns() throws Exception {
    scratch.file("lower/kept", "lower");
    scratch.file("lower/gone", "lower");
    List<Process> makers = List.of(step("CREATE"), step("CREATE"));
    int won = 0;
    for (Process maker : makers) {
      won += maker.waitFor() == 0 ? 1 : 0;
    }
    assertThat(won).isEqualTo(1);
    assertThat(scratch.mounts()).containsExactly(scratch.path("at").toString());
    List<Process> committers = List.of(step("COPY"), step("COPY"));
    for (Process committer : committers) {
      assertThat(committer.waitFor()).isZero();
    }
    assertThat(mica.commits().list()).hasSize(2);
    assertThat(mica.commits().list().stream().filter(one -> !one.refs().isEmpty())).hasSize(1);
    assertThat(mica.unions().get("u").lowers()).containsExactly(scratch.path("lower"));
    assertThat(Folder.of(scratch.path("home/layers")).list()).hasSize(2);
  }

  private Process step(String operation) {
    return Child.start(Child.command(CrashStep.class, operation, scratch.path("")));
  }
}
