package dev.mica.commit;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.union.Union;
import dev.mica.union.UnionLayers;
import dev.mica.union.Unions;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The commit store of this host: layers, and the names that lead to them. */
public final class Commits {
  private final Caller caller;
  private final StateDir state;
  private final Unions unions;
  private final Exchange exchange;
  private final Store store;
  private final CommitFinder finder;
  private final Committer committer;
  private final Stats stats;
  private final Verifier verifier;
  private final Remover remover;

  /**
   * The store in {@code state}, for commits of {@code unions}. {@code others} may stand on its
   * layers too, and {@code exchange} imports and exports images.
   */
  public Commits(
      StateDir state, Unions unions, UnionLayers layers, LayerUser others, Exchange exchange) {
    this.caller = Caller.ofProcess();
    this.state = state;
    this.unions = unions;
    this.exchange = exchange;
    this.store = new Store(state);
    this.finder = new CommitFinder(state, store);
    this.committer = new Committer(state, store, unions, layers);
    this.stats = new Stats(state, store);
    this.verifier = new Verifier(state, store);
    this.remover = new Remover(state, store, layers, others, exchange);
  }

  /** The same commits for {@code caller}, who may change what the caller's role allows. */
  public Commits(Caller caller, Commits same) {
    this.caller = caller;
    this.state = same.state;
    this.unions = new Unions(caller, same.unions);
    this.exchange = same.exchange;
    this.store = same.store;
    this.finder = same.finder;
    this.committer = same.committer;
    this.stats = same.stats;
    this.verifier = same.verifier;
    this.remover = same.remover;
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
   * Keeps what {@code union} changes in its lowers as a commit, to which {@code ref} leads from now
   * on. Fails if nothing has changed. Its digest is recorded in the background.
   *
   * @param ref {@code NAME:TAG}, or {@code NAME} for {@code NAME:latest}
   */
  public Commit create(Union union, String ref, String message) {
    return create(union, ref, message, false);
  }

  /**
   * Likewise.
   *
   * @param squash whether the commit is one layer with the union's whole tree, which stands on
   *     nothing; then it is made even if nothing has changed, and the union stays as it is
   */
  public Commit create(Union union, String ref, String message, boolean squash) {
    return caller.change(
        Role.OPERATOR,
        "commit " + ref + " from the union",
        union.name(),
        () -> {
          CommitRecord made = committer.create(union.name(), Ref.parse(ref), message, squash);
          verifier.startRecording();
          return commit(made);
        });
  }

  /**
   * Makes commits of the images in a file: a directory with an OCI layout, or an archive as skopeo,
   * Docker and others write it. The name that an image has there leads to its commit from now on.
   */
  public Loaded load(String file) {
    return load(file, Optional.empty(), Optional.empty());
  }

  /**
   * Likewise.
   *
   * @param as the name for the image, if there is only one
   * @param platform {@code OS/ARCHITECTURE[/VARIANT]}, if there are several; this host's if empty
   */
  public Loaded load(String file, Optional<String> as, Optional<String> platform) {
    return caller.change(
        Role.OPERATOR,
        "load",
        file,
        () -> {
          as.ifPresent(Ref::parse);
          try (Reached from = caller.reach(Folder.of(caller, file).path())) {
            return loaded(exchange.load(from, as, platform));
          }
        });
  }

  /** Likewise of the images in an archive that a stream has; it is read to its end. */
  public Loaded load(InputStream archive, Optional<String> as, Optional<String> platform) {
    return caller.change(
        Role.OPERATOR,
        "load",
        "-",
        () -> {
          as.ifPresent(Ref::parse);
          return loaded(exchange.load(archive, as, platform));
        });
  }

  /**
   * Makes a commit of an image of a registry, for this host. Layers that are here already are not
   * fetched again, and neither is what an attempt that failed has fetched.
   *
   * @param reference {@code HOST/NAME:TAG}, or {@code debian:12}; the commit's name is the last
   *     part of the name, and the tag
   */
  public Commit pull(String reference) {
    return pull(reference, Optional.empty(), Optional.empty()).commits().getFirst();
  }

  /**
   * The same; returns the one commit, and remarks.
   *
   * @param as the name for its commit
   * @param platform {@code OS/ARCHITECTURE[/VARIANT]}; this host's if empty
   */
  public Loaded pull(String reference, Optional<String> as, Optional<String> platform) {
    return caller.change(
        Role.OPERATOR,
        "pull",
        reference,
        () -> {
          as.ifPresent(Ref::parse);
          return loaded(exchange.pull(caller, reference, as, platform));
        });
  }

  /**
   * Whether a text, which could also be a path or a commit, means an image of a registry: it
   * contains a host, a tag or a digest.
   */
  public boolean isReference(String text) {
    return exchange.meant(text).isPresent();
  }

  /** The commit of such an image, if it was pulled and still has the name that it got then. */
  public Optional<Commit> findPulled(String reference) {
    return exchange
        .meant(reference)
        .flatMap(is -> find(is.ref()).filter(commit -> commit.origin().equals(is.origin())));
  }

  Exchange.Pushed push(LiveCommit commit, String reference, String compression) {
    return caller.change(
        Role.OPERATOR,
        "push the commit to",
        reference,
        () -> {
          List<String> origins = log(commit.id()).stream().map(Commit::origin).toList();
          return exchange.push(caller, commit.id(), origins, reference, compression);
        });
  }

  /** Makes a commit of what another Mica pushes, at the other end of the two streams. */
  public Loaded receive(String ref, InputStream in, OutputStream out) {
    return caller.change(
        Role.OPERATOR,
        "receive",
        ref,
        () -> loaded(exchange.receive(caller, Ref.parse(ref).toString(), in, out)));
  }

  /** Gives a commit to another Mica that pulls it, likewise; remarks on what an image lacks. */
  public List<String> send(String refOrId, InputStream in, OutputStream out) {
    LiveCommit commit = live(refOrId);
    return exchange.send(caller, commit.id(), refOrId, in, out);
  }

  /** Makes a commit of a folder, or of a tar of one, plain or compressed. */
  public Loaded importFolder(String folderOrTar, String ref) {
    return importFolder(folderOrTar, ref, "", List.of());
  }

  /**
   * Likewise.
   *
   * @param changes changes of its configuration, as lines of a Dockerfile: {@code ENV LANG=C}
   */
  public Loaded importFolder(String folderOrTar, String ref, String message, List<String> changes) {
    return caller.change(
        Role.OPERATOR,
        "import",
        folderOrTar,
        () -> {
          String name = Ref.parse(ref).toString();
          try (Reached from = caller.reach(Folder.of(caller, folderOrTar).path())) {
            return loaded(exchange.importFolder(from, name, message, changes));
          }
        });
  }

  private Loaded loaded(Exchange.Loaded made) {
    verifier.startRecording();
    return new Loaded(made.ids().stream().map(this::byId).toList(), made.remarks());
  }

  /**
   * Commits that were made of images.
   *
   * @param remarks what the store does not have as the image says it, one line each
   */
  public record Loaded(List<Commit> commits, List<String> remarks) {
    /** Copies the lists. */
    public Loaded {
      commits = List.copyOf(commits);
      remarks = List.copyOf(remarks);
    }
  }

  Exchange.Saved save(LiveCommit commit, OutputStream archive, String format, String compression) {
    return caller.change(
        Role.OPERATOR,
        "save the commit to",
        "-",
        () ->
            exchange.save(
                caller,
                commit.id(),
                commit.label(),
                archive,
                format.isEmpty() ? "oci" : format,
                compression));
  }

  Exchange.Saved save(LiveCommit commit, String file, String format, String compression) {
    return caller.change(
        Role.OPERATOR,
        "save the commit to",
        file,
        () -> {
          try (Reached to = caller.reachTarget(Folder.of(caller, file).path())) {
            String how = !format.isEmpty() ? format : to.isDirectory() ? "layout" : "oci";
            return exchange.save(caller, commit.id(), commit.label(), to, how, compression);
          }
        });
  }

  /**
   * All commits that can be read. The newest come first, and each parent comes after all its
   * children.
   */
  public List<Commit> list() {
    return state.read(() ->
        store.all().readable().stream()
            .map(this::commit)
            .collect(Collectors.toCollection(ArrayList<Commit>::new)));
  }

  /** Why each of the others cannot be listed: the record is damaged. */
  public List<MicaException> damaged() {
    return state.read(() -> store.all().damaged());
  }

  /**
   * Finds a commit by {@code NAME:TAG}, by {@code NAME} for {@code NAME:latest}, by an id, or by
   * its first four or more digits.
   */
  public Optional<Commit> find(String refOrId) {
    return finder.find(refOrId).map(this::commit);
  }

  /** The same; if there is none, it fails and names the most similar one. */
  public Commit get(String refOrId) {
    return live(refOrId);
  }

  private LiveCommit live(String refOrId) {
    return commit(finder.get(refOrId));
  }

  /** Fails if its chain of parents has no end. */
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

  /** The commit and those that it stands on, as far as they are in this store. */
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

  /**
   * All commits as a drawing, the newest on top: id, names, message, and how much each one changes.
   */
  public String graph() {
    List<CommitRecord> all = state.read(store::all).readable();
    return Graph.draw(all.stream().map(this::row).toList());
  }

  private Graph.Row row(CommitRecord record) {
    LiveCommit commit = commit(record);
    return Graph.Row.of(commit, stats.counts(commit));
  }

  /**
   * Computes the digest of every layer again and compares it with the recorded one. A layer without
   * a recorded digest gets one. The newest come first.
   */
  public List<Commit.Verified> verify() {
    return verifier.verifyAll();
  }

  /** The same for these commits and all that they stand on, each layer once. */
  public List<Commit.Verified> verify(List<String> refsOrIds) {
    Set<String> ids = new LinkedHashSet<>();
    for (String refOrId : refsOrIds) {
      ids.addAll(live(refOrId).record().layerIds());
    }
    return verifier.verify(new ArrayList<>(ids));
  }

  /**
   * Removes every commit. Those that a union stands on are left, and are named in an error at the
   * end.
   */
  public void removeAll() {
    caller.run(Role.OPERATOR, "remove", "all commits", () -> Remover.removeEach(list()));
  }

  /**
   * Removes the commit. But if {@code refOrId} is one of several names that it has, only that name
   * is removed.
   */
  public void remove(String refOrId) {
    LiveCommit commit = live(refOrId);
    caller.run(
        Role.OPERATOR,
        "remove the commit",
        refOrId,
        () -> {
          if (!remover.removeName(Ref.normal(refOrId), commit.id())) {
            commit.remove();
          }
        });
  }

  /**
   * Removes layers and files that belong to no commit; returns what was removed. Commits without a
   * name stay.
   */
  public List<String> gc() {
    return caller.change(Role.OPERATOR, "collect", "garbage", remover::collect);
  }

  void tag(String id, String ref) {
    caller.run(Role.OPERATOR, "name the commit", id, () -> LayerStore.refer(state, store, ref, id));
  }

  void removeCommit(String id) {
    caller.run(Role.OPERATOR, "remove the commit", id, () -> remover.remove(id));
  }

  List<String> refsOf(String id) {
    return state.read(() -> store.names().of(id));
  }

  private LiveCommit commit(CommitRecord record) {
    return new LiveCommit(this, store, record);
  }
}
