package dev.mica.core;

/** How something is mounted, in the order of the bits of {@code MICA_MOUNT_*}. */
public enum MountFlag {
  RDONLY,
  NODEV,
  NOSUID,
  NOEXEC,
  /** Overlay keeps its xattrs in {@code user.overlay.*}. */
  USERXATTR,
  /** Overlay never syncs: for throw-away unions only. */
  VOLATILE,
  /** {@code redirect_dir=on}; off unless given. */
  REDIRECT,
  /** {@code metacopy=on}; off unless given. */
  METACOPY
}
