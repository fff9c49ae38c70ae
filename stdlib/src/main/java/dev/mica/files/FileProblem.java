package dev.mica.files;

import dev.mica.core.CoreError;
import dev.mica.failure.MicaException;
import java.nio.file.NoSuchFileException;

/** What kind of failure it was, for a client that knows only a few. */
public enum FileProblem {
  /** There is no such file. */
  ABSENT,
  /** The caller may not do that. */
  DENIED,
  /** It cannot be done there. */
  UNSUPPORTED,
  /** Any other, which the message tells. */
  OTHER;

  /** The kind of {@code failure}, which was thrown by a {@link VirtualRoot}. */
  public static FileProblem of(MicaException failure) {
    if (failure.getCause() instanceof CoreError error) {
      return switch (error.errno()) {
        case ENOENT -> ABSENT;
        case EPERM, EACCES, EROFS, EXDEV -> DENIED;
        case EOPNOTSUPP -> UNSUPPORTED;
        default -> OTHER;
      };
    }
    if (failure.getCause() instanceof NoSuchFileException) {
      return ABSENT;
    }
    return failure.kind() == MicaException.Kind.DENIED ? DENIED : OTHER;
  }
}
