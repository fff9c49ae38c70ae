package dev.mica.core;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * The C core, function by function; what each does and promises stands in {@code mica.h}. Every
 * failure is a {@link dev.mica.MicaException} with a {@link CoreError} as its cause; a cancelled
 * call throws {@link java.util.concurrent.CancellationException}.
 */
public final class Core {
  private Core() {}

  /** What turns {@code a} into {@code b}. */
  public static DiffReader diff(Tree a, Tree b, boolean exact) {
    throw new IllegalStateException("not here yet");
  }

  /** Makes {@code dest}, which must not exist, the layer that turns {@code a} into {@code b}. */
  public static void capture(Tree a, Tree b, Path dest, Set<LayerFlag> flags) {
    throw new IllegalStateException("not here yet");
  }

  /** Applies a layer to a plain folder, in place. */
  public static void apply(Path layer, Path target, Set<LayerFlag> flags) {
    throw new IllegalStateException("not here yet");
  }

  /** Digests a whole tree. */
  public static Manifest manifest(Tree tree) {
    throw new IllegalStateException("not here yet");
  }

  /** Removes {@code path} and everything below it, entering no mount; absent is fine. */
  public static void remove(Path path) {
    throw new IllegalStateException("not here yet");
  }

  /** Makes the directory {@code path} with the metadata of {@code model}. */
  public static void makeLike(Path model, Path path) {
    throw new IllegalStateException("not here yet");
  }

  /** Flushes the file system that {@code path} lies on. */
  public static void sync(Path path) {
    throw new IllegalStateException("not here yet");
  }

  /** Mounts a kernel overlay. */
  public static void overlayMount(OverlayMount overlay) {
    throw new IllegalStateException("not here yet");
  }

  /** Mounts {@code source} again at {@code target}. */
  public static void bindMount(Path source, Path target, Set<MountFlag> flags) {
    throw new IllegalStateException("not here yet");
  }

  /** Unmounts what is mounted at {@code target}; {@code detach} even while something holds it. */
  public static void umount(Path target, boolean detach) {
    throw new IllegalStateException("not here yet");
  }

  /** The mounts of this process's namespace. */
  public static List<Mount> mounts() {
    throw new IllegalStateException("not here yet");
  }

  /** What the folder {@code dir} can do, found by doing it. */
  public static Set<Capability> probe(Path dir) {
    throw new IllegalStateException("not here yet");
  }
}
