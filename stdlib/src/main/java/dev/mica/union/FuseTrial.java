package dev.mica.union;

import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.core.ScratchDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A small union, made to see whether its mounter works, and removed; by whoever tries next, if we
 * are killed.
 */
final class FuseTrial implements AutoCloseable {
  private final FuseMounter mounter;
  private final OpenDirectory directory;
  private final ScratchDirectory scratch;
  private final Path root;
  private final UnionRecord union;

  FuseTrial(FuseMounter mounter, OpenDirectory directory) throws IOException {
    this.mounter = mounter;
    this.directory = directory;
    this.scratch = new ScratchDirectory(directory);
    this.root = scratch.path().toRealPath();
    this.union =
        new UnionRecord(
            "trial",
            List.of(make("lower")),
            make("upper"),
            make("work"),
            false,
            make("at"),
            false,
            UnionSpec.Via.FUSE,
            Instant.now(),
            new Identities(List.of(), null, null, null, null, null));
    Files.writeString(scratch.path().resolve("lower/kept"), "lower");
    Files.writeString(scratch.path().resolve("lower/gone"), "lower");
  }

  private Path make(String name) throws IOException {
    Files.createDirectory(scratch.path().resolve(name));
    return root.resolve(name);
  }

  /** What went wrong. */
  Optional<String> run() throws IOException {
    if (Core.isPrivileged() && !SafePath.is(root)) {
      return Optional.of("another user can change the way to " + directory.openedBy());
    }
    mounter.mount(union);
    try {
      Files.writeString(union.at().resolve("kept"), "upper");
      Files.delete(union.at().resolve("gone"));
      boolean changed = Files.readString(scratch.path().resolve("upper/kept")).equals("upper");
      boolean safe = Files.readString(scratch.path().resolve("lower/kept")).equals("lower");
      boolean hidden = Files.notExists(union.at().resolve("gone"));
      return changed && safe && hidden
          ? Optional.empty()
          : Optional.of("a change in the union did not go to its upper");
    } finally {
      mounter.unmount(union, UnionSetup.mounted(union).orElseThrow());
    }
  }

  @Override
  public void close() {
    scratch.close();
  }
}
