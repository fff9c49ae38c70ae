package dev.mica.commit;

import dev.mica.folder.Change;
import dev.mica.folder.Diff;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** What was counted in a commit's layer, kept: a layer does not change. */
final class Stats {
  private final StateDir state;
  private final Store store;

  Stats(StateDir state, Store store) {
    this.state = state;
    this.store = store;
  }

  /**
   * How much a commit changes.
   *
   * @param bytes of the files and symlinks that it has anew or with other contents
   */
  record Counts(Diff.Summary summary, long bytes) {}

  Counts counts(LiveCommit commit) {
    ObjectNode known = known(commit);
    if (!known.has("added")) {
      count(commit, known);
      keep(commit, known);
    }
    return new Counts(
        new Diff.Summary(
            known.get("added").asLong(),
            known.get("modified").asLong(),
            known.get("deleted").asLong()),
        known.get("bytes").asLong());
  }

  private static void count(LiveCommit commit, ObjectNode into) {
    Map<Change.Kind, Long> kinds = new EnumMap<>(Change.Kind.class);
    long bytes = 0;
    try (Stream<Change> changes = commit.diff().stream()) {
      for (Change change : (Iterable<Change>) changes::iterator) {
        kinds.merge(change.kind(), 1L, Long::sum);
        boolean fresh =
            change.kind() == Change.Kind.ADDED
                || change.what().contains(Change.What.CONTENT)
                || change.what().contains(Change.What.TYPE);
        bytes += fresh ? change.sizeAfter() : 0;
      }
    }
    into.put("added", kinds.getOrDefault(Change.Kind.ADDED, 0L));
    into.put("modified", kinds.getOrDefault(Change.Kind.MODIFIED, 0L));
    into.put("deleted", kinds.getOrDefault(Change.Kind.DELETED, 0L));
    into.put("bytes", bytes);
  }

  private ObjectNode known(LiveCommit commit) {
    return state.read(() -> store.stats(commit.id())).orElseGet(Records::object);
  }

  /** Not while another works on the store: it is counted again another time. */
  private void keep(LiveCommit commit, ObjectNode known) {
    state.ifFree(
        "keep what was counted in " + commit.id(),
        () -> {
          if (store.hasCommit(commit.id())) {
            store.putStats(commit.id(), known);
          }
        });
  }
}
