package dev.mica.commit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The order of commits: a parent after all its children, whatever a clock said when it was made.
 *
 * @param sorted among those of which no child is left, the newest first
 * @param circular those that stand on themselves over others, which only a damaged record can say
 */
record Descent(List<CommitRecord> sorted, List<CommitRecord> circular) {
  private static final Comparator<CommitRecord> NEWEST =
      Comparator.comparing(CommitRecord::created).reversed().thenComparing(CommitRecord::id);

  Descent {
    sorted = List.copyOf(sorted);
    circular = List.copyOf(circular);
  }

  static Descent of(List<CommitRecord> commits) {
    Map<String, CommitRecord> left = new LinkedHashMap<>();
    Map<String, Integer> children = new HashMap<>();
    commits.stream().sorted(NEWEST).forEach(commit -> left.put(commit.id(), commit));
    commits.forEach(commit -> commit.parent().ifPresent(id -> children.merge(id, 1, Integer::sum)));
    PriorityQueue<CommitRecord> ready = new PriorityQueue<>(NEWEST);
    left.values().stream().filter(one -> !children.containsKey(one.id())).forEach(ready::add);
    List<CommitRecord> sorted = new ArrayList<>();
    while (!ready.isEmpty()) {
      CommitRecord next = ready.remove();
      left.remove(next.id());
      sorted.add(next);
      next.parent()
          .filter(parent -> children.merge(parent, -1, Integer::sum) == 0)
          .map(left::get)
          .ifPresent(ready::add);
    }
    // Each has one parent at most: of what is left every one is a child of another that is left.
    return new Descent(sorted, List.copyOf(left.values()));
  }
}
