package dev.mica.test;

import dev.mica.Mica;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.opentest4j.TestAbortedException;

/** A test with a scratch directory, and in it the state directory {@code home}. */
@NeedsRoot
public abstract class ScratchTest {
  /** The test's own directory. */
  protected Scratch scratch = new Scratch();

  /** The objects over {@code home} in it. */
  protected Mica mica = Mica.open(scratch.path("home"));

  @AfterEach
  final void end() {
    scratch.close();
  }

  /** Skips the test where that mounter says it does not work here; fails it where all must work. */
  protected final void require(UnionSpec.Via via) {
    if (via == UnionSpec.Via.GUEST) {
      Guests.into(mica.home());
    }
    mica.unions()
        .refusal(via, scratch.dir("trial"))
        .ifPresent(why -> {
          if ("1".equals(System.getenv("MICA_MUST_WORK"))) {
            throw new AssertionError(why);
          }
          throw new TestAbortedException(why);
        });
  }

  /** A program of the lab, which {@code src/test/lab} has. */
  protected static String lab(String program) {
    return Path.of(System.getProperty("mica.root"), "stdlib/src/test/lab", program).toString();
  }

  /** A union over one lower. */
  protected Union union(String name, Path lower, Path upper, Path at) {
    return mica.unions().create(spec(name, List.of(Folder.of(lower)), upper, at));
  }

  /** A spec by whatever mounter works. */
  public static UnionSpec spec(
      @Nullable String name, List<? extends LayerSource> lowers, @Nullable Path upper, Path at) {
    return new UnionSpec(
        name,
        List.copyOf(lowers),
        upper == null ? null : Folder.of(upper),
        null,
        Folder.of(at),
        UnionSpec.Via.AUTO);
  }
}
