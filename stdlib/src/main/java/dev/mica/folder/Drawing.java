package dev.mica.folder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Names in depth-first order drawn as a tree; directories that were not added themselves but lead
 * to one that was are drawn too. Of more than {@value #MOST} names only the number is shown.
 */
final class Drawing {
  static final int MOST = 1_000;

  /** Below this many directories the rest of a path is drawn on one line. */
  private static final int DEEPEST = 64;

  /** A name with what is below it; label is what is drawn. */
  private static final class Node {
    final byte[] name;
    final List<Node> below = new ArrayList<>();
    String label;

    Node(byte[] name, String label) {
      this.name = name;
      this.label = label;
    }
  }

  private final Node root;
  private long added;

  Drawing(String title) {
    this.root = new Node(new byte[0], title);
  }

  /** Draws {@code mark name after}; after every name that sorts before it. The root has no mark. */
  void add(Name path, String mark, String after) {
    if (++added > MOST) {
      return;
    }
    if (path.equals(Name.ROOT)) {
      root.label = root.label + after;
      return;
    }
    List<byte[]> names = path.components(DEEPEST);
    Node at = root;
    for (byte[] name : names.subList(0, names.size() - 1)) {
      at = lastOrNew(at, name);
    }
    byte[] last = names.getLast();
    at.below.add(new Node(last, mark + Name.of(last) + after));
  }

  /** Whether there is no use in adding more than their number. */
  boolean isFull() {
    return added >= MOST;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(root.label);
    draw(root, text, "");
    if (added > MOST) {
      text.append(String.format("%n… and %,d more", added - MOST));
    }
    return text.toString();
  }

  private static Node lastOrNew(Node parent, byte[] name) {
    if (!parent.below.isEmpty() && Arrays.equals(parent.below.getLast().name, name)) {
      return parent.below.getLast();
    }
    Node node = new Node(name, Name.of(name) + "/");
    parent.below.add(node);
    return node;
  }

  private static void draw(Node parent, StringBuilder text, String indent) {
    for (Node node : parent.below) {
      boolean last = node == parent.below.getLast();
      text.append('\n').append(indent).append(last ? "└── " : "├── ").append(node.label);
      draw(node, text, indent + (last ? "    " : "│   "));
    }
  }
}
