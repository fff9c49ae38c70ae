package dev.mica.commit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * The order of commits: a parent after all its children, whatever a clock said when it was made.
 */
final class Descent {
  private static final Comparator<CommitRecord> NEWEST =
      Comparator.comparing(CommitRecord::created).reversed().thenComparing(CommitRecord::id);

  private Descent() {}

  /** Among those of which no child is left, the newest first. */
  static List<CommitRecord> sort(List<CommitRecord> commits) {
    Map<String, CommitRecord> left = new LinkedHashMap<>();
    Map<String, Integer> children = new HashMap<>();
    commits.stream().sorted(NEWEST).forEach(commit -> left.put(commit.id(), commit));
    commits.forEach(commit -> commit.parent().ifPresent(id -> children.merge(id, 1, Integer::sum)));
    PriorityQueue<CommitRecord> ready = new PriorityQueue<>(NEWEST);
    left.values().stream().filter(one -> !children.containsKey(one.id())).forEach(ready::add);
    List<CommitRecord> sorted = new ArrayList<>();
    while (!left.isEmpty()) {
      CommitRecord next = Optional.ofNullable(ready.poll()).orElseGet(() -> cut(left));
      if (left.remove(next.id()) != null) {
        sorted.add(next);
        next.parent()
            .filter(parent -> children.merge(parent, -1, Integer::sum) == 0)
            .map(left::get)
            .ifPresent(ready::add);
      }
    }
    return sorted;
  }

  /** Records that stand on one another in a circle are damaged: it is cut at the newest. */
  private static CommitRecord cut(Map<String, CommitRecord> left) {
    return left.values().iterator().next();
  }
}
