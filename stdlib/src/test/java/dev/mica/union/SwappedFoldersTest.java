package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.core.TreeDigest;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.helper.HelperServer;
import dev.mica.state.StateDir;
import dev.mica.test.Guests;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A folder on the way to one of a union's is somebody else's, who exchanges what lies there for a
 * symlink to a folder of root's: that one is never emptied, moved, written or mounted on.
 */
final class SwappedFoldersTest extends ScratchTest {
  private static final int ROUNDS = 8;

  /** What is exchanged, a path below the user's folder. */
  enum Swapped {
    /** Beside the upper; the victim holds what a work directory is emptied of. */
    WORK("u/.at.mica-work"),
    UPPER("u/up"),
    /** What the upper and the work directory are in. */
    ABOVE_THE_UPPER("u"),
    LOWER("lower"),
    MOUNT_POINT("m/at"),
    ABOVE_THE_MOUNT_POINT("m");

    private final String path;

    Swapped(String path) {
      this.path = path;
    }
  }

  @BeforeEach
  void works() {
    require(UnionSpec.Via.KERNEL);
    scratch.file("user/lower/base", "base");
    scratch.dir("user/u");
    scratch.dir("user/m/at");
    // Whatever is looked for in the victim is there, and precious.
    scratch.file("victim/precious", "precious");
    scratch.file("victim/up/precious", "precious");
    scratch.file("victim/at/precious", "precious");
    scratch.file("victim/.at.mica-work/precious", "precious");
  }

  private Path user(String path) {
    return scratch.path("user/" + path);
  }

  private Union create() {
    return mica.unions().create(spec(UnionSpec.Via.KERNEL));
  }

  private UnionSpec spec(UnionSpec.Via via) {
    return new UnionSpec(
        "at",
        List.of(Folder.of(user("lower"))),
        Folder.of(user("u/up")),
        null,
        Folder.of(user("m/at")),
        via);
  }

  private TreeDigest victim() {
    return Core.treeDigest(Tree.plain(scratch.path("victim")));
  }

  /** The names under which Mica may not mount or leave anything. */
  private void requireUnharmed(TreeDigest before, Swapped what) {
    assertThat(scratch.mounts())
        .as("mounts while %s is exchanged", what)
        .noneMatch(target -> target.contains("/victim"));
    assertThat(victim()).as("the victim while %s was exchanged", what).isEqualTo(before);
  }

  /** Each operation with the symlink in place all the time. */
  @ParameterizedTest
  @EnumSource
  void anExchangedFolderIsRefused(Swapped what) throws IOException {
    TreeDigest before = victim();
    Union union = create();
    Scratch.write(user("m/at/file"), "text");
    boolean mountedOn = what.path.startsWith("m");
    if (mountedOn) {
      Scratch.run("umount", user("m/at").toString());
    }
    Path real = user(what.path);
    Files.move(real, scratch.path("user/aside"));
    link(real);

    attempt(() -> mica.commits().create(union, "c:1", ""));
    requireUnharmed(before, what);
    if (!mountedOn) {
      attempt(() -> Scratch.run("umount", user("m/at").toString()));
    }
    attempt(union::remount);
    requireUnharmed(before, what);
    assertThat(union.state()).isNotEqualTo(Union.State.MOUNTED);
    attempt(union::remove);
    requireUnharmed(before, what);
  }

  /** Each operation while somebody exchanges the two all the time. */
  @ParameterizedTest
  @EnumSource
  void anExchangeUnderWayHarmsNobody(Swapped what) throws Exception {
    TreeDigest before = victim();
    Path real = user(what.path);
    Path link = scratch.path("user/link");
    link(link);
    AtomicBoolean stop = new AtomicBoolean();
    Thread racer =
        new Thread(() -> {
          while (!stop.get()) {
            attempt(() -> Core.exchange(real, link));
          }
        });
    racer.start();
    try (WatchService tried = FileSystems.getDefault().newWatchService()) {
      scratch.path("victim").register(tried, StandardWatchEventKinds.ENTRY_CREATE);
      for (int i = 0; i < ROUNDS; i++) {
        attempt(this::create);
        attempt(() -> Scratch.write(user("m/at/file"), "text"));
        attempt(() -> mica.commits().create(mica.unions().get("at"), "c:1", ""));
        attempt(() -> mica.unions().get("at").remount());
        attempt(() -> mica.unions().get("at").remove());
      }
      assertThat(made(tried)).as("what was made in the victim").noneMatch(SwappedFoldersTest::ours);
    } finally {
      stop.set(true);
      racer.join();
    }
    if (Files.isSymbolicLink(real)) {
      Core.exchange(real, link);
    }
    // The test's own write goes by the path, too.
    Files.deleteIfExists(scratch.path("victim/at/file"));
    Files.deleteIfExists(scratch.path("victim/file"));
    assertThat(scratch.mounts()).noneMatch(target -> target.contains("/victim"));
    assertThat(contents()).isEqualTo(List.of(".at.mica-work", "at", "precious", "up"));
    assertThat(Scratch.read(scratch.path("victim/.at.mica-work/precious"))).isEqualTo("precious");
    assertThat(Scratch.read(scratch.path("victim/up/precious"))).isEqualTo("precious");
    assertThat(Scratch.read(scratch.path("victim/at/precious"))).isEqualTo("precious");
    assertThat(before.entries()).isEqualTo(victim().entries());
  }

  private static List<String> made(WatchService watch) {
    WatchKey key = watch.poll();
    return key == null
        ? List.of()
        : key.pollEvents().stream().map(event -> String.valueOf(event.context())).toList();
  }

  /** The test's own write goes by the path, and makes a file. */
  private static boolean ours(String name) {
    return name.startsWith(".") || name.equals("null");
  }

  /** Between the comparison and what the helper VM is given, what lies at the path is exchanged. */
  @ParameterizedTest
  @EnumSource(names = {"LOWER", "UPPER", "ABOVE_THE_UPPER", "ABOVE_THE_MOUNT_POINT"})
  void aGuestIsGivenWhatWasCompared(Swapped what) throws IOException {
    require(UnionSpec.Via.GUEST);
    TreeDigest before = victim();
    Path real = user(what.path);
    Path link = scratch.path("user/link");
    link(link);
    StateDir state = StateDir.at(scratch.path("guest home"));
    Guests.into(state.path());
    HelperServer helper = new HelperServer(state);
    Unions unions = new Unions(state, new Exchanging(helper, real, link));
    try {
      Union union = unions.create(spec(UnionSpec.Via.GUEST));
      assertThat(scratch.mounts()).noneMatch(target -> target.contains("/victim"));
      assertThat(user("m/at/base")).hasContent("base");
      assertThat(user("m/at/precious")).doesNotExist();
      Scratch.write(user("m/at/file"), "text");
      union.remove();
      assertThat(user("u/up/file")).hasContent("text");
      assertThat(victim()).isEqualTo(before);
    } finally {
      helper.vm(Caller.ofProcess()).kill();
    }
  }

  /** Has a mount find the one in the place of the other. An upper that is put aside is a link. */
  private record Exchanging(Helper helper, Path real, Path link) implements Helper {
    @Override
    public Optional<Refusal> refusal() {
      return helper.refusal();
    }

    @Override
    public void start() {
      helper.start();
    }

    @Override
    public void mount(Served union) {
      Core.exchange(real, link);
      try {
        helper.mount(union);
      } finally {
        Core.exchange(real, link);
      }
    }

    @Override
    public void flush(String name) {
      helper.flush(name);
    }

    @Override
    public void clear(String name) {
      helper.clear(name);
    }

    @Override
    public Optional<String> problem(String name) {
      return helper.problem(name);
    }
  }

  /** fuse-overlayfs of root follows paths, so that nobody else may be able to change them. */
  @ParameterizedTest
  @ValueSource(strings = {"way", "u", "m"})
  void fuseOfRootGoesNoWayThatAUserCanChange(String whose) throws IOException {
    require(UnionSpec.Via.FUSE);
    scratch.file("user/way/lower/base", "base");
    UnionSpec spec =
        new UnionSpec(
            "at",
            List.of(Folder.of(user("way/lower"))),
            Folder.of(user("u/up")),
            null,
            Folder.of(user("m/at")),
            UnionSpec.Via.FUSE);
    String owned = user(whose).toString();
    Scratch.run("chown", "65534:65534", owned);
    assertThatThrownBy(() -> mica.unions().create(spec))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("another user can change the way to " + owned);
    assertThat(scratch.mounts()).noneMatch(target -> target.contains("/user/"));
    Scratch.run("chown", "0:0", owned);
    mica.unions().create(spec).remove();
  }

  /** Nobody's: what a symlink of root's leads to is root's will. */
  private void link(Path at) throws IOException {
    Files.createSymbolicLink(at, scratch.path("victim"));
    Scratch.run("chown", "-h", "65534:65534", at.toString());
  }

  private List<String> contents() throws IOException {
    try (var entries = Files.list(scratch.path("victim"))) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private interface Attempt {
    void run() throws Exception;
  }

  /** Whether it is done or refused is the racer's luck; it must be the one or the other. */
  private static void attempt(Attempt attempt) {
    try {
      attempt.run();
    } catch (MicaException | AssertionError | java.io.UncheckedIOException refused) {
      assertThat(refused).hasMessageNotContaining("internal");
    } catch (Exception other) {
      throw new AssertionError(other);
    }
  }
}
