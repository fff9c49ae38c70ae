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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The store's files: {@code layers/ID} is a commit's layer, {@code commits/ID.json} its record,
 * whose being there makes it a commit; {@code store/refs.json} has the names, {@code
 * digests/ID.json} what the layer was like when it was published, {@code stats/ID.json} what was
 * counted in it, {@code trash} what is being removed.
 */
final class Store {
  private static final int ID_BYTES = 6;

  private final StateDir state;
  private final Records commits;
  private final Records digests;
  private final Records stats;
  private final Records names;
  private final Path layers;
  private final Path trash;

  Store(StateDir state) {
    this.state = state;
    this.commits = state.records("commits");
    this.digests = state.records("digests");
    this.stats = state.records("stats");
    this.names = state.records("store");
    this.layers = state.path().resolve("layers");
    this.trash = state.path().resolve("trash");
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

  /** The same of one whose record may be damaged. */
  boolean hasRecord(String id) {
    return commits.names().contains(id);
  }

  /** Whether a commit has that layer below it, or may have: its record is damaged. */
  boolean isStoodOn(String id) {
    Records.Listing<CommitRecord> all = all();
    return !all.damaged().isEmpty() || all.readable().stream().anyMatch(one -> one.standsOn(id));
  }

  /** How the journal calls a commit. */
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
   * All of them; of the readable those that stand on others first, then the newest first. Names
   * that cannot be read are among the damaged.
   */
  Records.Listing<CommitRecord> all() {
    Records.Listing<CommitRecord> found = commits.all(Store::read);
    List<MicaException> damaged = new ArrayList<>(found.damaged());
    Descent descent = Descent.of(found.readable());
    descent.circular().forEach(commit -> damaged.add(circular(commit.id())));
    try {
      Map<String, String> _ = refs();
    } catch (MicaException bad) {
      damaged.add(bad);
    }
    return new Records.Listing<>(descent.sorted(), damaged);
  }

  /** Fails if the commit stands on itself over others, as far as their records can be read. */
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
      return Optional.empty(); // it is told of where it is asked for itself
    }
  }

  /** The failure of a commit that stands on itself over others. */
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

  /** Makes a commit of a layer that is there, and has {@code ref} lead to it; "": none does. */
  void publish(CommitRecord commit, String ref) {
    commits.put(commit.id(), commit.toJson());
    if (ref.isEmpty()) {
      return;
    }
    Map<String, String> refs = refs();
    if (!commit.id().equals(refs.put(ref, commit.id()))) {
      putRefs(refs);
    }
  }

  /** Takes {@link #publish} back; {@code before} is where the ref led. */
  void retract(CommitRecord commit, String ref, @Nullable String before) {
    commits.remove(commit.id());
    digests.remove(commit.id());
    Map<String, String> refs = refs();
    if (commit.id().equals(refs.get(ref))) {
      refs.remove(ref);
      if (before != null) {
        refs.put(ref, before);
      }
      putRefs(refs);
    }
  }

  /** The names as far as they can be read, for what is only shown. */
  Map<String, String> readableRefs() {
    try {
      return refs();
    } catch (MicaException bad) {
      return Map.of(); // all() has it among the damaged
    }
  }

  /** The names, and the id each leads to; fails, naming their file, if that is damaged. */
  Map<String, String> refs() {
    Map<String, String> refs = new TreeMap<>();
    names
        .find("refs")
        .ifPresent(json ->
            json.properties().forEach(e -> refs.put(e.getKey(), e.getValue().asString(""))));
    return refs;
  }

  /** What leads to it, where the names can be read. */
  List<String> refsOf(String id) {
    return readableRefs().entrySet().stream()
        .filter(ref -> ref.getValue().equals(id))
        .map(Map.Entry::getKey)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private void putRefs(Map<String, String> refs) {
    ObjectNode json = Records.object();
    refs.forEach(json::put);
    names.put("refs", json);
  }

  /** What the layer was like; damaged, it is a failure: computed anew it would hide a change. */
  Optional<Digest> digest(String id) {
    return digests.find(id, (_, json) -> Digest.of(json));
  }

  void putDigest(String id, Digest digest) {
    digests.put(id, digest.toJson());
  }

  /** What was counted in a layer; damaged, it is counted anew. */
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
   * Everything else of a commit that is no more. Each step may be done again. The digest goes after
   * the commit's record and before its layer: {@code mica-digest} counts on that.
   */
  void discard(String id) {
    Map<String, String> refs = refs();
    if (refs.values().removeIf(id::equals)) {
      putRefs(refs);
    }
    digests.remove(id);
    stats.remove(id);
    if (hasLayer(id)) {
      move(layer(id), state.makeDirectory("trash").resolve(id));
    }
  }

  void emptyTrash() {
    list(trash).forEach(Core::discard);
  }

  List<Path> trash() {
    return list(trash);
  }

  /** Layers that no commit has. */
  List<String> orphans() {
    List<String> known = ids();
    return list(layers).stream()
        .map(layer -> layer.getFileName().toString())
        .filter(id -> !known.contains(id))
        .toList();
  }

  /** Those of which nothing but computed values is left: a layer that is there may be in use. */
  List<String> orphanValues() {
    Set<String> left = new TreeSet<>(stats.names());
    left.addAll(digests.names());
    left.removeAll(ids());
    left.removeIf(this::hasLayer);
    return List.copyOf(left);
  }

  void makeLayers() {
    state.makeDirectory("layers");
    state.makeDirectory("digests");
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
