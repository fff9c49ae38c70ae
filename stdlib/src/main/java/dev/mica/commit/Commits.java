package dev.mica.commit;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.state.Lock;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import dev.mica.union.Union;
import dev.mica.union.UnionLayers;
import dev.mica.union.Unions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** The commit store of this host: layers, and the names that lead to them. */
public final class Commits {
  private static final String REMOVE = "remove a commit";
  private static final String COLLECT = "collect garbage";
  private static final int SHORTEST_ID = 4;

  private final Caller caller;
  private final StateDir state;
  private final Unions unions;
  private final UnionLayers layers;
  private final LayerUser others;
  private final Store store;
  private final Committer committer;
  private final Stats stats;
  private final Verifier verifier;

  /**
   * The store in {@code state}, of commits of {@code unions}; {@code others} may stand on its
   * layers too.
   */
  public Commits(StateDir state, Unions unions, UnionLayers layers, LayerUser others) {
    this.caller = Caller.ofProcess();
    this.state = state;
    this.unions = unions;
    this.layers = layers;
    this.others = others;
    this.store = new Store(state);
    this.committer = new Committer(state, store, unions, layers);
    this.stats = new Stats(state, store);
    this.verifier = new Verifier(state, store);
    state.onLeftover(
        REMOVE,
        Recovery.of(
            facts -> facts.required("id").asString(),
            id -> List.of(Store.object(id)),
            this::recoverRemove));
    state.onLeftover(COLLECT, Recovery.of(facts -> facts, facts -> List.of(), facts -> tidy()));
  }

  /** The same as {@code caller} sees them, who may change what their role lets them. */
  public Commits(Caller caller, Commits same) {
    this.caller = caller;
    this.state = same.state;
    this.unions = new Unions(caller, same.unions);
    this.layers = same.layers;
    this.others = same.others;
    this.store = same.store;
    this.committer = same.committer;
    this.stats = same.stats;
    this.verifier = same.verifier;
  }

  Caller caller() {
    return caller;
  }

  Unions unions() {
    return unions;
  }

  Stats stats() {
    return stats;
  }

  Verifier verifier() {
    return verifier;
  }

  /**
   * Keeps what {@code union} changes over its lowers as a commit that {@code ref} leads to from now
   * on. Fails if nothing has changed. Its digest is recorded in the background.
   *
   * @param ref {@code NAME:TAG}, or {@code NAME} for {@code NAME:latest}
   */
  public Commit create(Union union, String ref, String message) {
    caller.require(Role.OPERATOR, "commit " + ref + " from the union", union.name());
    CommitRecord made = committer.create(union.name(), Ref.parse(ref), message);
    verifier.startRecording();
    return commit(made);
  }

  /** All commits that can be read, the newest first, and a parent after all its children. */
  public List<Commit> list() {
    return state.read(() ->
        store.all().readable().stream()
            .map(this::commit)
            .collect(Collectors.toCollection(ArrayList<Commit>::new)));
  }

  /** Why each of the others cannot be listed: its record is damaged. */
  public List<MicaException> damaged() {
    return state.read(() -> store.all().damaged());
  }

  /**
   * By {@code NAME:TAG}, {@code NAME} for {@code NAME:latest}, an id, or four and more digits of
   * one.
   */
  public Optional<Commit> find(String refOrId) {
    return state.read(() -> lookUp(refOrId)).map(this::commit);
  }

  /** Likewise; fails, naming the nearest, if there is none. */
  public Commit get(String refOrId) {
    return live(refOrId);
  }

  private LiveCommit live(String refOrId) {
    return state
        .read(() -> lookUp(refOrId))
        .map(this::commit)
        .orElseThrow(() ->
            MicaException.unknown(
                "commit",
                refOrId,
                Stream.concat(store.refs().keySet().stream(), store.ids().stream()).toList()));
  }

  private Optional<CommitRecord> lookUp(String refOrId) {
    String named = store.readableRefs().get(Ref.normal(refOrId));
    if (named != null) {
      return store.commit(named);
    }
    List<String> ids = idsThatBegin(refOrId);
    if (ids.size() > 1) {
      throw MicaException.usage("find the commit", refOrId, "several ids begin so")
          .hint("write more of it: " + String.join(", ", ids));
    }
    if (ids.isEmpty()) {
      store.refs(); // that it has no such name is known only if the names can be read
      return Optional.empty();
    }
    return store.commit(ids.getFirst());
  }

  private List<String> idsThatBegin(String digits) {
    return digits.length() < SHORTEST_ID || !digits.matches("[0-9a-f]+")
        ? List.of()
        : store.ids().stream().filter(id -> id.startsWith(digits)).toList();
  }

  /** Fails if its descent has no end. */
  void requireEnd(CommitRecord commit) {
    state.read(() -> {
      store.requireEnd(commit);
      return commit;
    });
  }

  Commit byId(String id) {
    return state
        .read(() -> store.commit(id))
        .map(this::commit)
        .orElseThrow(() -> MicaException.unknown("commit", id, store.ids()));
  }

  /** The commit and those it stands on, as far as they are of this store. */
  public List<Commit> log(String refOrId) {
    Map<String, Commit> line = new LinkedHashMap<>();
    for (Optional<Commit> at = Optional.of(get(refOrId)); at.isPresent(); at = at.get().parent()) {
      Commit commit = at.get();
      if (line.putIfAbsent(commit.id(), commit) != null) {
        throw store.circular(commit.id());
      }
    }
    return new ArrayList<>(line.values());
  }

  /** All commits as a drawing, the newest on top: id, names, message, how much each changes. */
  public String graph() {
    List<CommitRecord> all = state.read(store::all).readable();
    return Graph.draw(all.stream().map(this::row).toList());
  }

  private Graph.Row row(CommitRecord record) {
    LiveCommit commit = commit(record);
    Stats.Counts counts = stats.counts(commit);
    Diff.Summary summary = counts.summary();
    StringBuilder text = new StringBuilder(record.id());
    List<String> refs = commit.refs();
    if (!refs.isEmpty()) {
      text.append(" (").append(String.join(", ", refs)).append(')');
    }
    if (!record.message().isEmpty()) {
      text.append(' ').append(record.message().lines().findFirst().orElse(""));
    }
    text.append("  +").append(summary.added());
    text.append(" ~").append(summary.modified());
    text.append(" -").append(summary.deleted());
    text.append(", ").append(Graph.size(counts.bytes()));
    return new Graph.Row(record.id(), record.parent(), text.toString());
  }

  /**
   * Computes the digest of every layer again and compares it with the one on record; those that
   * have none get it. The newest first.
   */
  public List<Commit.Verified> verify() {
    return verifier.verify(state.read(() -> idsInOrder()));
  }

  /** The same of these commits and all that they stand on, each layer once. */
  public List<Commit.Verified> verify(List<String> refsOrIds) {
    Set<String> ids = new LinkedHashSet<>();
    for (String refOrId : refsOrIds) {
      ids.addAll(live(refOrId).record().layerIds());
    }
    return verifier.verify(new ArrayList<>(ids));
  }

  /** Those whose record is damaged come last: their layers can be verified all the same. */
  private List<String> idsInOrder() {
    Set<String> ids = new LinkedHashSet<>();
    store.all().readable().forEach(commit -> ids.add(commit.id()));
    ids.addAll(store.ids());
    return new ArrayList<>(ids);
  }

  /** Removes every commit; those that a union stands on are left, and told at the end. */
  public void removeAll() {
    caller.require(Role.OPERATOR, "remove", "all commits");
    MicaException failure = null;
    for (Commit commit : list()) { // children come before their parents
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

  /**
   * Removes layers and files that belong to no commit; returns what was removed. Commits without a
   * name stay.
   */
  public List<String> gc() {
    caller.require(Role.OPERATOR, "collect", "garbage");
    try (Lock lock = state.lock("collect garbage")) {
      return lock.reclaim(COLLECT, Records.object(), () -> collect(lock));
    }
  }

  private List<String> collect(Lock lock) {
    Set<String> noted = lock.noted();
    List<String> removed = new ArrayList<>();
    for (String id : store.orphans()) {
      if (noted.contains(Store.object(id)) || userOf(lock, id).isPresent()) {
        continue; // it is being made, or nobody decided yet; or its record was lost
      }
      store.discard(id);
      removed.add("layer " + id);
    }
    store.orphanValues().forEach(store::discard);
    store.trash().forEach(left -> removed.add("trash " + left.getFileName()));
    store.emptyTrash();
    return new ArrayList<>(new LinkedHashSet<>(removed));
  }

  /** What cannot be removed stays in the trash, where the next gc meets it and says so. */
  private void tidy() {
    try {
      store.emptyTrash();
    } catch (MicaException stuck) {
      return; // nothing else needs to wait for it
    }
  }

  void remove(String id) {
    caller.require(Role.OPERATOR, "remove the commit", id);
    try (Lock lock = state.lock("remove the commit " + id, Store.object(id))) {
      byId(id);
      requireUnused(lock, id);
      ObjectNode facts = Records.object().put("id", id);
      lock.reclaim(
          REMOVE,
          facts,
          () -> {
            store.forgetCommit(id);
            store.discard(id);
            store.emptyTrash();
            return id;
          });
    }
  }

  private void recoverRemove(String id) {
    if (store.hasCommit(id)) {
      return; // nothing was done yet
    }
    store.discard(id);
    tidy();
  }

  private void requireUnused(Lock lock, String id) {
    userOf(lock, id)
        .ifPresent(user -> {
          throw MicaException.failed("remove the commit", id, user + " stands on it")
              .hint("remove that first");
        });
  }

  /** What has the layer below it: a commit, a union, or another. */
  private Optional<String> userOf(Lock lock, String id) {
    Optional<String> child =
        store.all().complete().stream()
            .filter(other -> other.standsOn(id))
            .map(other -> "the commit " + commit(other).label())
            .findFirst();
    Optional<String> union = layers.standingOn(lock, store.layer(id));
    return child
        .or(() -> union.map(name -> "the union " + name))
        .or(() -> others.standingOn(store.layer(id)));
  }

  List<String> refsOf(String id) {
    return state.read(() -> store.refsOf(id));
  }

  private LiveCommit commit(CommitRecord record) {
    return new LiveCommit(this, store, record);
  }
}
