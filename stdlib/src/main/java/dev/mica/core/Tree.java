package dev.mica.core;

import java.nio.file.Path;
import java.util.List;

/**
 * A tree to look at: one plain folder, or a stack of layers as overlayfs would merge it.
 *
 * @param layers local directories, topmost first
 * @param overlay whether they are layers: whiteouts and overlay's own xattrs have their meaning
 * @param userXattr whether overlay's xattrs are {@code user.overlay.*} rather than trusted ones
 */
public record Tree(List<Path> layers, boolean overlay, boolean userXattr) {
  /** The tree with nothing in it. */
  public static final Tree EMPTY = new Tree(List.of(), false, false);

  /** Copies the list. */
  public Tree {
    layers = List.copyOf(layers);
  }

  /** One folder as it lies there. */
  public static Tree plain(Path folder) {
    return new Tree(List.of(folder), false, false);
  }

  /** A stack of layers, topmost first. */
  public static Tree overlay(List<Path> layers, boolean userXattr) {
    return new Tree(layers, true, userXattr);
  }

  /**
   * A stack of layers as this process reads them: overlay's xattrs are trusted ones for those who
   * may see such, {@code user.overlay.*} for others.
   */
  public static Tree layers(List<Path> layers) {
    return overlay(layers, !Core.isPrivileged());
  }

  /** How it is called in messages: its topmost layer, and how many lie below. */
  String describe() {
    return switch (layers.size()) {
      case 0 -> "nothing";
      case 1 -> layers.getFirst().toString();
      default -> layers.getFirst() + " over " + (layers.size() - 1) + " more";
    };
  }
}
