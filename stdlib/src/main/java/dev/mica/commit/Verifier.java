package dev.mica.commit;

import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.core.TreeDigest;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.LockedState;
import dev.mica.state.StateDir;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Whether layers are what they were when they were published: their digests, computed again and
 * compared with those on record.
 *
 * <p>{@code mica-digest} records them, in the background and right after publication. What it has
 * not come to is recorded by whoever computes it first.
 */
final class Verifier {
  private static final String PROGRAM = "mica-digest";

  private final StateDir state;
  private final Store store;

  Verifier(StateDir state, Store store) {
    this.state = state;
    this.store = store;
  }

  /**
   * Has the digests that are missing recorded in the background. Where that cannot be begun they
   * stay missing, which {@code commit show} tells, and the next commit or verification makes up for
   * it: no reason to fail a commit that has been made.
   */
  void startRecording() {
    try {
      Core.startApart(PROGRAM, state.path());
    } catch (MicaException notNow) {
      return;
    }
  }

  /** What is on record; empty: nothing yet. */
  Optional<Digest> recorded(String id) {
    return state.read(() -> store.digest(id));
  }

  /** What is on record, or else is now, if that is possible. */
  String digest(String id) {
    Optional<Digest> known = recorded(id);
    if (known.isPresent()) {
      return known.get().tree().digest();
    }
    TreeDigest found = compute(id);
    state.ifFree("record the digest of the commit " + id, () -> record(id, found));
    return found.digest();
  }

  /** Computes the digests of all layers that there are again, and compares them. */
  List<Commit.Verified> verifyAll() {
    return verify(state.read(this::layersInOrder));
  }

  /**
   * The layers of all commits, the newest first. Commits with damaged records come last: the layers
   * that were made with them can be verified.
   */
  private List<String> layersInOrder() {
    Set<String> layers = new LinkedHashSet<>();
    Set<String> readable = new LinkedHashSet<>();
    for (CommitRecord commit : store.all().readable()) {
      readable.add(commit.id());
      layers.addAll(commit.layers());
    }
    store.ids().stream().filter(id -> !readable.contains(id)).forEach(layers::add);
    return new ArrayList<>(layers);
  }

  /** Verifies each, in that order; those that cannot be are told like the others. */
  List<Commit.Verified> verify(List<String> ids) {
    List<Commit.Verified> all = new ArrayList<>();
    String what = ids.size() == 1 ? "the commit " + ids.getFirst() : ids.size() + " layers";
    try (Activity verify = Activity.begin("verify " + what, entries(ids), Activity.Work.NONE)) {
      for (String id : ids) {
        verify.check();
        all.add(verify(id));
      }
    }
    return all;
  }

  /** How many there will be; empty where some have no record. */
  private OptionalLong entries(List<String> ids) {
    long sum = 0;
    for (String id : ids) {
      try {
        Optional<Digest> known = recorded(id);
        if (known.isEmpty()) {
          return OptionalLong.empty();
        }
        sum += known.get().tree().entries();
      } catch (MicaException damaged) {
        return OptionalLong.empty(); // the verification tells
      }
    }
    return OptionalLong.of(sum);
  }

  private Commit.Verified verify(String id) {
    List<String> refs = state.read(() -> store.refsOfLayer(id));
    try {
      Optional<Digest> known = recorded(id);
      TreeDigest found = compute(id);
      if (isRemoved(id)) {
        return removed(
            id, refs); // while it was read: what was found is no tree that ever was there
      }
      return known.map(old -> compare(id, refs, old, found)).orElseGet(() -> add(id, refs, found));
    } catch (MicaException cannot) {
      return isRemoved(id)
          ? removed(id, refs)
          : new Commit.Verified(id, refs, Commit.Condition.UNREADABLE, words(cannot), null, null);
    }
  }

  /** What another commit stands on is not removed: without a record it has lost that. */
  private boolean isRemoved(String id) {
    return state.read(() -> !store.hasRecord(id) && !store.isNeeded(id));
  }

  private static Commit.Verified removed(String id, List<String> refs) {
    return new Commit.Verified(
        id, refs, Commit.Condition.REMOVED, "it was removed meanwhile", null, null);
  }

  private static Commit.Verified compare(
      String id, List<String> refs, Digest old, TreeDigest found) {
    String recorded = old.tree().digest();
    if (old.version() != TreeDigest.VERSION) {
      String why = "its digest is of version " + old.version() + ", which this Mica cannot compute";
      return new Commit.Verified(
          id, refs, Commit.Condition.UNREADABLE, why, recorded, found.digest());
    }
    if (recorded.equals(found.digest())) {
      return new Commit.Verified(id, refs, Commit.Condition.INTACT, "", recorded, recorded);
    }
    return new Commit.Verified(
        id, refs, Commit.Condition.CHANGED, change(old.tree(), found), recorded, found.digest());
  }

  private static String change(TreeDigest old, TreeDigest found) {
    String entries =
        old.entries() == found.entries()
            ? ""
            : "; it had " + old.entries() + " entries and has " + found.entries();
    String bytes =
        old.bytes() == found.bytes()
            ? ""
            : "; it had " + old.bytes() + " bytes and has " + found.bytes();
    return "it is not what was committed" + entries + bytes;
  }

  private Commit.Verified add(String id, List<String> refs, TreeDigest found) {
    String why;
    try (LockedState _ = state.lock("record the digest of " + id, Store.object(id))) {
      why = record(id, found) ? "" : "there is no commit of that id, only its layer";
    } catch (MicaException cannot) { // a store that cannot be written, or that another works on
      why = words(cannot);
    }
    return why.isEmpty()
        ? new Commit.Verified(
            id,
            refs,
            Commit.Condition.RECORDED,
            "it had no digest on record; one is recorded now",
            found.digest(),
            found.digest())
        : new Commit.Verified(
            id,
            refs,
            Commit.Condition.UNRECORDED,
            "it has no digest on record, and gets none: " + why,
            null,
            found.digest());
  }

  /** Under the lock: false where there is no such commit. The first digest stays. */
  private boolean record(String id, TreeDigest found) {
    if (!store.hasRecord(id) && !store.isOwned(id)) {
      return false;
    }
    if (store.digest(id).isEmpty()) {
      store.putDigest(id, Digest.of(found));
    }
    return true;
  }

  private static String words(MicaException failure) {
    return String.valueOf(failure.getMessage());
  }

  private TreeDigest compute(String id) {
    return Core.treeDigest(Tree.plain(store.layer(id)));
  }
}
