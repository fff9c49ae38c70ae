package dev.mica.commit;

import dev.mica.core.Core;
import dev.mica.core.OverlayMount;
import dev.mica.failure.MicaException;
import dev.mica.state.LockedState;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The part of the commit store that only the makers of layers need: layers by their content, and
 * commits of them. Scripts cannot reach it through any object that they get.
 */
public final class LayerStore {
  /**
   * The name of the operation in the journal. While it is noted there, blobs are being made into a
   * commit.
   */
  static final String PUBLISH = "make a commit of layers";

  private final StateDir state;
  private final Store store;

  /** The layers of the store in {@code state}. */
  public LayerStore(StateDir state) {
    this.state = state;
    this.store = new Store(state);
    state.onLeftover(PUBLISH, Recovery.of(CommitIntent::of, LayerStore::objects, this::recover));
  }

  /** The name of a layer in the journal. */
  static String object(String layer) {
    return "layer " + layer;
  }

  private static List<String> objects(CommitIntent intent) {
    List<String> all = new ArrayList<>();
    all.add(Store.object(intent.commit().id()));
    intent.commit().layers().forEach(layer -> all.add(object(layer)));
    return all;
  }

  /**
   * A layer that will be made.
   *
   * @param diffId the digest of its tar, if that is known before: then it is made only if the store
   *     has no such layer
   * @param make makes it at a path that does not exist yet, and flushes it
   */
  public record Wanted(Optional<String> diffId, Function<Path, Made> make) {}

  /**
   * A layer that was made.
   *
   * @param tar its digests as a tar, if they are known
   * @param unkept the flags of files that it lacks, for people; empty if it has all
   */
  public record Made(Optional<TarRecord> tar, String unkept) {}

  /** Work that is done while layers are made. */
  public interface Meanwhile extends AutoCloseable {
    /** No work. */
    Meanwhile NOTHING =
        new Meanwhile() {
          @Override
          public void await() {}

          @Override
          public void close() {}
        };

    /** Waits until all of it is done; fails if that is not possible. */
    void await();

    /** Ends the work that is not done. */
    @Override
    void close();
  }

  /**
   * A commit that will be made.
   *
   * @param ref its name, {@code NAME:TAG} or {@code NAME}
   * @param origin what it is made of, for people
   * @param created the time when it was made; for an image that was made elsewhere, when it came
   *     here
   * @param below the folders and layers of the store that its layers lie on, topmost first
   * @param manifest digest of the manifest that it comes with
   */
  public record Planned(
      String ref,
      String message,
      String origin,
      Commit.Method method,
      Instant created,
      List<Path> below,
      Optional<ImageConfig> config,
      Optional<String> manifest) {
    /** Fails if there can be no such name. */
    public Planned {
      below = List.copyOf(below);
      Ref _ = Ref.parse(ref);
    }
  }

  /** The id of the commit that came with that manifest. */
  public Optional<String> commitOf(String manifest) {
    return state.read(() -> withManifest(manifest));
  }

  private Optional<String> withManifest(String manifest) {
    return store.all().readable().stream()
        .filter(commit -> commit.manifest().filter(manifest::equals).isPresent())
        .map(CommitRecord::id)
        .findFirst();
  }

  /** Makes {@code ref} lead to a commit that exists. */
  public void refer(String ref, String id) {
    refer(state, store, ref, id);
  }

  static void refer(StateDir state, Store store, String ref, String id) {
    try (LockedState _ = state.lock("name the commit " + id, Store.object(id))) {
      if (!store.hasCommit(id)) {
        throw MicaException.unknown("commit", id, store.ids());
      }
      store.names().put(Ref.parse(ref).toString(), id);
    }
  }

  /**
   * Makes a commit of layers, topmost first. Layers that the store has are not made again. If one
   * cannot be made, or the process is killed meanwhile, there is no commit and none of the new
   * layers.
   *
   * @param begin begins other work that is done while the journal has the note, such as keeping
   *     blobs
   * @return its id
   */
  public String publish(Planned planned, List<Wanted> layers, Supplier<Meanwhile> begin) {
    if (layers.isEmpty() || layers.size() + planned.below().size() > OverlayMount.MOST_LOWERS) {
      throw MicaException.failed(
          "make a commit of",
          planned.origin(),
          "it has "
              + (layers.size() + planned.below().size())
              + " layers, and can have 1 to "
              + OverlayMount.MOST_LOWERS);
    }
    String id = store.newId();
    String doing = "make the commit " + planned.ref() + " of " + planned.origin();
    try (LockedState locked = state.lock(doing, Store.object(id))) {
      store.makeLayers();
      CommitIntent intent = describe(planned, id, fresh(id, layers.size()));
      Made[] made = new Made[layers.size()];
      return locked.run(
          PUBLISH,
          () -> intent.over(store.names().all().get(intent.ref())).toJson(),
          () -> {
            try (Meanwhile beside = begin.get()) {
              make(layers, intent.commit().layers(), made);
              beside.await();
            }
          },
          () -> publish(intent, layers, made));
    }
  }

  private List<String> fresh(String id, int count) {
    Set<String> all = new LinkedHashSet<>();
    if (count == 1) {
      return List.of(id); // as in a commit of a union
    }
    while (all.size() < count) {
      String layer = store.newId();
      if (!layer.equals(id)) {
        all.add(layer);
      }
    }
    return List.copyOf(all);
  }

  private CommitIntent describe(Planned planned, String id, List<String> layers) {
    Ref ref = Ref.parse(planned.ref());
    CommitRecord over =
        store.over(id, planned.below(), planned.message(), planned.origin(), planned.method());
    CommitRecord commit =
        new CommitRecord(
            id,
            layers,
            over.below(),
            planned.below().isEmpty() ? Optional.empty() : over.parent(),
            planned.message(),
            planned.created(),
            planned.origin(),
            planned.method(),
            "",
            planned.config().or(over::config),
            planned.manifest(),
            Duration.ZERO);
    return new CommitIntent(commit, ref.toString(), store.names().all().get(ref.toString()));
  }

  private void make(List<Wanted> layers, List<String> ids, Made[] made) {
    for (int i = layers.size() - 1; i >= 0; i--) {
      Optional<String> diffId = layers.get(i).diffId();
      boolean lower = diffId.isPresent() && isAmong(layers.subList(i + 1, layers.size()), diffId);
      if (!lower && diffId.flatMap(this::layerOf).isEmpty()) {
        made[i] = layers.get(i).make().apply(store.layer(ids.get(i)));
      }
    }
    Core.syncDirectory(store.layers());
  }

  private static boolean isAmong(List<Wanted> layers, Optional<String> diffId) {
    return layers.stream().anyMatch(one -> one.diffId().equals(diffId));
  }

  /** The existing layer that is such a tar. */
  public Optional<String> layerOf(String diffId) {
    return state.read(() -> store.layerOf(diffId));
  }

  /**
   * Called with the lock held. If somebody else has made the layer meanwhile, that one is used
   * instead of ours.
   */
  private String publish(CommitIntent intent, List<Wanted> layers, Made[] made) {
    CommitRecord commit = intent.commit();
    Optional<String> same = commit.manifest().flatMap(this::withManifest);
    if (same.isPresent()) {
      commit.layers().forEach(this::discardLayer);
      store.names().put(intent.ref(), same.get());
      return same.get();
    }
    List<String> ids = new ArrayList<>(commit.layers());
    for (int i = layers.size() - 1; i >= 0; i--) {
      Optional<String> there = layers.get(i).diffId().flatMap(store::layerOf);
      if (there.isPresent()) {
        ids.set(i, there.get());
      } else if (made[i] != null) {
        String layer = ids.get(i);
        made[i].tar().ifPresent(tar -> store.putTar(layer, tar));
      } else {
        throw MicaException.failed(
                "make a commit of", commit.origin(), "a layer of it was removed meanwhile")
            .hint("try again");
      }
    }
    commit.layers().stream().filter(layer -> !ids.contains(layer)).forEach(this::discardLayer);
    String unkept = made[0] == null ? "" : made[0].unkept();
    // A layer that is in a stack twice shows nothing the second time, and overlayfs refuses it.
    List<String> once = List.copyOf(new LinkedHashSet<>(ids));
    store.publish(commit.of(once).without(unkept), intent.ref());
    return commit.id();
  }

  private void discardLayer(String layer) {
    store.discardLayer(layer);
    store.emptyTrash();
  }

  /** Published layers stay; others are removed. */
  private void recover(CommitIntent intent) {
    CommitRecord commit = intent.commit();
    Optional<CommitRecord> recorded = store.commit(commit.id());
    recorded.ifPresent(is -> store.publish(is, intent.ref()));
    List<String> kept = recorded.map(CommitRecord::layers).orElse(List.of());
    commit.layers().stream()
        .filter(layer -> !kept.contains(layer))
        .filter(layer -> recorded.isPresent() || !store.isOwned(layer))
        .forEach(this::discardLayer);
  }

  /** The layers of a commit in the order of the image, the lowest first, with their digests. */
  public Stack stack(String id) {
    return state.read(() -> {
      CommitRecord commit =
          store.commit(id).orElseThrow(() -> MicaException.unknown("commit", id, store.ids()));
      Optional<CommitRecord> parent = commit.parent().flatMap(store::commit);
      boolean whole =
          parent
              .filter(is -> is.stack(store.layers()).equals(commit.below(store.layers())))
              .isPresent();
      return new Stack(
          commit.id(),
          commit.layers().reversed().stream().map(store::layer).toList(),
          commit.below(store.layers()).reversed(),
          whole ? parent.map(CommitRecord::id) : Optional.empty(),
          commit.message(),
          commit.created(),
          commit.config(),
          commit.manifest());
    });
  }

  /**
   * The layers of a commit.
   *
   * @param own its own layers, the lowest first
   * @param below the layers that these lie on, the lowest first
   * @param parent the commit whose layers are {@code below}, if there is one
   */
  public record Stack(
      String id,
      List<Path> own,
      List<Path> below,
      Optional<String> parent,
      String message,
      Instant created,
      Optional<ImageConfig> config,
      Optional<String> manifest) {}

  /** The digests of that directory as a tar, if it is a layer of the store and they are known. */
  public Optional<TarRecord> tar(Path layer) {
    return state.read(() -> isLayer(layer) ? store.tar(name(layer)) : Optional.empty());
  }

  /** Keeps the digests of that directory as a tar, if it is a layer of the store. */
  public void putTar(Path layer, TarRecord tar) {
    if (!isLayer(layer)) {
      return;
    }
    try (LockedState _ = state.lock("record the tar of " + name(layer), object(name(layer)))) {
      if (store.hasLayer(name(layer))) {
        store.putTar(name(layer), tar);
      }
    }
  }

  /** Whether it is a layer of the store, and so does not change. */
  public boolean isLayer(Path path) {
    return store.layers().equals(path.getParent());
  }

  private static String name(Path layer) {
    return layer.getFileName().toString();
  }
}
