package dev.mica.files;

import dev.mica.text.PathBytes;
import dev.mica.text.Printable;
import java.util.ArrayList;
import java.util.List;

/**
 * A path below the virtual root, without "." and "..": what stands before a ".." is gone, even if
 * it is a symlink.
 *
 * @param names the names from the root on, as {@link PathBytes#decode} makes them of bytes
 */
record VirtualPath(List<String> names) {
  /** The area whose objects may have names with slashes. */
  static final String COMMITS = "commits";

  /** What stands before the id of a commit. */
  static final String ID = "@";

  /** What {@code path} means to somebody who is in {@code home}. */
  static VirtualPath of(byte[] path, List<String> home) {
    String text = PathBytes.decode(path);
    List<String> names = new ArrayList<>(text.startsWith("/") ? List.of() : home);
    for (String name : text.split("/", -1)) {
      switch (name) {
        case "", "." -> {}
        case ".." -> {
          if (!names.isEmpty()) {
            names.removeLast();
          }
        }
        default -> names.add(name);
      }
    }
    return new VirtualPath(List.copyOf(names));
  }

  /** Whether it is the root, or one of the folders above the objects, which are on no disk. */
  boolean isVirtual() {
    return names.size() < depth();
  }

  /**
   * How many names lead to an object: the name of a commit may have several, of which the last one
   * has the colon before the tag; a commit's id stands behind an "@".
   */
  private int depth() {
    if (!area().equals(COMMITS)) {
      return 2;
    }
    for (int i = 1; i < names.size(); i++) {
      if (names.get(i).contains(":") || names.get(i).startsWith(ID)) {
        return i + 1;
      }
    }
    return Integer.MAX_VALUE;
  }

  /** The first name; empty for the root. */
  String area() {
    return names.isEmpty() ? "" : names.getFirst();
  }

  /** The path of the object in the area. */
  VirtualPath object() {
    return new VirtualPath(names.subList(0, depth()));
  }

  /** The name of the object in the area, or of a folder above such. */
  String name() {
    List<String> path = isVirtual() ? names : object().names;
    return String.join("/", path.subList(1, path.size()));
  }

  /** The path from there on, "." for the object itself. */
  byte[] below() {
    int depth = depth();
    return names.size() == depth
        ? new byte[] {'.'}
        : PathBytes.encode(String.join("/", names.subList(depth, names.size())));
  }

  byte[] bytes() {
    return PathBytes.encode("/" + String.join("/", names));
  }

  /** For people. */
  @Override
  public String toString() {
    return Printable.of(bytes());
  }
}
