package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What turns one tree into another. Nothing is looked at until it is iterated, and each iteration
 * looks anew, streaming, so a diff may be held and asked again.
 */
public interface Diff extends Iterable<Change> {
  /**
   * What turns the tree {@code a}, called {@code from}, into the tree {@code b}, called {@code to}.
   *
   * @param exact whether files whose size and time agree are compared by content
   */
  static Diff of(String from, Tree a, String to, Tree b, boolean exact) {
    return new TreeDiff(from, to, () -> Trees.of(a, b), exact);
  }

  /**
   * The same, exact, for {@code caller}: of trees whose folders were recorded by their real paths,
   * because a union or commit was made of them. Each time they are opened as the caller may reach
   * them.
   */
  static Diff recorded(Caller caller, String from, Tree a, String to, Tree b) {
    return new TreeDiff(from, to, () -> Trees.recorded(caller, a, b), true);
  }

  /**
   * The same as it is now, for trees that are not there for long: its changes are looked at to
   * their end, and kept in a file that is called {@code file} for a moment, and then has no name.
   */
  static Diff kept(Diff diff, Path file) {
    return KeptDiff.of(diff, file);
  }

  /** How the first tree is called: a path, a union, a commit. */
  String from();

  /** How the second tree is called. */
  String to();

  /**
   * The changes in order. The stream holds native threads and descriptors: close it, unless it is
   * run to its end, which closes it.
   */
  Stream<Change> stream();

  @Override
  default Iterator<Change> iterator() {
    return stream().iterator();
  }

  /** All changes at once; the list is the caller's to change. */
  default List<Change> toList() {
    try (Stream<Change> changes = stream()) {
      return changes.collect(Collectors.toCollection(ArrayList::new));
    }
  }

  /** Whether there is none; stops at the first. */
  default boolean isEmpty() {
    try (Stream<Change> changes = stream()) {
      return changes.findFirst().isEmpty();
    }
  }

  /** The changes as a drawing of the tree, unchanged neighbours left out. */
  String tree();

  /** How many of each kind. */
  Summary summary();

  /**
   * Counts of a diff.
   *
   * @param added lines with {@link Change.Kind#ADDED}
   * @param modified likewise
   * @param deleted likewise
   */
  record Summary(long added, long modified, long deleted) {
    /** Whether nothing differs. */
    public boolean isEmpty() {
      return added + modified + deleted == 0;
    }
  }
}
