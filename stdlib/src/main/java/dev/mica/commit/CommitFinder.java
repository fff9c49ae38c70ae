package dev.mica.commit;

import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds a commit by what people call it: a name, an id, or the first digits of one. */
record CommitFinder(StateDir state, Store store) {
  private static final int SHORTEST_ID = 4;

  Optional<CommitRecord> find(String refOrId) {
    return state.read(() -> lookUp(refOrId));
  }

  /** The same; if there is none, it fails and names the most similar one. */
  CommitRecord get(String refOrId) {
    return find(refOrId)
        .orElseThrow(() ->
            MicaException.unknown(
                "commit",
                refOrId,
                Stream.concat(store.names().all().keySet().stream(), store.ids().stream())
                    .toList()));
  }

  private Optional<CommitRecord> lookUp(String refOrId) {
    String named = store.names().readable().get(Ref.normal(refOrId));
    if (named != null) {
      return store.commit(named);
    }
    List<String> ids = idsThatBegin(refOrId);
    if (ids.size() > 1) {
      throw MicaException.usage("find the commit", refOrId, "several ids begin so")
          .hint("write more of it: " + String.join(", ", ids));
    }
    if (ids.isEmpty()) {
      store.names().all(); // it is known to have no such name only if the names can be read
      return Optional.empty();
    }
    return store.commit(ids.getFirst());
  }

  private List<String> idsThatBegin(String digits) {
    return digits.length() < SHORTEST_ID || !digits.matches("[0-9a-f]+")
        ? List.of()
        : store.ids().stream().filter(id -> id.startsWith(digits)).toList();
  }
}
