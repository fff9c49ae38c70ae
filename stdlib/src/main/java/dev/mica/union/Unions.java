package dev.mica.union;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.LockedState;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The union mounts of this host. They outlive the process that makes them. The state directory has
 * a record of each; whether a union is mounted is asked of the kernel every time.
 */
public final class Unions {
  static final String CREATE = "create a union";
  private static final String REMOVE = "remove a union";

  private final Caller caller;
  private final StateDir state;
  private final UnionStore store;
  private final MounterChoice choice;
  private final Function<LockedState, Map<Path, String>> writers;

  /** The unions of {@code state}, all served by this host itself. */
  public Unions(StateDir state) {
    this(state, new NoHelper());
  }

  /** The unions of {@code state}; {@code helper} serves those that another system has to serve. */
  public Unions(StateDir state, Helper helper) {
    this(state, helper, _ -> Map.of());
  }

  /**
   * Likewise.
   *
   * @param writers returns the folders to which something other than a union writes, or is about
   *     to, with its name for people: "the VM web"; called with the directory locked
   */
  public Unions(StateDir state, Helper helper, Function<LockedState, Map<Path, String>> writers) {
    this(Caller.ofProcess(), state, new UnionStore(state, helper), writers);
    state.onLeftover(
        CREATE,
        Recovery.of(
                UnionIntent::of,
                intent -> List.of(UnionLayers.object(intent.union().name())),
                this::recoverCreate)
            .keeping(this::keepCreated)
            .discarding(this::discardCreated));
    state.onLeftover(
        REMOVE,
        Recovery.of(
                UnionRecord::of,
                union -> List.of(UnionLayers.object(union.name())),
                this::recoverRemove)
            .keeping(store::put)
            .discarding(union -> store.remove(union.name()))); // what exists stays
  }

  /** The same unions for {@code caller}, who may change what the caller's role allows. */
  public Unions(Caller caller, Unions same) {
    this(caller, same.state, same.store, same.writers);
  }

  private Unions(
      Caller caller,
      StateDir state,
      UnionStore store,
      Function<LockedState, Map<Path, String>> writers) {
    this.caller = caller;
    this.state = state;
    this.store = store;
    this.choice = new MounterChoice(state, store);
    this.writers = writers;
  }

  Caller caller() {
    return caller;
  }

  /**
   * Checks the spec, mounts the union and records it. Everything that can be refused is refused
   * before anything is changed.
   */
  public Union create(UnionSpec spec) {
    String label = spec.name() != null ? spec.name() : spec.at().name();
    return caller.change(Role.OPERATOR, "create the union", label, () -> create(spec, label));
  }

  private Union create(UnionSpec spec, String label) {
    try (LockedState locked = state.lock("create the union " + label, UnionLayers.object(label))) {
      UnionIntent intent = choice.choose(locked, check(locked, spec).intent());
      Mounter mounter = mounterOf(intent.union());
      return locked.run(
          CREATE,
          intent::toJson,
          () -> mounter.prepare(intent.union()),
          () -> create(intent, mounter));
    }
  }

  /**
   * Checks a union as {@link #create} does, and makes nothing.
   *
   * @return the spec with the name and the mounter that the union would have
   */
  UnionSpec check(UnionSpec spec) {
    String label = spec.name() != null ? spec.name() : spec.at().name();
    caller.require(Role.OPERATOR, "create the union", label);
    try (LockedState locked = state.lock("check the union " + label, UnionLayers.object(label))) {
      UnionRecord union = choice.choose(locked, check(locked, spec).intent()).union();
      return new UnionSpec(
          union.name(), spec.lowers(), spec.upper(), spec.work(), spec.at(), union.via());
    }
  }

  /** Folders of unions that are just being made are taken, too. */
  private SpecCheck check(LockedState locked, UnionSpec spec) {
    List<UnionRecord> intended = store.intended(locked).stream().map(UnionIntent::union).toList();
    return new SpecCheck(
        caller, spec, store.all().readable(), intended, writers.apply(locked), state.path());
  }

  private Union create(UnionIntent intent, Mounter mounter) {
    UnionRecord union = UnionSetup.directories(intent);
    store.put(union);
    keep(UnionSetup.mount(union, mounter));
    UnionSetup.forgetBefore(intent);
    return new LiveUnion(this, union);
  }

  /**
   * The record gets the directories that the paths mean: those with which it was mounted just now.
   */
  private void keep(UnionRecord union) {
    if (!union.equals(store.require(union.name()))) {
      store.put(union);
    }
  }

  /**
   * Once the union was mounted, somebody may have written to it, or may still write: then it stays,
   * whether it is mounted or not.
   */
  private void recoverCreate(UnionIntent intent) {
    UnionRecord union = intent.union();
    if (union.via() == UnionSpec.Via.FUSE && !UnionStore.isMounted(union)) {
      FuseMounter.awaitMount(union);
    }
    if (UnionStore.isMounted(union)) {
      keepCreated(intent);
      return;
    }
    boolean used = wasUsed(intent);
    mounterOf(union).clear(union);
    if (used || wasUsed(intent)) { // an upper that was put aside is back at its path only now
      keepCreated(intent);
    } else {
      undoCreate(intent);
    }
  }

  private static boolean wasUsed(UnionIntent intent) {
    UnionRecord union = intent.union();
    Path upper = union.upper();
    if (upper == null) {
      return false;
    }
    Path work = union.work();
    return UnionSetup.wasUsed(
        intent, work != null ? work : GuestUpper.workFor(upper, union.name()));
  }

  /** A union is recorded before it is mounted. So if there is no record, it was never mounted. */
  private void keepCreated(UnionIntent intent) {
    if (store.find(intent.union().name()).isPresent()) {
      UnionSetup.forgetBefore(intent);
    } else {
      undoCreate(intent);
    }
  }

  /** Forgets the union; directories that are not empty stay. */
  private void discardCreated(UnionIntent intent) {
    UnionSetup.unmount(intent.union(), store.mounterOf(intent.union()));
    undoCreate(intent);
  }

  private void undoCreate(UnionIntent intent) {
    UnionRecord union = intent.union();
    store.remove(union.name());
    mounterOf(union).clear(union);
    UnionSetup.undo(intent);
  }

  /**
   * Why this mounter cannot serve unions with an upper on the file system of {@code directory};
   * empty if it can. It is tried in a scratch directory there, which is removed again.
   */
  public Optional<String> refusal(UnionSpec.Via via, Path directory) {
    try (OpenDirectory place = OpenDirectory.of(real(directory))) {
      return store.mounters().trial(via, place).map(Refusal::why);
    }
  }

  private static Path real(Path directory) {
    try {
      return directory.toRealPath();
    } catch (IOException gone) {
      throw MicaException.failed("look at", directory, Why.of(gone)).because(gone);
    }
  }

  /** All unions, ordered by name. */
  public List<Union> list() {
    return state.read(() ->
        store.all().readable().stream()
            .map(record -> new LiveUnion(this, record))
            .collect(Collectors.toCollection(ArrayList<Union>::new)));
  }

  /** Why each of the others cannot be listed: the record is damaged. */
  public List<MicaException> damaged() {
    return state.read(() -> store.all().damaged());
  }

  /** The union of that name. */
  public Optional<Union> find(String name) {
    return state.read(() -> store.find(name)).map(record -> new LiveUnion(this, record));
  }

  /** The union of that name. If there is none, it fails and names the most similar one. */
  public Union get(String name) {
    return new LiveUnion(this, store.require(name));
  }

  /**
   * Removes every union. A union that is in use is left, and is named in an error at the end.
   * Returns the removed names.
   */
  public List<String> removeAll() {
    return caller.change(Role.OPERATOR, "remove", "all unions", this::removeEach);
  }

  private List<String> removeEach() {
    List<String> removed = new ArrayList<>();
    List<Union> left = list().reversed(); // by name: a later one may lie on another
    while (!left.isEmpty()) {
      MicaException failure = null;
      List<Union> held = new ArrayList<>();
      for (Union union : left) {
        try {
          union.remove();
          removed.add(union.name());
        } catch (MicaException inUse) {
          held.add(union);
          if (failure != null) {
            inUse.addSuppressed(failure);
          }
          failure = inUse;
        }
      }
      if (failure != null && held.size() == left.size()) {
        throw failure;
      }
      left = held; // what used them may be gone by now: a union that was mounted in them
    }
    return removed;
  }

  void remove(String name) {
    caller.run(Role.OPERATOR, "remove the union", name, () -> removeOne(name));
  }

  private void removeOne(String name) {
    try (LockedState locked = state.lock("remove the union " + name, UnionLayers.object(name))) {
      UnionRecord union = store.require(name);
      locked.reclaim(
          REMOVE,
          union.toJson(),
          () -> {
            UnionSetup.unmount(union, mounterOf(union));
            forget(union);
            return union;
          });
    }
  }

  private void forget(UnionRecord union) {
    mounterOf(union).clear(union);
    UnionSetup.forget(union);
    store.remove(union.name());
  }

  /** If it is still mounted, nothing was done yet. */
  private void recoverRemove(UnionRecord union) {
    if (!UnionStore.isMounted(union)) {
      forget(union);
    }
  }

  void remount(String name) {
    caller.run(Role.OPERATOR, "remount the union", name, () -> mountAgain(name));
  }

  private void mountAgain(String name) {
    try (LockedState locked = state.lock("remount the union " + name, UnionLayers.object(name))) {
      UnionRecord union = store.require(name);
      List<Mount> mounts = Mounts.all();
      Mounter mounter = mounterOf(union);
      boolean served = UnionMounts.isServed(union, mounts);
      Optional<String> problem = LiveUnion.problem(union, mounts, mounter);
      if (problem.isPresent() && (!served || LiveUnion.loss(union).isPresent())) {
        throw MicaException.failed("remount the union", name, problem.get());
      }
      if (served && problem.isEmpty()) {
        return;
      }
      if (served) {
        // the processes that serve it have ended
        Unmounter.detach(union, UnionMounts.at(union.at(), mounts).orElseThrow());
      }
      mounter.clear(union);
      locked.meanwhile(() -> mounter.prepare(union));
      keep(UnionSetup.mount(union, mounter));
    }
  }

  Mounter mounterOf(UnionRecord union) {
    return store.mounterOf(union);
  }

  UnionRecord requireRecord(String name) {
    return store.require(name);
  }
}
