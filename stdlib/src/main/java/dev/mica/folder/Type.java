package dev.mica.folder;

/** What an entry of a tree is. */
public enum Type {
  FILE('f'),
  DIRECTORY('d'),
  SYMLINK('l'),
  FIFO('p'),
  SOCKET('s'),
  BLOCK_DEVICE('b'),
  CHARACTER_DEVICE('c');

  private final char letter;

  Type(char letter) {
    this.letter = letter;
  }

  /** The letter that find(1) and the C core use. */
  public char letter() {
    return letter;
  }

  /** The type a letter stands for. */
  public static Type of(char letter) {
    for (Type type : values()) {
      if (type.letter == letter) {
        return type;
      }
    }
    throw new IllegalArgumentException("no type has the letter '" + letter + "'");
  }
}
