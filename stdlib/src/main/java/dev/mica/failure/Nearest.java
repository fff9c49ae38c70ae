package dev.mica.failure;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds what was probably meant. */
public final class Nearest {
  private Nearest() {}

  /** The one of {@code known} closest to {@code typed}, if any is close. */
  public static Optional<String> to(String typed, Collection<String> known) {
    int limit = Math.max(1, typed.length() / 3);
    return known.stream()
        .filter(name -> !name.equals(typed))
        .filter(name -> near(typed, name, limit))
        .min(
            Comparator.comparingInt((String name) -> distance(fold(typed), fold(name)))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** {@code ; did you mean 'x'?} or nothing. */
  public static String hint(String typed, Collection<String> known) {
    return to(typed, known).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  private static boolean near(String typed, String name, int limit) {
    boolean begins = typed.length() > 2 && fold(name).startsWith(fold(typed));
    return begins || distance(fold(typed), fold(name)) <= limit;
  }

  private static String fold(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  /** How many letters must be put, dropped, changed or swapped with their neighbour. */
  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        d[i][j] = i == 0 || j == 0 ? i + j : step(d, a, b, i, j);
      }
    }
    return d[a.length()][b.length()];
  }

  private static int step(int[][] d, String a, String b, int i, int j) {
    int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
    int best = Math.min(d[i - 1][j - 1] + change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
    boolean swapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return swapped ? Math.min(best, d[i - 2][j - 2] + 1) : best;
  }
}
