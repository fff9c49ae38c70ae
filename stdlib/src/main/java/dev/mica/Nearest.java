package dev.mica;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The name somebody may have meant. */
final class Nearest {
  private Nearest() {}

  /** The one with the fewest edits between, if they are few for its length. */
  static Optional<String> to(String wanted, Collection<String> known) {
    int most = Math.max(1, wanted.length() / 3);
    return known.stream()
        .filter(name -> distance(wanted, name) <= most)
        .min(Comparator.comparingInt(name -> distance(wanted, name)));
  }

  /** Levenshtein's, letter case left out. */
  private static int distance(String left, String right) {
    String a = left.toLowerCase(Locale.ROOT);
    String b = right.toLowerCase(Locale.ROOT);
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
