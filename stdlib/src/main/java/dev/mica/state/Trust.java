package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Whether a state directory may be believed: what its journal says is carried out, so it must be
 * the effective user's own, nobody else may write in it, and nobody else may put another in its
 * place. One that others may only look into is closed to them, since old layers below it keep
 * set-user-id programs as they once were.
 */
final class Trust {
  private static final int S_ISVTX = 01000;
  private static final int S_IWGRP = 0020;
  private static final int S_IWOTH = 0002;
  private static final int ALL_OF_OTHERS = 0077;

  private Trust() {}

  /** Fails unless {@code home}, a real path, is to be trusted. */
  static void require(Path home) {
    try {
      requireOwn(home);
      for (Path above = home.getParent(); above != null; above = above.getParent()) {
        requireSafe(home, above);
      }
    } catch (IOException broken) {
      throw MicaException.failed("use the state directory", home, Why.of(broken))
          .hint("name another one in MICA_HOME")
          .because(broken);
    }
  }

  /** What is looked at by its path is what was opened, and that is what is closed to others. */
  private static void requireOwn(Path home) throws IOException {
    try (DirectoryStream<Path> opened = Files.newDirectoryStream(home)) {
      if (!(opened instanceof SecureDirectoryStream<Path> directory)) {
        throw new IOException("its file system cannot be used by descriptors");
      }
      PosixFileAttributeView view = directory.getFileAttributeView(PosixFileAttributeView.class);
      PosixFileAttributes inode = view.readAttributes();
      Facts facts = Facts.of(home);
      Object key =
          Files.readAttributes(home, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
              .fileKey();
      if (inode.fileKey() == null || !inode.fileKey().equals(key)) {
        throw refused(home, "another directory has taken its place just now", "try again");
      }
      if (facts.uid != Facts.SELF.uid) {
        throw refused(
            home,
            "it belongs to the user " + inode.owner().getName() + ", who could have us do anything",
            "name one of your own in MICA_HOME");
      }
      if ((facts.mode & (S_IWGRP | S_IWOTH)) != 0) {
        throw refused(
            home,
            "others may write in it (mode "
                + PosixFilePermissions.toString(inode.permissions())
                + ")",
            "if nobody else has, run: chmod 700 " + home);
      }
      if ((facts.mode & ALL_OF_OTHERS) != 0) {
        tighten(view);
      }
    }
  }

  private static void tighten(PosixFileAttributeView view) throws IOException {
    try {
      view.setPermissions(PosixFilePermissions.fromString("rwx------"));
    } catch (FileSystemException refused) {
      if (!"Read-only file system".equals(refused.getReason())) {
        throw refused; // nothing can be added to what others see there
      }
    }
  }

  private static void requireSafe(Path home, Path above) throws IOException {
    Facts facts = Facts.of(above);
    boolean sticky = (facts.mode & S_ISVTX) != 0;
    boolean writable =
        (facts.mode & S_IWOTH) != 0
            || ((facts.mode & S_IWGRP) != 0 && facts.gid != 0 && facts.gid != Facts.SELF.gid);
    if (!facts.isTrusted() || (writable && !sticky)) {
      throw refused(
          home,
          "others may put another one in its place, because they may change " + above,
          "name one in MICA_HOME that only you or root can move");
    }
  }

  private static MicaException refused(Path home, String why, String hint) {
    return MicaException.denied("use the state directory", home, why).hint(hint);
  }

  /** Who has a directory, and who may do what in it. */
  private record Facts(int uid, int gid, int mode) {
    static final Facts SELF = self();

    static Facts of(Path path) throws IOException {
      return new Facts(number(path, "uid"), number(path, "gid"), number(path, "mode"));
    }

    private static int number(Path path, String what) throws IOException {
      Object value = Files.getAttribute(path, "unix:" + what, LinkOption.NOFOLLOW_LINKS);
      return Integer.parseInt(String.valueOf(value));
    }

    /** Whoever has the root of all paths can do as he likes; in a user namespace it is unmapped. */
    boolean isTrusted() throws IOException {
      return uid == 0 || uid == SELF.uid || uid == of(Path.of("/")).uid;
    }

    private static Facts self() {
      Path status = Path.of("/proc/self/status");
      try {
        int uid = -1;
        int gid = -1;
        for (String line : Files.readAllLines(status)) {
          String[] words = line.split("\\s+", -1); // Uid: real effective saved file-system
          uid = words[0].equals("Uid:") ? Integer.parseUnsignedInt(words[2]) : uid;
          gid = words[0].equals("Gid:") ? Integer.parseUnsignedInt(words[2]) : gid;
        }
        return new Facts(uid, gid, 0);
      } catch (IOException broken) {
        throw MicaException.failed("read", status, Why.of(broken)).because(broken);
      }
    }
  }
}
