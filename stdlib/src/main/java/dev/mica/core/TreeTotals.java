package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How much a whole tree is.
 *
 * @param entries the number of names in the tree, its root included
 * @param bytes the bytes of its regular files; a hard-linked file counts once
 */
public record TreeTotals(long entries, long bytes) {
  static final long ENTRIES = 0;
  static final long BYTES = 8;
  static final long SIZE = 16;

  static TreeTotals read(MemorySegment totals) {
    return new TreeTotals(
        totals.get(ValueLayout.JAVA_LONG, ENTRIES), totals.get(ValueLayout.JAVA_LONG, BYTES));
  }
}
