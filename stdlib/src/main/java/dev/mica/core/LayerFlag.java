package dev.mica.core;

/** How a layer is made, in the order of the bits in {@code mica.h}. */
public enum LayerFlag {
  /** Fail rather than copy where a reflink is refused. */
  REFLINK_ONLY,
  /** Overlay's xattrs are written as {@code user.overlay.*}, whiteouts as empty files. */
  USERXATTR,
  /** Flush the target's file system before returning. */
  SYNC,
  /** Take a file that changes under the copy as it was found, rather than fail. */
  COPY_UNSTABLE,
  /** Leave out owners and attributes that the caller may not give, rather than fail. */
  OWN,
  /**
   * The tar is an exact copy of the folder, for nobody but the reader with the same flag: nothing
   * is translated, nothing is left out but what overlayfs notes for itself, and no digest is taken
   * of it.
   */
  EXACT,
  /** It is no layer: each name is only a name, and nothing says that something was deleted. */
  NAMES
}
