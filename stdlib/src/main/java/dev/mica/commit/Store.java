package dev.mica.commit;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The files of the store: {@code layers/ID} is a layer. {@code commits/ID.json} is the record of a
 * commit, which names its layers; a commit exists if its record does. {@code store/refs.json} has
 * the names, {@code digests/LAYER.json} the digest of a layer when it was published, {@code
 * tars/LAYER.json} the digests of the layer as a tar if they are known, {@code stats/ID.json} what
 * was counted in a commit, and {@code trash} what is being removed.
 */
final class Store {
  private static final int ID_BYTES = 6;

  private final StateDir state;
  private final Records commits;
  private final Records digests;
  private final Records stats;
  private final CommitNames names;
  private final Records tars;
  private final Path layers;
  private final Path trash;

  Store(StateDir state) {
    this.state = state;
    this.commits = state.records("commits");
    this.digests = state.records("digests");
    this.stats = state.records("stats");
    this.names = new CommitNames(state.records("store"));
    this.tars = state.records("tars");
    this.layers = state.path().resolve("layers");
    this.trash = state.path().resolve("trash");
  }

  CommitNames names() {
    return names;
  }

  Path layers() {
    return layers;
  }

  Path layer(String id) {
    return layers.resolve(id);
  }

  boolean hasLayer(String id) {
    return exists(layer(id));
  }

  boolean hasCommit(String id) {
    return commits.find(id).isPresent();
  }

  /** The same for a commit whose record may be damaged. */
  boolean hasRecord(String id) {
    return commits.names().contains(id);
  }

  /**
   * Whether a commit has that layer or stands on it, or may do so because its record is damaged.
   */
  boolean isNeeded(String layer) {
    Records.Listing<CommitRecord> all = all();
    return !all.damaged().isEmpty()
        || all.readable().stream().anyMatch(one -> one.layerIds().contains(layer));
  }

  /** Whether a commit whose record can be read has that layer as its own. */
  boolean isOwned(String layer) {
    return all().readable().stream().anyMatch(one -> one.layers().contains(layer));
  }

  /** The own layers of a commit that no other commit has as its own. */
  List<String> onlyOf(CommitRecord commit) {
    List<CommitRecord> others =
        all().complete().stream().filter(one -> !one.id().equals(commit.id())).toList();
    return commit.layers().stream()
        .filter(layer -> others.stream().noneMatch(one -> one.layers().contains(layer)))
        .toList();
  }

  /**
   * The commit whose layers match the most of the upper layers of a stack; the newest if there are
   * several.
   */
  Optional<CommitRecord> topOf(List<Path> stack) {
    if (stack.isEmpty() || !layers.equals(stack.getFirst().getParent())) {
      return Optional.empty(); // a commit's own layers are above all, so no record need be read
    }
    return all().readable().stream()
        .filter(commit -> startsWith(stack, commit.stack(layers)))
        .max(
            Comparator.comparingInt((CommitRecord commit) -> commit.stack(layers).size())
                .thenComparing(CommitRecord::created));
  }

  private static boolean startsWith(List<Path> stack, List<Path> upper) {
    return stack.size() >= upper.size() && stack.subList(0, upper.size()).equals(upper);
  }

  /** The name of a commit in the journal. */
  static String object(String id) {
    return "commit " + id;
  }

  Optional<CommitRecord> commit(String id) {
    return commits.find(id, Store::read);
  }

  private static CommitRecord read(String id, ObjectNode json) {
    CommitRecord commit = CommitRecord.of(json);
    if (!commit.id().equals(id)) {
      throw new IllegalArgumentException("it is of the commit " + commit.id());
    }
    return commit;
  }

  /**
   * All commits. Of the readable ones, those that stand on others come first, and then the newest.
   * If the names cannot be read, they are among the damaged.
   */
  Records.Listing<CommitRecord> all() {
    Records.Listing<CommitRecord> found = commits.all(Store::read);
    List<MicaException> damaged = new ArrayList<>(found.damaged());
    Descent descent = Descent.of(found.readable());
    descent.circular().forEach(commit -> damaged.add(circular(commit.id())));
    try {
      Map<String, String> _ = names.all();
    } catch (MicaException bad) {
      damaged.add(bad);
    }
    return new Records.Listing<>(descent.sorted(), damaged);
  }

  /** Fails if the commit stands on itself by way of others, as far as their records can be read. */
  void requireEnd(CommitRecord commit) {
    Set<String> seen = new HashSet<>();
    Optional<CommitRecord> at = Optional.of(commit);
    while (at.isPresent() && seen.add(at.get().id())) {
      at = at.get().parent().flatMap(this::readable);
    }
    if (at.isPresent()) {
      throw circular(at.get().id());
    }
  }

  private Optional<CommitRecord> readable(String id) {
    try {
      return commit(id);
    } catch (MicaException bad) {
      return Optional.empty(); // it is reported when that commit itself is asked for
    }
  }

  /** The failure of a commit that stands on itself by way of others. */
  MicaException circular(String id) {
    return commits.damaged(id, "the commit stands on itself, over those below it");
  }

  List<String> ids() {
    return commits.names();
  }

  String newId() {
    byte[] bytes = new byte[ID_BYTES];
    String id;
    do {
      new SecureRandom().nextBytes(bytes);
      id = HexFormat.of().formatHex(bytes);
    } while (hasLayer(id) || hasCommit(id));
    return id;
  }

  /**
   * A commit that will be made over a stack of folders and layers, topmost first. Its parent is the
   * commit that these layers belong to, and it has the parent's configuration.
   */
  CommitRecord over(
      String id, List<Path> stack, String message, String origin, Commit.Method method) {
    Optional<CommitRecord> parent = topOf(stack);
    return new CommitRecord(
        id,
        List.of(id),
        stack.stream().map(path -> CommitRecord.keep(path, layers)).toList(),
        parent.map(CommitRecord::id),
        message,
        Instant.now(),
        origin,
        method,
        "",
        parent.flatMap(CommitRecord::config),
        Optional.empty(),
        Duration.ZERO);
  }

  /**
   * Makes a commit of a layer that exists, and makes {@code ref} lead to it; no name if it is "".
   */
  void publish(CommitRecord commit, String ref) {
    commits.put(commit.id(), commit.toJson());
    if (!ref.isEmpty()) {
      names.put(ref, commit.id());
    }
  }

  /** Undoes {@link #publish}; {@code before} is the commit that the ref led to. */
  void retract(CommitRecord commit, String ref, @Nullable String before) {
    commits.remove(commit.id());
    commit.layers().forEach(digests::remove);
    names.takeBack(ref, commit.id(), before);
  }

  /** The names that lead to commits that have that layer as their own. */
  List<String> refsOfLayer(String layer) {
    Set<String> refs = new TreeSet<>(names.of(layer));
    all().readable().stream()
        .filter(commit -> commit.layers().contains(layer))
        .forEach(commit -> refs.addAll(names.of(commit.id())));
    return new ArrayList<>(refs);
  }

  /**
   * The digest of the layer when it was published. It fails if the file is damaged, because a new
   * digest would hide a change.
   */
  Optional<Digest> digest(String id) {
    return digests.find(id, (_, json) -> Digest.of(json));
  }

  /**
   * The digests of a layer as a tar, if they are known; if the file is damaged, they are computed
   * again.
   */
  Optional<TarRecord> tar(String layer) {
    try {
      return tars.find(layer, (_, json) -> TarRecord.of(json));
    } catch (MicaException damaged) {
      return Optional.empty();
    }
  }

  void putTar(String layer, TarRecord tar) {
    tars.put(layer, tar.toJson());
  }

  /** The existing layer that is such a tar. */
  Optional<String> layerOf(String diffId) {
    return tars.names().stream()
        .filter(layer -> tar(layer).filter(tar -> tar.diffId().equals(diffId)).isPresent())
        .filter(this::hasLayer)
        .findFirst();
  }

  /** The digests of all layers as tars, as far as they are known. */
  List<TarRecord> tars() {
    return tars.names().stream().map(this::tar).flatMap(Optional::stream).toList();
  }

  void putDigest(String id, Digest digest) {
    digests.put(id, digest.toJson());
  }

  /** What was counted in a layer; if the file is damaged, it is counted again. */
  Optional<ObjectNode> stats(String id) {
    try {
      return stats.find(id);
    } catch (MicaException damaged) {
      return Optional.empty();
    }
  }

  void putStats(String id, ObjectNode value) {
    stats.put(id, value);
  }

  void forgetCommit(String id) {
    commits.remove(id);
  }

  /**
   * Removes everything else of a commit that does not exist any more, except its layers. May be
   * repeated.
   */
  void discard(String id) {
    names.forgetAll(id);
    stats.remove(id);
  }

  /**
   * Removes a layer that no commit has any more, and all files about it. Each step may be repeated.
   * The digest is removed after the records that name the layer, and before the layer: {@code
   * mica-digest} relies on that.
   */
  void discardLayer(String layer) {
    tars.remove(layer);
    digests.remove(layer);
    if (hasLayer(layer)) {
      move(layer(layer), state.makeDirectory("trash").resolve(layer));
    }
  }

  void emptyTrash() {
    list(trash).forEach(Core::discard);
  }

  List<Path> trash() {
    return list(trash);
  }

  /** The layers that no commit has. */
  List<String> orphans() {
    Set<String> known = new HashSet<>(ids());
    all().readable().forEach(commit -> known.addAll(commit.layers()));
    return list(layers).stream()
        .map(layer -> layer.getFileName().toString())
        .filter(id -> !known.contains(id))
        .toList();
  }

  /** The ids of which only computed values are left. A layer that exists may be in use. */
  List<String> orphanValues() {
    Set<String> left = new TreeSet<>(stats.names());
    left.addAll(digests.names());
    left.addAll(tars.names());
    left.removeAll(ids());
    left.removeIf(this::hasLayer);
    return List.copyOf(left);
  }

  void makeLayers() {
    state.makeDirectory("layers");
    state.makeDirectory("digests");
  }

  /** The files with computed values of a layer or commit that does not exist any more. */
  void forgetValues(String id) {
    stats.remove(id);
    digests.remove(id);
    tars.remove(id);
  }

  private static void move(Path from, Path to) {
    try {
      Durable.move(from, to);
    } catch (IOException broken) {
      throw MicaException.failed("rename " + from + " to", to, Why.of(broken)).because(broken);
    }
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException broken) {
      throw MicaException.failed("list", directory, Why.of(broken)).because(broken);
    }
  }

  static boolean exists(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }
}
