package dev.mica.core;

/**
 * Flags of files that a copy of them has not: they say how a file system stores an inode.
 *
 * @param entries how many files and directories had some
 * @param bits which, as {@code FS_IOC_GETFLAGS} has them
 */
public record UnkeptFlags(long entries, int bits) {
  /** Each at the place of its bit, as lsattr(1) and chattr(1) call it; a dot has no name there. */
  private static final String LETTERS = "sucSiadA..mEI.jtDT.eV..C.x..NPF.";

  /** As lsattr(1) has them, for example {@code dA}. */
  public String letters() {
    StringBuilder found = new StringBuilder();
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      if ((bits & 1 << bit) != 0) {
        found.append(letter(bit));
      }
    }
    return found.toString();
  }

  /** What has no letter is told by its number. */
  private static String letter(int bit) {
    char letter = LETTERS.charAt(bit);
    return letter == '.' ? "(" + bit + ")" : String.valueOf(letter);
  }

  /** For people: {@code dA of 3 entries}; empty for none. */
  @Override
  public String toString() {
    return entries == 0
        ? ""
        : letters() + " of " + entries + (entries == 1 ? " entry" : " entries");
  }
}
