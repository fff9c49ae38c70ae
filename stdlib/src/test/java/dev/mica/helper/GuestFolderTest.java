package dev.mica.helper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.core.TreeDigest;
import dev.mica.folder.Folder;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What the relay's own tests ask of a folder, asked of one that a real helper VM brings back: POSIX
 * to its corners, git, SQLite, rsync, tar ({@code lab/run-guest}). After each case the lower is as
 * it was, and the host's own overlayfs makes of the upper what the union showed. Half of the cases,
 * which {@code -Dmica.seed=N} chooses again; {@code MICA_FULL=1} takes all, and sizes that need
 * minutes on an emulated processor, {@code -Dmica.case=NAME} one case.
 */
final class GuestFolderTest extends ScratchTest {
  private static final String CASES = lab("run-guest");
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final long SEED = Long.getLong("mica.seed", new Random().nextInt(1_000_000));

  @BeforeEach
  void works() {
    require(UnionSpec.Via.GUEST);
  }

  @AfterEach
  void stop() {
    mica.host().helper().kill();
  }

  @TestFactory
  Stream<DynamicTest> whatHoldsForAnyFolder() {
    String only = System.getProperty("mica.case");
    List<String> all = new ArrayList<>(Scratch.run(CASES, "list").lines().toList());
    System.out.println("GuestFolderTest: -Dmica.seed=" + SEED);
    Collections.shuffle(all, new Random(SEED));
    return all.stream()
        .limit(FULL || only != null ? all.size() : all.size() / 2)
        .filter(name -> only == null || name.equals(only))
        .map(name -> DynamicTest.dynamicTest(name, () -> hold(name)));
  }

  private void hold(String name) {
    Path top = scratch.dir(name);
    run("fill", name, top);
    Path lower = top.resolve("a");
    TreeDigest before = Core.treeDigest(Tree.plain(lower));
    Union union = create(name, top, UnionSpec.Via.GUEST);
    run("try", name, top);
    assertThat(union.problem()).isEmpty();
    TreeDigest shown = Core.treeDigest(Tree.plain(union.at().path()));
    union.remove();
    assertThat(Core.treeDigest(Tree.plain(lower))).as("the lower").isEqualTo(before);
    Union host = create(name, top, UnionSpec.Via.KERNEL);
    assertThat(Core.treeDigest(Tree.plain(host.at().path())))
        .as("the union by the host's own overlayfs")
        .isEqualTo(shown);
    host.remove();
    Core.remove(top);
  }

  private Union create(String name, Path top, UnionSpec.Via via) {
    return mica.unions()
        .create(
            new UnionSpec(
                name,
                List.of(Folder.of(top.resolve("a"))),
                Folder.of(top.resolve("b")),
                null,
                Folder.of(top.resolve("s")),
                via));
  }

  private static void run(String what, String name, Path top) {
    System.out.print(Scratch.run(CASES, what, name, top.toString()));
  }
}
