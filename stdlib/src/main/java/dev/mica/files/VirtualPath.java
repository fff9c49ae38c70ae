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

  /** Whether it is the root, or one of the folders in it, which are on no disk. */
  boolean isVirtual() {
    return names.size() < 2;
  }

  /** The first name; empty for the root. */
  String area() {
    return names.isEmpty() ? "" : names.getFirst();
  }

  /** The path of the object in the area. */
  VirtualPath object() {
    return new VirtualPath(names.subList(0, 2));
  }

  /** The path from there on, "." for the object itself. */
  byte[] below() {
    return names.size() == 2
        ? new byte[] {'.'}
        : PathBytes.encode(String.join("/", names.subList(2, names.size())));
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
