package dev.mica.commit;

import dev.mica.failure.MicaException;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import dev.mica.union.UnionLayers;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/** Removes commits, and what belongs to none, but never what something stands on. */
final class Remover {
  private static final String REMOVE = "remove a commit";
  private static final String COLLECT = "collect garbage";

  private final StateDir state;
  private final Store store;
  private final LayerUsers users;
  private final Exchange exchange;

  Remover(StateDir state, Store store, UnionLayers layers, LayerUser others, Exchange exchange) {
    this.state = state;
    this.store = store;
    this.users = new LayerUsers(store, layers, others);
    this.exchange = exchange;
    state.onLeftover(
        REMOVE,
        Recovery.of(
            facts -> facts, facts -> List.of(Store.object(removed(facts))), this::recoverRemove));
    state.onLeftover(COLLECT, Recovery.of(facts -> facts, facts -> List.of(), facts -> tidy()));
  }

  /** Removes layers, blobs and files that belong to no commit; returns what was removed. */
  List<String> collect() {
    try (LockedState locked = state.lock("collect garbage")) {
      return locked.reclaim(COLLECT, Records.object(), () -> collect(locked));
    }
  }

  private List<String> collect(LockedState locked) {
    Set<String> noted = locked.noted();
    List<String> removed = new ArrayList<>();
    for (String id : store.orphans()) {
      if (noted.contains(Store.object(id))
          || noted.contains(LayerStore.object(id))
          || users.of(locked, id).isPresent()) {
        continue; // it is being made, or nobody decided yet; or its record was lost
      }
      store.discard(id);
      store.discardLayer(id);
      removed.add("layer " + id);
    }
    store.orphanValues().forEach(store::forgetValues);
    store.trash().forEach(left -> removed.add("trash " + left.getFileName()));
    store.emptyTrash();
    removed.addAll(collectBlobs(locked));
    return new ArrayList<>(new LinkedHashSet<>(removed));
  }

  /**
   * Not while some are on their way to a commit, which does not name them yet; nor while a record
   * is damaged, which may name any.
   */
  private List<String> collectBlobs(LockedState locked) {
    Records.Listing<CommitRecord> all = store.all();
    if (!locked.noted(LayerStore.PUBLISH).isEmpty() || !all.damaged().isEmpty()) {
      return List.of();
    }
    Set<String> manifests =
        all.readable().stream()
            .flatMap(commit -> commit.manifest().stream())
            .collect(Collectors.toSet());
    Set<String> blobs =
        store.tars().stream()
            .flatMap(tar -> tar.blobs().stream())
            .map(TarRecord.Blob::digest)
            .collect(Collectors.toSet());
    return exchange.collect(manifests, blobs);
  }

  /** What cannot be removed stays in the trash, where the next gc meets it and says so. */
  private void tidy() {
    try {
      store.emptyTrash();
    } catch (MicaException stuck) {
      return; // nothing else needs to wait for it
    }
  }

  /** Removes a name of a commit, if that has others; returns whether it has. */
  boolean removeName(String ref, String id) {
    try (LockedState _ = state.lock("remove the name " + ref, Store.object(id))) {
      return store.names().forget(ref, id);
    }
  }

  /** Removes a commit on which nothing stands. */
  void remove(String id) {
    try (LockedState locked = state.lock("remove the commit " + id, Store.object(id))) {
      CommitRecord commit =
          store.commit(id).orElseThrow(() -> MicaException.unknown("commit", id, store.ids()));
      List<String> own = store.onlyOf(commit);
      requireUnused(locked, commit, own);
      ObjectNode facts = Records.object().put("id", id);
      own.forEach(facts.putArray("layers")::add);
      locked.reclaim(
          REMOVE,
          facts,
          () -> {
            store.forgetCommit(id);
            store.discard(id);
            own.forEach(store::discardLayer);
            store.emptyTrash();
            collectBlobs(locked);
            return id;
          });
    }
  }

  private static String removed(ObjectNode facts) {
    return facts.required("id").asString();
  }

  private void recoverRemove(ObjectNode facts) {
    String id = removed(facts);
    if (store.hasCommit(id)) {
      return; // nothing was done yet
    }
    store.discard(id);
    List<String> own = new ArrayList<>();
    facts.path("layers").forEach(layer -> own.add(layer.asString()));
    if (!facts.has("layers")) {
      own.add(id); // noted by an older Mica
    }
    own.stream().filter(layer -> !store.isNeeded(layer)).forEach(store::discardLayer);
    tidy();
  }

  private void requireUnused(LockedState locked, CommitRecord commit, List<String> own) {
    users
        .of(locked, commit, own)
        .ifPresent(user -> {
          throw MicaException.failed("remove the commit", commit.id(), user + " stands on it")
              .hint("remove that first");
        });
  }

  /** Removes those on which nothing stands, and names the others in an error at the end. */
  static void removeEach(List<Commit> commits) {
    MicaException failure = null;
    for (Commit commit : commits) { // children come before their parents
      try {
        commit.remove();
      } catch (MicaException used) {
        if (failure != null) {
          used.addSuppressed(failure);
        }
        failure = used;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
