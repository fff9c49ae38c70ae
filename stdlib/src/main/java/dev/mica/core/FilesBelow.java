package dev.mica.core;

import dev.mica.failure.MicaException;
import dev.mica.text.Printable;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The files below a directory that is held open, by paths that never lead out of it, whatever
 * symlink somebody puts there at the same time.
 *
 * @param directory borrowed
 * @param shown what messages call it; ends with a slash
 */
public record FilesBelow(OpenDirectory directory, String shown) {
  /** A path below a directory. */
  public static final class At {
    private final FilesBelow files;
    private final byte[] path;

    private At(FilesBelow files, byte[] path) {
      this.files = files;
      this.path = path;
    }

    @Override
    public String toString() {
      String name = Printable.of(path);
      return name.equals(".") ? files.shown : files.shown + name;
    }

    private int directory() {
      return files.directory.descriptor();
    }
  }

  /** A relative path in it; "." is the directory itself. */
  public At at(byte[] path) {
    for (byte b : path) {
      if (b == 0) {
        throw MicaException.usage("use a path in", shown, "a name may not contain a zero byte");
      }
    }
    return new At(this, path);
  }

  /** Opens what is there; the result must be closed. */
  public static OpenFile open(At at, Set<OpenFlag> how, int mode) {
    int bits = Core.bits(how);
    try (Call call = new Call("open", at).named()) {
      MemorySegment path = call.bytesOf(at.path);
      int descriptor =
          (int)
              call.run(() ->
                  (int)
                      Function.BELOW_OPEN
                          .handle()
                          .invokeExact(at.directory(), path, bits, mode, call.error()));
      return new OpenFile(descriptor, at.toString());
    }
  }

  /** Makes a directory. */
  public static void makeDirectory(At at, int mode) {
    try (Call call = new Call("make the directory", at).named()) {
      MemorySegment path = call.bytesOf(at.path);
      call.run(() ->
          (int)
              Function.BELOW_MAKE_DIRECTORY
                  .handle()
                  .invokeExact(at.directory(), path, mode, call.error()));
    }
  }

  /** Makes a symlink with that text. */
  public static void makeLink(At at, byte[] text) {
    try (Call call = new Call("make the symlink", at).named()) {
      MemorySegment path = call.bytesOf(at.path);
      MemorySegment target = call.bytesOf(text);
      call.run(() ->
          (int)
              Function.BELOW_MAKE_LINK
                  .handle()
                  .invokeExact(at.directory(), path, target, call.error()));
    }
  }

  /** Gives the file {@code from} another name. */
  public static void link(At from, At to) {
    try (Call call = new Call("link", from + " to " + to).named()) {
      MemorySegment old = call.bytesOf(from.path);
      MemorySegment path = call.bytesOf(to.path);
      call.run(() ->
          (int)
              Function.BELOW_LINK
                  .handle()
                  .invokeExact(from.directory(), old, to.directory(), path, call.error()));
    }
  }

  /** Renames; what has the new name already is replaced only if {@code replace}. */
  public static void rename(At from, At to, boolean replace) {
    int how = replace ? 1 : 0;
    try (Call call = new Call("rename", from + " to " + to).named()) {
      MemorySegment old = call.bytesOf(from.path);
      MemorySegment path = call.bytesOf(to.path);
      call.run(() ->
          (int)
              Function.BELOW_RENAME
                  .handle()
                  .invokeExact(from.directory(), old, to.directory(), path, how, call.error()));
    }
  }

  /** Removes an empty directory, or if not {@code directory} anything else. */
  public static void remove(At at, boolean directory) {
    int how = directory ? 1 : 0;
    try (Call call = new Call("remove", at).named()) {
      MemorySegment path = call.bytesOf(at.path);
      call.run(() ->
          (int)
              Function.BELOW_REMOVE.handle().invokeExact(at.directory(), path, how, call.error()));
    }
  }
}
