package dev.mica.union;

import dev.mica.MicaException;
import dev.mica.core.Core;
import dev.mica.core.LayerFlag;
import dev.mica.core.Mount;
import dev.mica.core.OpenDirectory;
import dev.mica.core.PathBytes;
import dev.mica.core.Tree;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

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
    state.onLeftover(CREATE, new CreateRecovery());
    state.onLeftover(REMOVE, new RemoveRecovery());
  }

  /**
   * Checks spec, mounts, records. Everything that can be refused is refused before anything is
   * touched.
   */
  public Union create(UnionSpec spec) {
    String label = spec.name() != null ? spec.name() : spec.at().name();
    try (StateDir.Lock lock = state.lock("create the union " + label, object(label))) {
      Plan plan = choose(lock, new SpecCheck(spec, all(), state.path()).plan());
      Mounter mounter = mounterOf(plan.union());
      return lock.run(
          CREATE, plan.toJson(), () -> mounter.prepare(plan.union()), () -> create(plan, mounter));
    }
  }

  private Union create(Plan plan, Mounter mounter) {
    UnionRecord union = Making.directories(plan);
    records.put(union.name(), union.toJson());
    keep(Making.mount(union, mounter));
    Making.forgetBefore(plan);
    return new LiveUnion(this, union);
  }

  /** The record says which directories its paths mean: those it was mounted with just now. */
  private void keep(UnionRecord union) {
    if (!union.equals(requireRecord(union.name()))) {
      records.put(union.name(), union.toJson());
    }
  }

  /** How the journal calls the union. */
  public static String object(String name) {
    return "union " + name;
  }

  private final class CreateRecovery implements Recovery {
    @Override
    public List<String> objects(ObjectNode facts) {
      return List.of(object(Plan.of(facts).union().name()));
    }

    @Override
    public void recover(ObjectNode facts) {
      recoverCreate(Plan.of(facts));
    }

    @Override
    public void keep(ObjectNode facts) {
      keepCreated(Plan.of(facts));
    }

    /** It is forgotten; what is not empty stays where it is. */
    @Override
    public void discard(ObjectNode facts) {
      Plan plan = Plan.of(facts);
      Making.unmount(plan.union(), mounterOf(plan.union()));
      undoCreate(plan);
    }
  }

  private final class RemoveRecovery implements Recovery {
    @Override
    public List<String> objects(ObjectNode facts) {
      return List.of(object(UnionRecord.of(facts).name()));
    }

    @Override
    public void recover(ObjectNode facts) {
      recoverRemove(UnionRecord.of(facts));
    }

    @Override
    public void keep(ObjectNode facts) {
      UnionRecord union = UnionRecord.of(facts);
      records.put(union.name(), union.toJson());
    }

    /** Its record goes; whatever could not be removed stays where it is. */
    @Override
    public void discard(ObjectNode facts) {
      records.remove(UnionRecord.of(facts).name());
    }
  }

  /**
   * Once it was mounted somebody may be writing to it, or have written: then it stays, mounted or
   * not.
   */
  private void recoverCreate(Plan plan) {
    UnionRecord union = plan.union();
    if (union.via() == UnionSpec.Via.FUSE && !isMounted(union)) {
      FuseMounter.awaitMount(union);
    }
    if (isMounted(union)) {
      keepCreated(plan);
      return;
    }
    boolean used = wasUsed(plan);
    mounterOf(union).clear(union);
    if (used || wasUsed(plan)) { // an upper that was put aside is at its place only now
      keepCreated(plan);
    } else {
      undoCreate(plan);
    }
  }

  private static boolean wasUsed(Plan plan) {
    UnionRecord union = plan.union();
    Path upper = union.upper();
    if (upper == null) {
      return false;
    }
    Path work = union.work();
    return Making.wasUsed(plan, work != null ? work : Aside.workFor(upper, union.name()));
  }

  /** It is recorded before it is mounted, so without a record it never was. */
  private void keepCreated(Plan plan) {
    if (record(plan.union().name()).isPresent()) {
      Making.forgetBefore(plan);
    } else {
      undoCreate(plan);
    }
  }

  private void undoCreate(Plan plan) {
    UnionRecord union = plan.union();
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
    throw refused(plan.union(), refusals);
  }

  /** Where root could do it, that is what is missing. */
  private MicaException refused(UnionRecord union, List<String> refusals) {
    String doing = "create the union " + union.name() + " at";
    if (refusals.equals(List.of(Mounters.NEEDS_ROOT))) {
      return MicaException.denied(doing, union.at(), Mounters.NEEDS_ROOT)
          .hint("run it as root, or say via fuse");
    }
    String why = "with " + placeTried(union) + ": " + String.join("; and ", refusals);
    if (refusals.stream().anyMatch(refusal -> refusal.contains(Helper.ONLY_ROOT))) {
      return MicaException.denied(doing, union.at(), why).hint("run it as root");
    }
    return MicaException.failed(doing, union.at(), why)
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

  /** Why each of the others cannot be listed: its record is damaged. */
  public List<MicaException> damaged() {
    return state.read(() -> records.all(UnionRecord::of).damaged());
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
    try (StateDir.Lock lock = state.lock("remove the union " + name, object(name))) {
      UnionRecord union = requireRecord(name);
      lock.reclaim(
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
    try (StateDir.Lock _ = state.lock("remount the union " + name, object(name))) {
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
        Holders.detach(
            union, Mounted.at(union.at(), mounts).orElseThrow()); // but by what has ended
      }
      mounter.clear(union);
      mounter.prepare(union);
      keep(Making.mount(union, mounter));
    }
  }

  Mounter mounterOf(UnionRecord union) {
    return mounters.of(union.via());
  }

  /**
   * For the commit store, under its lock: has a union go on over its own upper, which becomes
   * {@code layer}, a path in the store. False, and nothing done, where something holds the union or
   * that cannot be ruled out.
   */
  public boolean rotate(String name, Path layer) {
    UnionRecord union = requireRecord(name);
    Mounter mounter = mounterOf(union);
    Optional<Mount> mount = Making.mounted(union);
    try (OpenFolders folders = OpenFolders.of(union)) {
      boolean rotated =
          mount.isPresent()
              ? mounter.rotate(folders, mount.get(), layer)
              : rotateUnmounted(folders, mounter, layer);
      if (rotated) {
        Core.settle(layer, false);
        put(union, folders.besides(), layer);
      }
      return rotated;
    }
  }

  private static boolean rotateUnmounted(OpenFolders folders, Mounter mounter, Path layer) {
    UnionRecord union = folders.union();
    if (!mounter.upperIsLayer() || isInUse(folders)) {
      return false;
    }
    Making.rename(folders.upperByName(), layer);
    try (OpenDirectory moved = OpenDirectory.of(layer)) {
      if (!moved.identity().is(folders.upper().identity())) {
        Making.rename(layer, folders.upperByName());
        throw OpenFolders.another(
            union, "upper", folders.upperByName(), folders.upper().identity(), moved.identity());
      }
    }
    Core.makeLike(layer, folders.upperByName());
    Core.syncDirectory(folders.besides().path());
    return true;
  }

  /** Whether an overlay has it all the same, or that cannot be ruled out. */
  private static boolean isInUse(OpenFolders folders) {
    if (!Core.isPrivileged()) {
      return true;
    }
    Path trial = folders.besides().path().resolve("." + folders.union().name() + ".mica-trial");
    Core.remove(trial);
    Core.makeLike(folders.upper().path(), trial);
    try {
      return Core.inUse(folders.upper().path(), trial).orElse(true);
    } finally {
      Core.remove(trial);
    }
  }

  /** Its record, once it is rotated. May be called again. */
  private void put(UnionRecord union, OpenDirectory besides, Path layer) {
    if (!union.lowers().getFirst().equals(layer)) {
      List<Path> lowers = new ArrayList<>(union.lowers());
      lowers.addFirst(layer);
      Path upper = requireUpper(union).getFileName();
      try (OpenDirectory top = OpenDirectory.of(layer);
          OpenDirectory fresh = besides.child(upper)) {
        Identities is = union.is().over(top.identity()).upper(fresh.identity());
        records.put(union.name(), union.over(lowers, is).toJson());
      }
    }
  }

  /**
   * Ends a {@link #rotate} that was cut short, also one after which the host was booted again;
   * whether the union is rotated then. May be called again.
   */
  public boolean recoverRotation(String name, Path layer) {
    UnionRecord union = requireRecord(name);
    Optional<Mount> mount = Making.mounted(union);
    boolean rotated =
        mount.isPresent()
            ? mounterOf(union).recoverRotation(union, mount.get(), layer)
            : Files.isDirectory(layer, LinkOption.NOFOLLOW_LINKS);
    if (rotated) {
      Core.settle(layer, false);
      try (OpenDirectory besides = Objects.requireNonNull(OpenFolders.besidesOf(union))) {
        Path upper = besides.path().resolve(requireUpper(union).getFileName());
        if (!Files.exists(upper, LinkOption.NOFOLLOW_LINKS)) {
          Core.makeLike(layer, upper);
          Core.syncDirectory(besides.path());
        }
        put(union, besides, layer);
      }
    }
    return rotated;
  }

  /**
   * Takes a {@link #rotate} back that was cut short, of a union that is not mounted: the layer
   * becomes its upper again, unless something was written to the fresh one.
   */
  public void discardRotation(String name, Path layer) {
    UnionRecord union = requireRecord(name);
    if (!Files.isDirectory(layer, LinkOption.NOFOLLOW_LINKS) || isMounted(union)) {
      return;
    }
    try (OpenDirectory besides = Objects.requireNonNull(OpenFolders.besidesOf(union))) {
      Path upper = besides.path().resolve(requireUpper(union).getFileName());
      if (Making.holdsSomething(upper)) {
        return;
      }
      Making.removeIfEmpty(upper);
      Making.rename(layer, upper);
    }
  }

  /** For the commit store: captures what the union's tree changes over its lowers. */
  public void capture(String name, Path layer, Set<LayerFlag> flags) {
    UnionRecord union = requireRecord(name);
    try (OpenFolders folders = OpenFolders.of(union)) {
      Tree tree = mounterOf(union).tree(union, folders.stack());
      Core.capture(Tree.layers(folders.lowers()), tree, layer, flags);
    }
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
    return records.all(UnionRecord::of).readable();
  }

  private Optional<UnionRecord> record(String name) {
    return records.find(name, UnionRecord::of);
  }

  UnionRecord requireRecord(String name) {
    return state
        .read(() -> record(name))
        .orElseThrow(() -> MicaException.unknown("union", name, records.names()));
  }
}
