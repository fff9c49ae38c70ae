package dev.mica.core;

import java.util.Set;

/** How a file below a directory is opened; {@code MICA_OPEN_*} in the header, in that order. */
public enum OpenFlag {
  READ,
  WRITE,
  /** Each write goes to the end. */
  APPEND,
  /** A file that is not there is made. */
  CREATE,
  /** With CREATE: one that is there is a failure. */
  EXCLUSIVE,
  TRUNCATE,
  /** With ENTRY: a symlink is opened itself. */
  NOFOLLOW,
  /** Anything, for what does not need its bytes. */
  ENTRY,
  /** A directory, for its names. */
  LIST,
  /** A file that sets a user or group ID is not opened for writing. */
  NO_SET_ID;

  /** The number that the core, and a guest, know these by. */
  public static int bits(Set<OpenFlag> flags) {
    return Core.bits(flags);
  }
}
