package dev.mica.core;

import dev.mica.failure.MicaException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The functions of the C core that mount, unmount, rotate and list mounts; see {@link Core}. */
public final class Mounts {
  private Mounts() {}

  /** Mounts a kernel overlay. */
  public static void overlay(OverlayMount overlay) {
    try (Call call = new Call("mount a union at", overlay.target())) {
      MemorySegment struct = overlay.struct(call);
      call.run(() -> (int) Function.OVERLAY_MOUNT.handle().invokeExact(struct, call.error()));
    }
  }

  /** Mounts {@code source} again at {@code target}. */
  public static void bind(Path source, Path target, Set<MountFlag> flags) {
    try (Call call = new Call("mount", source + " at " + target)) {
      MemorySegment from = call.path(source);
      MemorySegment to = call.path(target);
      int bits = Core.bits(flags);
      call.run(() -> (int) Function.BIND_MOUNT.handle().invokeExact(from, to, bits, call.error()));
    }
  }

  /**
   * Unmounts just the mount with that id at {@code target}, {@code detach} even while something
   * holds it; whatever else is there by now is left.
   */
  public static void unmount(Path target, int id, boolean detach) {
    try (Call call = new Call("unmount", target)) {
      MemorySegment what = call.path(target);
      int flags = detach ? 1 : 0;
      call.run(() -> (int) Function.UMOUNT.handle().invokeExact(what, id, flags, call.error()));
    }
  }

  /**
   * Has a mounted union go on over its own upper. False, and all is as it was, where something
   * holds it or writes it, or this kernel cannot.
   *
   * @param drain refuse those who would write, for some milliseconds, until nobody does
   */
  public static boolean rotate(Rotation rotation, boolean drain) {
    try (Call call = new Call("rotate the union at", rotation.target())) {
      MemorySegment struct = rotation.struct(call, drain);
      return call.run(() -> (int) Function.ROTATE.handle().invokeExact(struct, call.error())) == 0;
    }
  }

  /**
   * Ends a {@link #rotate} that was cut short, of a union that is still mounted; whether it is
   * rotated then.
   */
  public static boolean recoverRotation(Rotation rotation) {
    try (Call call = new Call("finish rotating the union at", rotation.target())) {
      MemorySegment struct = rotation.struct(call, false);
      return call.run(
              () -> (int) Function.ROTATE_RECOVER.handle().invokeExact(struct, call.error()))
          == 0;
    }
  }

  /**
   * Whether an overlay somewhere has the directory as its upper, mounted or held in any way; empty
   * where this kernel or file system does not tell.
   *
   * @param trial an empty directory on the same file system, which nobody else can enter
   */
  public static Optional<Boolean> inUse(Path upper, Path trial) {
    try (Call call = new Call("ask who uses", upper)) {
      MemorySegment what = call.path(upper);
      MemorySegment scratch = call.path(trial);
      return Optional.of(
          call.run(() -> (int) Function.IN_USE.handle().invokeExact(what, scratch, call.error()))
              == 1);
    } catch (MicaException failure) {
      if (failure.getCause() instanceof CoreError error && error.errno() == Errno.EOPNOTSUPP) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  /** The mounts of this process's namespace. */
  public static List<Mount> all() {
    try (Call call = new Call("list the mounts of", "this host")) {
      MemorySegment buffer = call.allocate(64 * 1024);
      long used = read(call, buffer);
      while (used > buffer.byteSize()) {
        // Mounts may come while we look: leave room.
        buffer = call.allocate(used * 2);
        used = read(call, buffer);
      }
      return Mount.all(buffer.asSlice(0, used));
    }
  }

  private static long read(Call call, MemorySegment buffer) {
    return call.run(
        () -> (long) Function.MOUNTS.handle().invokeExact(buffer, buffer.byteSize(), call.error()));
  }
}
