package dev.mica.commit;

import dev.mica.Mica;
import dev.mica.container.VmSpec;
import dev.mica.folder.Folder;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One operation on what {@link CrashTest} has made in a directory; run in a process that is killed.
 */
final class CrashStep {
  static final long DISK = 16L << 20;

  private CrashStep() {}

  public static void main(String[] words) throws IOException {
    Path root = Path.of(words[1]);
    Mica mica = Mica.open(root.resolve("home"));
    switch (Operation.valueOf(words[0])) {
      case CREATE, CREATE_OVER_EMPTY -> mica.unions().create(spec(root));
      case REMOVE_UNION -> mica.unions().get("u").remove();
      case ROTATE -> mica.commits().create(mica.unions().get("u"), "web:v1", "");
      case COPY, REFLINK -> copy(mica, root);
      case REMOUNT -> mica.unions().get("u").remount();
      case SETTLE_KEEP -> mica.host().settle("1-0000", true);
      case SETTLE_DISCARD -> mica.host().settle("1-0000", false);
      case REMOVE_COMMIT -> mica.commits().get("old:v1").remove();
      case COLLECT -> mica.commits().gc();
      case CREATE_VM -> mica.vms().create(vm(root, "web"));
      case REMOVE_VM -> mica.vms().get("old").remove();
    }
  }

  /** What is done. */
  enum Operation {
    CREATE,
    CREATE_OVER_EMPTY,
    REMOVE_UNION,
    ROTATE,
    COPY,
    REFLINK,
    REMOUNT,
    REMOVE_COMMIT,
    COLLECT,
    CREATE_VM,
    REMOVE_VM,
    SETTLE_KEEP,
    SETTLE_DISCARD;

    /** What it can be killed at, at least: what is settled is struck, and a record put back. */
    int fewestSteps() {
      return switch (this) {
        case SETTLE_KEEP -> 4;
        case SETTLE_DISCARD -> 2;
        default -> 10;
      };
    }
  }

  static VmSpec vm(Path root, String name) {
    return VmSpec.of(name, Folder.of(root.resolve("lower")), List.of("true"))
        .but()
        .disk(DISK)
        .build();
  }

  static UnionSpec spec(Path root) {
    return new UnionSpec(
        "u",
        List.of(Folder.of(root.resolve("lower"))),
        Folder.of(root.resolve("upper")),
        null,
        Folder.of(root.resolve("at")),
        UnionSpec.Via.KERNEL);
  }

  /** Holding the union, so that it cannot be rotated. */
  private static void copy(Mica mica, Path root) throws IOException {
    try (OutputStream held = Files.newOutputStream(root.resolve("at/kept"))) {
      held.write("held".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      mica.commits().create(mica.unions().get("u"), "web:v1", "");
    }
  }
}
