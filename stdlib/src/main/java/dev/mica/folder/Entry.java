package dev.mica.folder;

import java.time.Instant;

/**
 * One name in a folder.
 *
 * @param path where it is, relative to the folder that was asked
 * @param type what it is
 * @param size bytes; 0 unless a file or symlink
 * @param mode the permission bits, setuid, setgid and sticky among them; -1 where unknown
 * @param modified the modification time
 */
public record Entry(Name path, Type type, long size, int mode, Instant modified) {
  /** The last component of {@link #path}. */
  public Name name() {
    return path.last();
  }
}
