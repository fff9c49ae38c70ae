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
