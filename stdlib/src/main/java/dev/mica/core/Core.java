package dev.mica.core;

import dev.mica.failure.MicaException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The functions of the C core; {@code mica.h} describes what each does and promises. Every failure
 * is a {@link MicaException} with a {@link CoreError} as its cause; a call whose {@link
 * dev.mica.job.Activity} was cancelled throws {@link java.util.concurrent.CancellationException}.
 */
public final class Core {
  private static final long DIGEST_SIZE = 32;
  private static final int PATH_MAX = 4096;

  private Core() {}

  /** Why the core cannot be used; empty if it can. */
  public static Optional<MicaException> problem() {
    return Library.get().problem();
  }

  /** The path where the core is, or should be. */
  public static Path library() {
    return Library.get().path();
  }

  /** Whether this process may mount, and see trusted xattrs. */
  public static boolean isPrivileged() {
    return Privilege.MAY_ADMINISTRATE;
  }

  /** The changes that turn {@code a} into {@code b}; the result must be closed. */
  public static DiffReader diff(Tree a, Tree b, boolean exact) {
    return new DiffReader(a, b, exact);
  }

  /**
   * Makes {@code dest}, which must not exist, the layer that turns {@code a} into {@code b}.
   * Returns the flags that it lacks.
   */
  public static UnkeptFlags capture(Tree a, Tree b, Path dest, Set<LayerFlag> flags) {
    String doing = a.layers().isEmpty() ? "copy" : "capture the changes of";
    try (Call call = new Call(doing, b.describe() + " to " + dest).unlessCancelled()) {
      MemorySegment treeA = call.tree(a);
      MemorySegment treeB = call.tree(b);
      MemorySegment to = call.path(dest);
      int bits = bits(flags);
      call.run(() ->
          (int)
              Function.CAPTURE
                  .handle()
                  .invokeExact(treeA, treeB, to, bits, call.job(), call.error()));
      return call.unkept();
    }
  }

  /** Makes {@code dest}, which must not exist, a copy of the single file {@code from}. */
  public static void copy(Path from, Path dest, Set<LayerFlag> flags) {
    try (Call call = new Call("copy", from + " to " + dest).unlessCancelled()) {
      MemorySegment source = call.path(from);
      MemorySegment to = call.path(dest);
      int bits = bits(flags);
      call.run(() ->
          (int) Function.COPY.handle().invokeExact(source, to, bits, call.job(), call.error()));
    }
  }

  /**
   * Copies the bytes of the regular file {@code from} over those of {@code to}, which is made if it
   * does not exist. Links are followed. If {@code from} has a hole, {@code to} keeps what it has
   * there.
   */
  public static void copyData(Path from, Path to) {
    try (Call call = new Call("copy", from + " to " + to)) {
      MemorySegment source = call.path(from);
      MemorySegment target = call.path(to);
      call.run(() -> (int) Function.COPY_DATA.handle().invokeExact(source, target, call.error()));
    }
  }

  /** Applies a layer to the plain folder {@code target}, in place; not atomic. */
  public static void apply(Path layer, Path target, Set<LayerFlag> flags) {
    try (Call call = new Call("apply", layer + " to " + target).unlessCancelled()) {
      boolean userXattr = flags.contains(LayerFlag.USERXATTR);
      MemorySegment tree = call.tree(Tree.overlay(List.of(layer), userXattr));
      MemorySegment to = call.path(target);
      int bits = bits(flags);
      call.run(() ->
          (int) Function.APPLY.handle().invokeExact(tree, to, bits, call.job(), call.error()));
    }
  }

  /** Digests a whole tree. */
  public static TreeDigest treeDigest(Tree tree) {
    try (Call call = new Call("digest", tree.describe()).unlessCancelled()) {
      MemorySegment of = call.tree(tree);
      MemorySegment digest = call.allocate(DIGEST_SIZE);
      MemorySegment totals = call.allocate(TreeTotals.SIZE);
      call.run(() ->
          (int)
              Function.MANIFEST.handle().invokeExact(of, digest, totals, call.job(), call.error()));
      TreeTotals is = TreeTotals.read(totals);
      return new TreeDigest(
          "sha256:" + HexFormat.of().formatHex(digest.toArray(ValueLayout.JAVA_BYTE)),
          is.entries(),
          is.bytes());
    }
  }

  /**
   * Prepares an upper that nobody uses for its use as a lower, so that its entries stay immutable
   * or append-only. May be repeated. Returns the number of such entries.
   */
  public static long protectLayer(Path layer, boolean userXattr) {
    try (Call call = new Call("keep the flags of", layer).unlessCancelled()) {
      MemorySegment what = call.path(layer);
      MemorySegment count = call.allocate(Long.BYTES);
      int bits = userXattr ? bits(EnumSet.of(LayerFlag.USERXATTR)) : 0;
      call.run(() ->
          (int)
              Function.PROTECT_LAYER
                  .handle()
                  .invokeExact(what, bits, count, call.job(), call.error()));
      return count.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /** Undoes that, so that the layer can be an upper again. May be repeated. */
  public static void unprotectLayer(Path layer) {
    try (Call call = new Call("take back the flags of", layer).unlessCancelled()) {
      MemorySegment what = call.path(layer);
      call.run(() ->
          (int) Function.UNPROTECT_LAYER.handle().invokeExact(what, 0, call.job(), call.error()));
    }
  }

  /** Removes what Mica has made itself, also what is immutable or append-only. */
  public static void discard(Path path) {
    try (Call call = new Call("remove", path)) {
      MemorySegment what = call.path(path);
      call.run(() -> (int) Function.DISCARD.handle().invokeExact(what, call.job(), call.error()));
    }
  }

  /**
   * Removes {@code path} and everything below it, but enters no mount; absent is fine. What is
   * immutable or append-only stays, and is then a failure.
   */
  public static void remove(Path path) {
    try (Call call = new Call("remove", path)) {
      MemorySegment what = call.path(path);
      call.run(() -> (int) Function.REMOVE.handle().invokeExact(what, call.job(), call.error()));
    }
  }

  /**
   * Makes the directory {@code path}, or uses it if it is empty, with the metadata of {@code
   * model}.
   */
  public static void makeDirectoryLike(Path model, Path path) {
    try (Call call = new Call("make the directory", path + " like " + model)) {
      MemorySegment from = call.path(model);
      MemorySegment to = call.path(path);
      call.run(
          () -> (int) Function.MAKE_DIRECTORY_LIKE.handle().invokeExact(from, to, call.error()));
    }
  }

  /** The same for a fresh upper over {@code layer}, which was that union's upper until now. */
  public static void makeUpper(Path layer, Path upper) {
    try (Call call = new Call("make a fresh upper", upper + " like " + layer)) {
      MemorySegment from = call.path(layer);
      MemorySegment to = call.path(upper);
      call.run(() -> (int) Function.MAKE_UPPER.handle().invokeExact(from, to, 0, call.error()));
    }
  }

  /**
   * Sets the modification time of {@code path} itself. (Before 1970 the JDK would lose the
   * fraction.)
   */
  public static void setModified(Path path, Instant time) {
    try (Call call = new Call("set the time of", path)) {
      MemorySegment what = call.path(path);
      long seconds = time.getEpochSecond();
      int nanos = time.getNano();
      call.run(
          () -> (int) Function.SET_MTIME.handle().invokeExact(what, seconds, nanos, call.error()));
    }
  }

  /** Flushes a directory itself: what was made, renamed or removed in it stays so. */
  public static void syncDirectory(Path directory) {
    try (Call call = new Call("sync", directory)) {
      MemorySegment where = call.path(directory);
      call.run(() -> (int) Function.SYNC_DIRECTORY.handle().invokeExact(where, call.error()));
    }
  }

  /** Flushes the file system that {@code path} lies on. */
  public static void sync(Path path) {
    try (Call call = new Call("flush the file system of", path)) {
      MemorySegment where = call.path(path);
      call.run(() -> (int) Function.SYNC.handle().invokeExact(where, call.error()));
    }
  }

  /** Exchanges two names in one step: after a power cut it is done completely or not at all. */
  public static void exchange(Path a, Path b) {
    try (Call call = new Call("exchange", a + " with " + b)) {
      MemorySegment one = call.path(a);
      MemorySegment other = call.path(b);
      call.run(() -> (int) Function.EXCHANGE.handle().invokeExact(one, other, call.error()));
    }
  }

  /**
   * Makes the directory immutable, so that nobody can change its entries. Returns whether that is
   * possible: some file systems do not have it, and root in some namespaces may not use it.
   */
  public static boolean freeze(Path dir) {
    try {
      freeze("freeze", dir, 1);
      return true;
    } catch (MicaException refused) {
      if (refused.getCause() instanceof CoreError error
          && (error.errno() == Errno.EOPNOTSUPP || error.errno() == Errno.EPERM)) {
        return false;
      }
      throw refused;
    }
  }

  /** Undoes that; fine if the directory was not immutable. */
  public static void unfreeze(Path dir) {
    freeze("unfreeze", dir, 0);
  }

  private static void freeze(String doing, Path dir, int frozen) {
    try (Call call = new Call(doing, dir)) {
      MemorySegment what = call.path(dir);
      call.run(() -> (int) Function.FREEZE.handle().invokeExact(what, frozen, call.error()));
    }
  }

  /**
   * Starts one of Mica's own programs and does not wait for it: it outlives this process, and has
   * neither its terminal nor its environment.
   *
   * @param program the name of its file, which lies beside the core
   */
  public static void startApart(String program, Path argument) {
    Path file = library().resolveSibling(program);
    try (Call call = new Call("start", file)) {
      MemorySegment what = call.path(file);
      MemorySegment with = call.path(argument);
      call.run(() -> (int) Function.START_APART.handle().invokeExact(what, with, call.error()));
    }
  }

  /** What the folder {@code dir} can do, found out by trying it. */
  public static Set<Capability> probe(Path dir) {
    try (Call call = new Call("probe", dir)) {
      MemorySegment where = call.path(dir);
      MemorySegment can = call.allocate(Integer.BYTES);
      call.run(() -> (int) Function.PROBE.handle().invokeExact(where, can, call.error()));
      return set(Capability.class, can.get(ValueLayout.JAVA_INT, 0));
    }
  }

  /**
   * Removes from {@code dir} what probes and scratch directories left there when a process was
   * killed.
   */
  public static void cleanScratch(Path dir) {
    try (Call call = new Call("remove what was left behind in", dir)) {
      MemorySegment where = call.path(dir);
      call.run(() -> (int) Function.CLEAN_SCRATCH.handle().invokeExact(where, call.error()));
    }
  }

  /**
   * The rate of this host's time stamp counter in kHz; empty if it has none. Takes up to 20 ms in a
   * process that has just begun.
   */
  public static OptionalInt timeStampRate() {
    int rate = (int) Call.invoke(() -> (int) Function.TSC_KHZ.handle().invokeExact());
    return rate == 0 ? OptionalInt.empty() : OptionalInt.of(rate);
  }

  /** Tells the service manager that listens at {@code address} how this service is. */
  public static void notify(String address, String message) {
    try (Call call = new Call("tell the service manager at", address)) {
      MemorySegment to = call.text(address);
      MemorySegment what = call.text(message);
      call.run(() -> (int) Function.NOTIFY.handle().invokeExact(to, what, call.error()));
    }
  }

  /** The home directory of a user of this host; empty if there is no such user. */
  public static Optional<String> home(String user) {
    try (Call call = new Call("look up the user", user)) {
      MemorySegment name = call.text(user);
      MemorySegment home = call.allocate(PATH_MAX);
      call.run(() ->
          (int) Function.HOME.handle().invokeExact(name, home, (long) PATH_MAX, call.error()));
      return Optional.of(home.getString(0));
    } catch (MicaException none) {
      if (none.getCause() instanceof CoreError error && error.errno() == Errno.ENOENT) {
        return Optional.empty();
      }
      throw none;
    }
  }

  /** The constants of our flag types are in the order of the bits in mica.h. */
  @SuppressWarnings("EnumOrdinal")
  static <E extends Enum<E>> int bits(Set<E> set) {
    return set.stream().mapToInt(e -> 1 << e.ordinal()).reduce(0, (a, b) -> a | b);
  }

  @SuppressWarnings("EnumOrdinal")
  static <E extends Enum<E>> Set<E> set(Class<E> type, int bits) {
    Set<E> set = EnumSet.noneOf(type);
    for (E e : type.getEnumConstants()) {
      if ((bits >> e.ordinal() & 1) != 0) {
        set.add(e);
      }
    }
    return set;
  }
}
