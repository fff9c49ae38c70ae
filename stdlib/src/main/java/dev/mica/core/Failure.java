package dev.mica.core;

import dev.mica.failure.MicaException;
import dev.mica.text.Printable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What the core says of a failure ({@code struct mica_error}), as a sentence. The one place where
 * an errno value becomes words.
 *
 * @param errno the number behind it
 * @param text what the C library calls it
 * @param step what was being done, a word
 * @param path to what; may be empty
 * @param note why, where the number alone does not say; may be empty
 */
@SuppressWarnings("restricted")
record Failure(Errno errno, String text, String step, String path, String note) {
  static final long CODE = 0;
  static final long PATH_LEN = 4;
  static final long STEP = 8;
  static final long PATH = 40;
  static final long NOTE = 4136;
  static final long SIZE = 4648;

  static Failure read(int code, MemorySegment error) {
    int pathLength = Math.min(error.get(ValueLayout.JAVA_INT, PATH_LEN), (int) (NOTE - PATH));
    return new Failure(
        Errno.of(-code),
        strerror(-code),
        error.getString(STEP),
        OpenDirectory.show(
            Printable.of(error.asSlice(PATH, pathLength).toArray(ValueLayout.JAVA_BYTE))),
        OpenDirectory.show(error.getString(NOTE)));
  }

  /** Of a core elsewhere. */
  static Failure told(int code, String step, String note) {
    return new Failure(Errno.of(code), strerror(code), step, "", note);
  }

  Failure withoutPath() {
    return new Failure(errno, text, step, "", note);
  }

  /** {@code cannot DOING OBJECT: [PATH: ]TEXT[, NOTE] (STEP)[; HINT]}. */
  MicaException of(String doing, Object object) {
    String where =
        path.isEmpty() || path.equals(".") || path.equals(object.toString()) ? "" : path + ": ";
    String why = where + (note.isEmpty() ? text : text + ", " + note) + " (" + step + ")";
    MicaException e =
        switch (errno) {
          case EPERM, EACCES -> MicaException.denied(doing, object, why);
          default -> MicaException.failed(doing, object, why);
        };
    String hint = hint();
    return (hint == null ? e : e.hint(hint)).because(new CoreError(errno, why));
  }

  private @Nullable String hint() {
    return switch (errno) {
      case EPERM, EACCES -> "run it as root, or as the owner of those files";
      case ENOENT -> "check that it is there and spelled so";
      case EBUSY -> "end what uses it (fuser -vm shows who), then try again";
      case EEXIST, ENOTEMPTY -> "choose a path where nothing is yet, or remove what is there";
      case EXDEV -> step.equals("follow") ? null : "put both on one file system";
      case ENOTDIR -> "name a directory";
      case EMFILE -> "allow more open files with: ulimit -n";
      case ENOSPC, EDQUOT -> "free some space on that file system";
      case EROFS -> "choose a place on a file system that is mounted writable";
      case EOPNOTSUPP -> "mica doctor shows what works here";
      case EIO -> "the kernel's log (dmesg) says which device failed";
      case ESTALE -> "try again when nothing moves directories there";
      case EINVAL -> step.equals("umount") ? "findmnt shows what is mounted where" : null;
      case EISDIR, ENAMETOOLONG, ELOOP, ECANCELED, OTHER -> null;
    };
  }

  private static String strerror(int code) {
    try {
      MemorySegment text = (MemorySegment) Function.STRERROR.handle().invokeExact(code);
      return text.address() == 0 ? "error " + code : text.reinterpret(256).getString(0);
    } catch (Throwable cannotHappen) {
      throw new AssertionError(cannotHappen);
    }
  }
}
