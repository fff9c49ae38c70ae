package dev.mica.core;

/** The errno values that mean something to a caller; all others are {@link #OTHER}. */
public enum Errno {
  EPERM(1),
  ENOENT(2),
  EIO(5),
  EACCES(13),
  EBUSY(16),
  EEXIST(17),
  EXDEV(18),
  ENOTDIR(20),
  EISDIR(21),
  EINVAL(22),
  EMFILE(24),
  ENOSPC(28),
  EROFS(30),
  ENAMETOOLONG(36),
  ENOTEMPTY(39),
  ELOOP(40),
  EOPNOTSUPP(95),
  ESTALE(116),
  EDQUOT(122),
  ECANCELED(125),
  OTHER(-1);

  private final int code;

  Errno(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static Errno of(int code) {
    for (Errno errno : values()) {
      if (errno.code == code) {
        return errno;
      }
    }
    return OTHER;
  }
}
