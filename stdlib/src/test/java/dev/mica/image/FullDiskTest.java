package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Images come and go where the file system of the state directory is full: one line says so,
 * nothing is left of it, and the same is done once there is room.
 */
@NeedsRoot
final class FullDiskTest extends RegistryTestBase {
  private static final int SIZE = 3 << 20;

  private final Path disk = scratch.dir("disk");
  private Optional<TestRegistry> registry = Optional.empty();

  /** What is done, with how much room in all, in MiB. */
  enum Step {
    /** The layer has no room. */
    IMPORT(2),
    /** The blob has room, the layer has none. */
    LOAD(5),
    /** Likewise. */
    PULL(5),
    /** The blob that is made of the layer has no room. */
    PUSH(5),
    /** Likewise. */
    SAVE_BLOB(5),
    /** That has, and the archive has none. */
    SAVE_FILE(8);

    private final int room;

    Step(int room) {
      this.room = room;
    }

    boolean needsCommit() {
      return this == PUSH || this == SAVE_BLOB || this == SAVE_FILE;
    }
  }

  private void resize(int mebibytes) {
    Scratch.run("mount", "-o", "remount,size=" + mebibytes + "m", disk.toString());
  }

  @AfterEach
  void unmount() {
    Scratch.run("umount", "--lazy", disk.toString());
  }

  private Path folder() throws IOException {
    byte[] noise = new byte[SIZE];
    new Random(1).nextBytes(noise);
    Path folder = scratch.dir("folder");
    Files.write(folder.resolve("noise"), noise);
    return folder;
  }

  private TestRegistry registry() {
    registry = registry.or(() -> Optional.of(closed(TestRegistry.open(scratch))));
    return registry.orElseThrow();
  }

  private static void run(Commits commits, Step step, String from, Path out) {
    switch (step) {
      case IMPORT -> commits.importFolder(from, "web:v1");
      case LOAD -> commits.load(from, Optional.of("web:v1"), Optional.empty());
      case PULL -> commits.pull(from);
      case PUSH -> commits.get("web:v1").push(from);
      case SAVE_BLOB, SAVE_FILE -> commits.get("web:v1").save(out.toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatHasNoRoomLeavesNothing(Step step) throws IOException {
    Scratch.run("mount", "-t", "tmpfs", "-o", "size=64m", "small", disk.toString());
    Path home = disk.resolve("home");
    Path out = disk.resolve("out.tar");
    Commits commits =
        Mica.open(home)
            .as(Caller.of("joe", Role.OPERATOR, scratch.path("user"), environment))
            .commits();
    String from = folder().toString();
    if (step == Step.LOAD || step == Step.PULL) {
      from = TestImages.layout(scratch, "image", SIZE).toString();
    }
    if (step == Step.PULL) {
      TestImages.push(Path.of(from), registry().host() + "/web:v1");
    }
    if (step == Step.PULL || step == Step.PUSH) {
      from = registry().host() + "/web:v1";
    }
    if (step.needsCommit()) {
      commits.importFolder(scratch.path("folder").toString(), "web:v1");
    }
    String what = from;
    List<String> before = commits.list().stream().map(Commit::id).toList();
    resize(step.room);
    assertThat(failure(() -> run(commits, step, what, out)))
        .hasMessageContaining("No space left on device");
    assertThat(commits.list()).extracting(Commit::id).isEqualTo(before);
    assertThat(home.resolve("journal")).isEmptyDirectory();
    commits.gc();
    try (Stream<Path> layers = Files.list(Files.createDirectories(home.resolve("layers")))) {
      assertThat(layers).hasSize(before.size());
    }
    Path parts = home.resolve("blobs/parts");
    assertThat(!Files.exists(parts) || Scratch.run("ls", parts.toString()).isEmpty()).isTrue();
    try (Stream<Path> all = Files.list(disk)) {
      assertThat(all).containsExactly(home);
    }
    if (step == Step.PUSH) {
      assertThat(failure(() -> ImageManifest.find(reader(what), "v1", AMD64)))
          .hasMessageContaining("v1");
    }
    resize(64);
    run(commits, step, what, out);
    assertThat(commits.get("web:v1").verify()).noneMatch(Commit.Verified::isBad);
    assertThat(Files.exists(out)).isEqualTo(step.name().startsWith("SAVE"));
  }
}
