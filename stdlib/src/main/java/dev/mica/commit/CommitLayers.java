package dev.mica.commit;

import dev.mica.core.Core;
import dev.mica.core.OverlayMount;
import dev.mica.failure.MicaException;
import dev.mica.state.Lock;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What VMs need of the commit store, and nobody else: a layer that they fill becomes a commit. No
 * object that a script is given leads here.
 */
public final class CommitLayers {
  private static final String FILL = "commit by snapshot";

  private final StateDir state;
  private final Store store;
  private final Verifier verifier;

  /** Of the store in {@code state}. */
  public CommitLayers(StateDir state) {
    this.state = state;
    this.store = new Store(state);
    this.verifier = new Verifier(state, store);
    state.onLeftover(
        FILL,
        Recovery.of(
            CommitIntent::of,
            intent -> List.of(Store.object(intent.commit().id())),
            this::recover));
  }

  /**
   * A commit to be.
   *
   * @param ref how it is called, {@code NAME:TAG} or {@code NAME}; "": it has no name
   * @param lowers what its layer lies on, topmost first
   * @param origin what it is made of: "the VM web"
   * @param own how it runs where it lies on no image, as lines of a Dockerfile
   * @param changes of how it runs, likewise
   */
  public record Planned(
      String ref,
      String message,
      List<Path> lowers,
      String origin,
      List<String> own,
      List<String> changes) {
    /** Fails where there can be no such commit. */
    public Planned {
      lowers = List.copyOf(lowers);
      own = List.copyOf(own);
      changes = List.copyOf(changes);
      ImageConfig _ = ImageConfig.ofHost().changed(changes);
      ref = ref.isEmpty() ? ref : Ref.parse(ref).toString();
      if (lowers.size() >= OverlayMount.MOST_LOWERS) {
        throw MicaException.failed(
                "commit " + ref + " from",
                origin,
                "with this layer it would stand on " + OverlayMount.MOST_LOWERS + " others")
            .hint("mount its image, and import that folder as one layer to go on from");
      }
    }
  }

  /**
   * The layer of a commit, filled.
   *
   * @param held how long the container stood still for it
   */
  public record Filled(Duration held) {}

  /**
   * Makes a commit of a layer that {@code fill} makes, a folder that does not exist yet, flushed.
   * If that fails or we are killed meanwhile there is no commit and no layer. Its digest is
   * recorded in the background.
   *
   * @return its id
   */
  public String commit(Planned planned, Function<Path, Filled> fill) {
    String id = make(planned, fill);
    verifier.startRecording();
    return id;
  }

  private String make(Planned planned, Function<Path, Filled> fill) {
    String id = store.newId();
    String doing = "commit " + planned.ref() + " from " + planned.origin();
    try (Lock lock = state.lock(doing, Store.object(id))) {
      store.makeLayers();
      CommitIntent intent = describe(planned, id);
      AtomicReference<@Nullable Filled> filled = new AtomicReference<>();
      return lock.run(
          FILL,
          () -> intent.over(store.refs().get(intent.ref())).toJson(),
          () -> filled.set(fill.apply(store.layer(id))),
          () -> {
            Filled layer = Optional.ofNullable(filled.get()).orElseThrow();
            Core.syncDirectory(store.layers());
            store.publish(intent.commit().standingStill(layer.held()), intent.ref());
            return id;
          });
    }
  }

  private CommitIntent describe(Planned planned, String id) {
    CommitRecord over =
        store.over(
            id, planned.lowers(), planned.message(), planned.origin(), Commit.Method.SNAPSHOT);
    ImageConfig config =
        over.config()
            .orElseGet(() -> ImageConfig.ofHost().changed(planned.own()))
            .changed(planned.changes());
    return new CommitIntent(
        over.running(Optional.of(config)), planned.ref(), store.refs().get(planned.ref()));
  }

  /** What was published stays; a layer that was not is gone, whatever it had. */
  private void recover(CommitIntent intent) {
    if (store.hasRecord(intent.commit().id())) {
      store.publish(intent.commit(), intent.ref());
    } else {
      Core.discard(store.layer(intent.commit().id()));
      store.discard(intent.commit().id());
    }
  }
}
