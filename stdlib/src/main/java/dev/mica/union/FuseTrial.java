package dev.mica.union;

import dev.mica.core.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A small union, made to see whether its mounter works, and removed. */
final class FuseTrial implements AutoCloseable {
  private final FuseMounter mounter;
  private final Path root;
  private final UnionRecord union;

  FuseTrial(FuseMounter mounter, Path directory) throws IOException {
    this.mounter = mounter;
    this.root = Files.createTempDirectory(directory, ".mica-trial-").toRealPath();
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
            new Identities(List.of(), null, null, null, null));
    Files.writeString(root.resolve("lower/kept"), "lower");
    Files.writeString(root.resolve("lower/gone"), "lower");
  }

  private Path make(String name) throws IOException {
    return Files.createDirectory(root.resolve(name));
  }

  /** What went wrong. */
  Optional<String> run() throws IOException {
    mounter.mount(union);
    try {
      Files.writeString(union.at().resolve("kept"), "upper");
      Files.delete(union.at().resolve("gone"));
      boolean changed = Files.readString(root.resolve("upper/kept")).equals("upper");
      boolean safe = Files.readString(root.resolve("lower/kept")).equals("lower");
      boolean hidden = Files.notExists(union.at().resolve("gone"));
      return changed && safe && hidden
          ? Optional.empty()
          : Optional.of("a change in the union did not land in its upper");
    } finally {
      mounter.unmount(union, Making.mounted(union).orElseThrow());
    }
  }

  @Override
  public void close() {
    Core.remove(root);
  }
}
