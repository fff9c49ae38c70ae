package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.container.Restart;
import dev.mica.container.Vm;
import dev.mica.container.VmSpec;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A store on a file system without room, to the last byte or to the last inode: what makes room
 * works, and what needs some fails in one line and changes nothing.
 */
@ParameterizedClass
@EnumSource
@SuppressWarnings("NullAway.Init") // JUnit sees to the field
final class FullStoreTest extends ScratchTest {
  private static final int NOISE = 4 << 20;
  private static final String FULL = "No space left on device";

  /** What has run out on what. */
  enum Full {
    EXT4_BYTES,
    EXT4_INODES,
    TMPFS_BYTES,
    TMPFS_INODES;

    boolean ofInodes() {
      return name().endsWith("INODES");
    }
  }

  @Parameter private Full full;

  private Path disk() {
    return scratch.path("disk");
  }

  private Path home() {
    return disk().resolve("home");
  }

  private void mount() {
    Path at = scratch.dir("disk");
    if (full.name().startsWith("EXT4")) {
      Path image = scratch.path("disk.img");
      Scratch.run("truncate", "-s", "24M", image.toString());
      Scratch.run("mkfs.ext4", "-q", "-m", "0", "-N", "256", image.toString());
      Scratch.run("mount", "-o", "loop", image.toString(), at.toString());
    } else {
      Scratch.run("mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=256", "full", at.toString());
    }
    mica = Mica.open(home());
  }

  /** A commit that can be removed, and a union over a lower of its own that has changes. */
  private Commit stock() throws IOException {
    mount();
    scratch.file("lower/kept", "lower");
    Union first = union("first", scratch.path("lower"), disk().resolve("up1"), scratch.path("at1"));
    byte[] noise = new byte[NOISE];
    new Random(1).nextBytes(noise);
    Files.write(scratch.path("at1/big"), noise);
    Commit commit = mica.commits().create(first, "big:v1", "");
    first.remove();
    Core.discard(disk().resolve("up1"));
    union("u", scratch.path("lower"), disk().resolve("up"), scratch.path("at"));
    Scratch.write(scratch.path("at/kept"), "changed");
    scratch.awaitDigests(); // which keep room for what they read and write
    return commit;
  }

  /** Until not one byte or not one inode is left, whichever it is that runs out. */
  private void fill() throws IOException {
    Path filler = Files.createDirectory(disk().resolve("filler"));
    if (full.ofInodes()) {
      int made = 0;
      while (tryWrite(filler.resolve("empty" + made), new byte[0])) {
        made++;
      }
      assertThat(made).isPositive();
      return;
    }
    Path file = Files.createFile(filler.resolve("bytes"));
    for (int size = 1 << 20; size > 0; size >>= 1) {
      byte[] some = new byte[size];
      new Random(size).nextBytes(some);
      while (tryAppend(file, some)) {
        assertThat(Files.size(file)).isLessThan(64 << 20);
      }
    }
    assertThat(tryWrite(filler.resolve("another"), new byte[1])).isFalse();
    Files.delete(filler.resolve("another"));
  }

  private static boolean tryWrite(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
      return true;
    } catch (IOException noRoom) {
      assertThat(noRoom).hasMessageContaining(FULL);
      return false;
    }
  }

  private static boolean tryAppend(Path file, byte[] bytes) {
    try (OutputStream out = Files.newOutputStream(file, java.nio.file.StandardOpenOption.APPEND)) {
      out.write(bytes);
      return true;
    } catch (IOException noRoom) {
      assertThat(noRoom).hasMessageContaining(FULL);
      return false;
    }
  }

  private long free() throws IOException {
    return full.ofInodes()
        ? Long.parseLong(
            Scratch.run("df", "--output=iavail", disk().toString()).lines().toList().get(1).strip())
        : Files.getFileStore(disk()).getUsableSpace();
  }

  /** The reserve is what it was before the file system ran full. */
  private void assertReserved() throws IOException {
    assertThat(home().resolve("reserve")).hasSize(256 << 10);
    assertThat(list(home()).stream().filter(name -> name.startsWith("reserve")))
        .hasSizeGreaterThan(1);
  }

  private static List<String> list(Path directory) throws IOException {
    try (var entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aCommitIsRemoved() throws IOException {
    Commit commit = stock();
    assertReserved();
    fill();
    long before = free();
    commit.remove();
    assertThat(mica.commits().list()).isEmpty();
    assertThat(home().resolve("layers")).isEmptyDirectory();
    assertThat(home().resolve("trash")).isEmptyDirectory();
    assertThat(free()).isGreaterThan(before);
    assertReserved();
  }

  @Test
  void garbageIsCollected() throws IOException {
    stock();
    Path orphan = Files.createDirectory(home().resolve("layers/0123456789ab"));
    Files.write(orphan.resolve("file"), new byte[1 << 20]);
    Files.createDirectories(orphan.resolve("a/b/c"));
    fill();
    long before = free();
    assertThat(mica.commits().gc())
        .containsExactlyInAnyOrder("layer 0123456789ab", "trash 0123456789ab");
    assertThat(orphan).doesNotExist();
    assertThat(home().resolve("trash")).isEmptyDirectory();
    assertThat(free()).isGreaterThan(before);
    assertReserved();
  }

  /** Its upper stays, since it is the user's: what is given back is the work directory. */
  @Test
  void aUnionIsRemoved() throws IOException {
    stock();
    fill();
    mica.unions().get("u").remove();
    assertThat(mica.unions().list()).isEmpty();
    assertThat(scratch.mounts()).containsExactly(disk().toString());
    assertThat(list(disk())).contains("up").doesNotContain(".u.mica-work");
    assertThat(home().resolve("journal")).isEmptyDirectory();
    assertThat(Files.readString(disk().resolve("up/kept"))).isEqualTo("changed");
    Core.discard(disk().resolve("filler"));
    mica.commits().gc();
    assertReserved();
  }

  /** One that would be started again is ended first, and that needs no room either. */
  @Test
  void aVmIsRemoved() throws IOException {
    stock();
    VmSpec spec = CrashStep.vm(scratch.path(""), "web");
    Vm vm = mica.vms().create(spec.but().restart(Restart.of("always")).build());
    fill();
    long before = free();
    vm.kill();
    vm.remove();
    assertThat(mica.vms().list()).isEmpty();
    assertThat(home().resolve("containers")).isEmptyDirectory();
    assertThat(home().resolve("journal")).isEmptyDirectory();
    assertThat(free()).isGreaterThan(before);
    assertReserved();
  }

  /** What was cut short and waits for a decision can be ended, both ways. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWasCutShortIsSettled(boolean keep) throws IOException {
    stock();
    Path record = home().resolve("unions/u.json");
    String entry =
        """
        {"operation": "remove a union", "objects": ["union u"], "facts": %s,
         "process": {"pid": 1, "started": 0, "boot": "another"}, "publishing": true}
        """
            .formatted(Files.readString(record));
    Scratch.run("umount", scratch.path("at").toString());
    Files.delete(record);
    Files.createDirectories(record.resolve("in the way"));
    Files.writeString(home().resolve("journal/1-0000.json"), entry);
    fill();
    assertThat(mica.host().checks())
        .extracting(dev.mica.host.Check::name)
        .contains("leftover 1-0000");
    Core.discard(record);
    mica.host().settle("1-0000", keep);
    assertThat(home().resolve("journal")).isEmptyDirectory();
    assertThat(mica.unions().find("u").isPresent()).isEqualTo(keep);
    Core.discard(disk().resolve("filler"));
    mica.commits().gc();
    assertReserved();
  }

  @Test
  void whatNeedsRoomFailsInOneLineAndChangesNothing() throws IOException {
    stock();
    fill();
    List<String> before = everything();
    String records = Core.treeDigest(Tree.plain(home().resolve("unions"))).digest();
    assertOneLine(() -> mica.commits().create(mica.unions().get("u"), "web:v1", ""));
    assertOneLine(() ->
        mica.unions()
            .create(
                spec(
                    "v",
                    List.of(Folder.of(scratch.path("lower"))),
                    disk().resolve("up2"),
                    scratch.path("at2"))));
    assertOneLine(() -> mica.commits().get("big:v1").mount(scratch.path("view").toString()));
    assertOneLine(() -> mica.vms().create(CrashStep.vm(scratch.path(""), "web")));
    assertThat(everything()).isEqualTo(before);
    assertThat(Core.treeDigest(Tree.plain(home().resolve("unions"))).digest()).isEqualTo(records);
    assertThat(scratch.mounts())
        .containsExactlyInAnyOrder(disk().toString(), scratch.path("at").toString());
    assertThat(mica.unions().get("u").state()).isEqualTo(Union.State.MOUNTED);
    assertThat(Scratch.read(scratch.path("at/kept"))).isEqualTo("changed");
    assertReserved();
  }

  private List<String> everything() throws IOException {
    List<String> all = new ArrayList<>();
    try (var paths = Files.walk(scratch.path(""))) {
      paths
          .filter(path -> !path.startsWith(scratch.path("disk/filler")))
          .filter(path -> !path.startsWith(scratch.path("disk/.u.mica-work"))) // the kernel's
          .map(Path::toString)
          .forEach(all::add);
    }
    return all;
  }

  private static void assertOneLine(org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(FULL)
        .extracting(failure -> String.valueOf(failure.getMessage()).lines().count())
        .isEqualTo(1L);
  }

  /** Nothing was there yet, not even the directory. */
  @Test
  void aStoreThatCannotBeMadeIsTold() throws IOException {
    mount();
    fill();
    scratch.dir("lower");
    assertOneLine(() -> union("u", scratch.path("lower"), scratch.path("up"), scratch.path("at")));
    assertThat(scratch.path("at")).doesNotExist();
    assertThat(scratch.path("up")).doesNotExist();
    assertThat(mica.unions().list()).isEmpty();
  }
}
