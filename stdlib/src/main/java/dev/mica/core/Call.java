package dev.mica.core;

import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.text.PathBytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** One call into the core: what it is for, its memory, and its failure as a sentence. */
final class Call implements AutoCloseable {
  static final long TREE_LAYERS = 0;
  static final long TREE_COUNT = 8;
  static final long TREE_KIND = 12;
  static final long TREE_FLAGS = 16;
  static final long TREE_SIZE = 24;

  /** The call itself: 0 or more, or -errno. */
  @FunctionalInterface
  interface Body {
    long run() throws Throwable;
  }

  private final Arena arena = Arena.ofConfined();
  private final String doing;
  private final Object object;
  private final MemorySegment error;
  private final Job job;
  private final Activity activity;
  private boolean named;

  /** A call that does {@code doing} ("remove") to {@code object}. */
  Call(String doing, Object object) {
    Library.loaded();
    this.doing = doing;
    this.object = OpenDirectory.show(object.toString());
    this.error = arena.allocate(Failure.SIZE, 8);
    this.job = new Job();
    this.activity = Activity.begin(doing + " " + this.object, OptionalLong.empty(), job);
  }

  /** For work that may take long: not begun at all where the caller is already to stop. */
  Call unlessCancelled() {
    try {
      activity.check();
      return this;
    } catch (CancellationException e) {
      close();
      throw e;
    }
  }

  /** The object is all that a message is to name: the path that the core knows is the same one. */
  Call named() {
    named = true;
    return this;
  }

  /** Runs it; returns what it returned, which is not negative. */
  long run(Body body) {
    long result = invoke(body);
    if (result < 0) {
      Failure failure = Failure.read((int) result, error);
      throw failure(named ? failure.withoutPath() : failure, activity, doing, object);
    }
    return result;
  }

  /** What a call returned that was not 0 or more. */
  static RuntimeException failure(
      long result, MemorySegment error, Activity activity, String doing, Object object) {
    return failure(Failure.read((int) result, error), activity, doing, object);
  }

  private static RuntimeException failure(
      Failure failure, Activity activity, String doing, Object object) {
    return failure.errno() == Errno.ECANCELED && activity.isCancelled()
        ? new CancellationException("cancelled: " + activity.text())
        : failure.of(doing, object);
  }

  static long invoke(Body body) {
    try {
      return body.run();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable cannotHappen) {
      throw new AssertionError(cannotHappen);
    }
  }

  /** Once it has run: what the layer that it made has not. */
  UnkeptFlags unkept() {
    return job.unkept();
  }

  MemorySegment job() {
    return job.memory;
  }

  MemorySegment error() {
    return error;
  }

  MemorySegment path(Path path) {
    return string(arena, PathBytes.of(path));
  }

  /** A path's last name alone, for what looks in a directory. */
  MemorySegment name(Path path) {
    return string(arena, PathBytes.ofName(path));
  }

  MemorySegment pathOrNull(@Nullable Path path) {
    return path == null ? MemorySegment.NULL : path(path);
  }

  MemorySegment bytes(byte[] bytes) {
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
  }

  /** As a string: without a zero byte, which is put behind them. */
  MemorySegment bytesOf(byte[] path) {
    return string(arena, path);
  }

  MemorySegment text(String text) {
    if (text.indexOf('\0') >= 0) {
      throw MicaException.usage(doing, object, "a name may not contain the character U+0000");
    }
    return string(arena, text.getBytes(StandardCharsets.UTF_8));
  }

  MemorySegment paths(List<Path> paths) {
    return paths(arena, paths);
  }

  MemorySegment tree(Tree tree) {
    return tree(arena, tree);
  }

  MemorySegment allocate(long size) {
    return arena.allocate(size, 8);
  }

  @Override
  public void close() {
    activity.close();
    arena.close();
  }

  static MemorySegment tree(SegmentAllocator memory, Tree tree) {
    MemorySegment struct = memory.allocate(TREE_SIZE, 8);
    struct.set(ValueLayout.ADDRESS, TREE_LAYERS, paths(memory, tree.layers()));
    struct.set(ValueLayout.JAVA_INT, TREE_COUNT, tree.layers().size());
    struct.set(ValueLayout.JAVA_INT, TREE_KIND, tree.overlay() ? 1 : 0);
    struct.set(ValueLayout.JAVA_INT, TREE_FLAGS, tree.userXattr() ? 1 : 0);
    return struct;
  }

  private static MemorySegment paths(SegmentAllocator memory, List<Path> paths) {
    MemorySegment array = memory.allocate(ValueLayout.ADDRESS, Math.max(1, paths.size()));
    for (int i = 0; i < paths.size(); i++) {
      array.setAtIndex(ValueLayout.ADDRESS, i, string(memory, PathBytes.of(paths.get(i))));
    }
    return array;
  }

  private static MemorySegment string(SegmentAllocator memory, byte[] bytes) {
    MemorySegment string = memory.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, string, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return string;
  }
}
