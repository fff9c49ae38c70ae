package dev.mica.union;

import dev.mica.MicaException;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.PathBytes;
import dev.mica.core.Tree;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The union mounts of this host. They outlive the process that makes them; what is kept of each is
 * a record in the state directory, and whether it is mounted is asked of the kernel every time.
 */
public final class Unions {
  private static final String CREATE = "create a union";
  private static final String REMOVE = "remove a union";

  private final StateDir state;
  private final Records records;
  private final Mounters mounters;

  /** The unions that {@code state} keeps, all of them served by this host itself. */
  public Unions(StateDir state) {
    this(state, new NoHelper());
  }

  /** The unions that {@code state} keeps; those of other systems are served by {@code helper}. */
  public Unions(StateDir state, Helper helper) {
    this.state = state;
    this.mounters = new Mounters(helper);
    this.records = state.records("unions");
    state.onLeftover(CREATE, facts -> recoverCreate(Plan.of(facts)));
    state.onLeftover(REMOVE, facts -> recoverRemove(UnionRecord.of(facts)));
  }

  /**
   * Checks spec, mounts, records. Everything that can be refused is refused before anything is
   * touched.
   */
  public Union create(UnionSpec spec) {
    String label = spec.name() != null ? spec.name() : spec.at().name();
    try (StateDir.Lock lock = state.lock("create the union " + label)) {
      Plan plan = choose(lock, new SpecCheck(spec, all()).plan());
      Mounter mounter = mounterOf(plan.union());
      return lock.run(
          CREATE, plan.toJson(), () -> mounter.prepare(plan.union()), () -> create(plan, mounter));
    }
  }

  private Union create(Plan plan, Mounter mounter) {
    UnionRecord union = plan.union();
    Making.directories(plan);
    records.put(union.name(), union.toJson());
    Making.mount(union, mounter);
    Making.forgetBefore(plan);
    return new LiveUnion(this, union);
  }

  /** Once mounted somebody may be writing to it: then it stays. */
  private void recoverCreate(Plan plan) {
    UnionRecord union = plan.union();
    if (union.via() == UnionSpec.Via.FUSE && !isMounted(union)) {
      FuseMounter.awaitMount(union);
    }
    if (isMounted(union)) {
      Making.forgetBefore(plan);
      return;
    }
    records.remove(union.name());
    mounterOf(union).clear(union);
    Making.undo(plan);
  }

  /** The mounter asked for, or the first that works. */
  private Plan choose(StateDir.Lock lock, Plan plan) {
    List<String> refusals = new ArrayList<>();
    for (Mounter mounter : mounters.candidates(plan.union().via())) {
      Optional<String> refusal =
          ownWork(plan.union(), mounter)
              .or(() -> oddBytes(plan.union(), mounter))
              .or(() -> mounters.refusal(mounter, scratch(plan.union()), lock::probe));
      if (refusal.isEmpty()) {
        return plan.via(mounter.via());
      }
      refusals.add(refusal.get());
    }
    throw MicaException.failed(
            "create the union " + plan.union().name() + " at",
            plan.union().at(),
            "with " + placeTried(plan.union()) + ": " + String.join("; and ", refusals))
        .hint("see 'mica doctor' for what this host can do");
  }

  private static Optional<String> ownWork(UnionRecord union, Mounter mounter) {
    boolean own = union.work() != null && !union.workMade();
    return own && mounter.via() == UnionSpec.Via.GUEST
        ? Optional.of("a helper VM cannot use the work directory " + union.work())
        : Optional.empty();
  }

  /** Programs are told paths as text. */
  private static Optional<String> oddBytes(UnionRecord union, Mounter mounter) {
    return Stream.concat(union.stack().stream(), Stream.of(union.at()))
        .filter(path -> mounter.via() != UnionSpec.Via.KERNEL && !PathBytes.isText(path))
        .map(path ->
            Mounters.word(mounter.via())
                + " cannot take "
                + PathBytes.printable(path)
                + ", which is not named in UTF-8")
        .findFirst();
  }

  /** Where the mounter is tried: on the upper's file system, but not in the upper. */
  private Path scratch(UnionRecord union) {
    if (union.upper() == null) {
      return state.path();
    }
    return union.work() == null || union.workMade()
        ? union.upper().resolveSibling("")
        : union.work();
  }

  private String placeTried(UnionRecord union) {
    return union.upper() == null ? "no upper" : "the upper " + union.upper();
  }

  /**
   * Why unions cannot be served that way, with an upper on the file system of {@code directory};
   * found by trying it in a scratch directory made and removed there. Empty: they can.
   */
  public Optional<String> refusal(UnionSpec.Via via, Path directory) {
    return mounters.trial(via, directory);
  }

  /** All of them, by name. */
  public List<Union> list() {
    return state.read(() ->
        all().stream()
            .map(record -> new LiveUnion(this, record))
            .collect(Collectors.toCollection(ArrayList<Union>::new)));
  }

  /** The one of that name. */
  public Optional<Union> find(String name) {
    return state.read(() -> record(name)).map(record -> new LiveUnion(this, record));
  }

  /** The one of that name; fails, naming the nearest, if there is none. */
  public Union get(String name) {
    return new LiveUnion(this, requireRecord(name));
  }

  /**
   * Removes every union; one that is held is left, and told at the end. Returns the names removed.
   */
  public List<String> removeAll() {
    List<String> removed = new ArrayList<>();
    MicaException failure = null;
    for (Union union :
        list().reversed()) { // by name: what was named after another often lies on it
      try {
        union.remove();
        removed.add(union.name());
      } catch (MicaException held) {
        if (failure != null) {
          held.addSuppressed(failure);
        }
        failure = held;
      }
    }
    if (failure != null) {
      throw failure;
    }
    return removed;
  }

  void remove(String name) {
    try (StateDir.Lock lock = state.lock("remove the union " + name)) {
      UnionRecord union = requireRecord(name);
      lock.run(
          REMOVE,
          union.toJson(),
          () -> {
            Making.unmount(union, mounterOf(union));
            forget(union);
            return union;
          });
    }
  }

  private void forget(UnionRecord union) {
    mounterOf(union).clear(union);
    Making.forget(union);
    records.remove(union.name());
  }

  /** Still mounted means that nothing was done yet. */
  private void recoverRemove(UnionRecord union) {
    if (!isMounted(union)) {
      forget(union);
    }
  }

  void remount(String name) {
    try (StateDir.Lock _ = state.lock("remount the union " + name)) {
      UnionRecord union = requireRecord(name);
      List<Mount> mounts = Core.mounts();
      Mounter mounter = mounterOf(union);
      boolean served = Mounted.isServed(union, mounts);
      Optional<String> problem = LiveUnion.problem(union, mounts, mounter);
      if (problem.isPresent() && (!served || LiveUnion.loss(union).isPresent())) {
        throw MicaException.failed("remount the union", name, problem.get());
      }
      if (served && problem.isEmpty()) {
        return;
      }
      if (served) {
        Holders.detach(union); // but by what has ended
      }
      mounter.clear(union);
      mounter.prepare(union);
      Making.makePoint(union);
      Making.mount(union, mounter);
    }
  }

  Mounter mounterOf(UnionRecord union) {
    return mounters.of(union.via());
  }

  /**
   * For the commit store, under its lock: unmounts a union that nothing holds, here or in another
   * mount namespace, if its upper is then a layer as it stands. False, and nothing done, where that
   * is not so.
   */
  public boolean release(String name) {
    UnionRecord union = requireRecord(name);
    Mounter mounter = mounterOf(union);
    if (!mounter.upperIsLayer()) {
      return false;
    }
    try {
      Optional<Mount> mount = Mounted.at(union, Core.mounts());
      if (mount.isPresent() && Copies.exist(mount.get())) {
        return false;
      }
      Making.unmount(union, mounter);
      mounter.clear(union);
      return true;
    } catch (MicaException failure) {
      if (Holders.isBusyError(failure)) {
        return false;
      }
      throw failure;
    } catch (IOException unreadable) {
      return false; // that another namespace has it cannot be ruled out
    }
  }

  /**
   * For the commit store, under its lock, of a released union: has it go on over {@code layer}, its
   * former upper, which has been renamed to there, with a fresh upper; mounted if {@code mounted}.
   * Cut short, it may be called again.
   */
  public void rotate(String name, Path layer, boolean mounted) {
    UnionRecord union = requireRecord(name);
    if (!union.lowers().getFirst().equals(layer)) {
      List<Path> lowers = new ArrayList<>(union.lowers());
      lowers.addFirst(layer);
      union = union.over(lowers);
    }
    Path upper = requireUpper(union);
    if (!isMounted(union)) {
      mounterOf(union).clear(union);
      Core.makeLike(layer, upper);
      records.put(name, union.toJson());
      if (mounted) {
        Making.mount(union, mounterOf(union));
      }
    }
  }

  /**
   * Takes {@link #rotate} back: {@code layer} becomes the upper again, and the union is mounted as
   * it was. Only for a union that is not mounted now.
   */
  public void unrotate(String name, Path layer, boolean mounted) {
    UnionRecord union = requireRecord(name);
    Path upper = requireUpper(union);
    if (!isMounted(union)) {
      mounterOf(union).clear(union);
    }
    if (union.lowers().getFirst().equals(layer)) {
      union = union.over(union.lowers().subList(1, union.lowers().size()));
      records.put(name, union.toJson());
    }
    if (Files.exists(layer, LinkOption.NOFOLLOW_LINKS)) {
      Making.removeEmpty(upper);
      Making.rename(layer, upper);
    }
    if (mounted && !isMounted(union)) {
      Making.mount(union, mounterOf(union));
    }
  }

  /** For the commit store: the union's tree as the core looks at it. */
  public Tree tree(String name) {
    UnionRecord union = requireRecord(name);
    return mounterOf(union).tree(union);
  }

  private static Path requireUpper(UnionRecord union) {
    if (union.upper() == null) {
      throw MicaException.failed("commit the union", union.name(), "it is read-only");
    }
    return union.upper();
  }

  private static boolean isMounted(UnionRecord union) {
    return Mounted.isServed(union, Core.mounts());
  }

  private List<UnionRecord> all() {
    return records.names().stream().map(this::record).flatMap(Optional::stream).toList();
  }

  private Optional<UnionRecord> record(String name) {
    return records.find(name).map(UnionRecord::of);
  }

  UnionRecord requireRecord(String name) {
    return state
        .read(() -> record(name))
        .orElseThrow(() -> MicaException.unknown("union", name, records.names()));
  }
}
