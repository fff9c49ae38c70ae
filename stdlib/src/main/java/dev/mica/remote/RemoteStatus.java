package dev.mica.remote;

import java.time.Instant;

/**
 * What an SFTP server says of a file.
 *
 * @param size in bytes
 * @param mode with the file type, as stat(2) has it; -1 if it does not say
 * @param modified when it was changed; 1970 if it does not say
 */
public record RemoteStatus(long size, int mode, Instant modified) {
  private static final int TYPE = 0170000;

  /** As stat(2) has it: S_IFDIR and so on; a regular file if it does not say. */
  public int type() {
    return mode < 0 ? FILE : mode & TYPE;
  }

  /** S_IFREG. */
  public static final int FILE = 0100000;

  /** S_IFDIR. */
  public static final int DIRECTORY = 0040000;

  /** S_IFLNK. */
  public static final int SYMLINK = 0120000;
}
