package dev.mica.core;

/** What a folder's file system can do, in the order of the bits of {@code MICA_CAN_*}. */
public enum Capability {
  TRUSTED_XATTR,
  USER_XATTR,
  /** Makes 0:0 character devices. */
  WHITEOUT,
  RENAME_WHITEOUT,
  TMPFILE,
  REFLINK,
  HARDLINK,
  /** Keeps the nanoseconds of times. */
  NANOSECONDS,
  /** Names that differ in case only are two names. */
  CASE,
  /** Carries the upper of a kernel overlay. */
  OVERLAY,
  /** The same with {@code userxattr}. */
  OVERLAY_USER,
  ACL
}
