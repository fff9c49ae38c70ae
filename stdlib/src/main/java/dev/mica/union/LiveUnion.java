package dev.mica.union;

import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A union by its name: every answer is looked up when it is asked for. */
final class LiveUnion implements Union {
  private final Unions unions;
  private final String name;

  LiveUnion(Unions unions, UnionRecord record) {
    this.unions = unions;
    this.name = record.name();
  }

  private UnionRecord record() {
    return unions.requireRecord(name);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public State state() {
    UnionRecord record = record();
    List<Mount> mounts = Mounts.all();
    boolean served = UnionMounts.isServed(record, mounts);
    if (loss(record).isPresent() || UnionMounts.elsewhere(record, mounts).isPresent()) {
      return State.BROKEN;
    }
    if (problem(record, mounts, unions.mounterOf(record)).isPresent()) {
      return served ? State.DEAD : State.BROKEN;
    }
    return served ? State.MOUNTED : State.UNMOUNTED;
  }

  @Override
  public Optional<String> problem() {
    UnionRecord record = record();
    return problem(record, Mounts.all(), unions.mounterOf(record));
  }

  static Optional<String> problem(UnionRecord record, List<Mount> mounts, Mounter mounter) {
    Optional<Mount> mount = UnionMounts.at(record.at(), mounts);
    return loss(record)
        .or(() -> moved(record, mounts))
        .or(() -> mount.flatMap(there -> problem(record, there, mounter)));
  }

  /** A folder that is gone. */
  static Optional<String> loss(UnionRecord record) {
    for (Path lower : record.lowers()) {
      Optional<String> loss = loss("its lower " + lower, lower);
      if (loss.isPresent()) {
        return loss;
      }
    }
    Path upper = record.upper();
    return upper == null ? Optional.empty() : loss("its upper " + upper, upper);
  }

  private static Optional<String> loss(String what, Path folder) {
    try {
      boolean there = Files.readAttributes(folder, BasicFileAttributes.class).isDirectory();
      return there ? Optional.empty() : Optional.of(what + " is gone");
    } catch (AccessDeniedException hidden) {
      return Optional.of(what + " is out of reach: permission denied");
    } catch (IOException gone) {
      return Optional.of(what + " is gone");
    }
  }

  private static Optional<String> moved(UnionRecord record, List<Mount> mounts) {
    return UnionMounts.elsewhere(record, mounts)
        .map(mount ->
            "it is mounted at "
                + mount.target()
                + ", where its mount point was moved to; move that back, or remove the union");
  }

  private static Optional<String> problem(UnionRecord record, Mount mount, Mounter mounter) {
    if (!UnionMounts.is(record, mount)) {
      return Optional.of(
          "something else is mounted at " + record.at() + " (" + mount.source() + ")");
    }
    return mounter.problem(record).or(() -> use(record.at()));
  }

  private static Optional<String> use(Path at) {
    try {
      Files.getLastModifiedTime(at);
      return Optional.empty();
    } catch (IOException dead) {
      return Optional.of("what serves " + at + " has ended");
    }
  }

  @Override
  public List<Path> lowers() {
    return new ArrayList<>(record().lowers());
  }

  @Override
  public Optional<Folder> upper() {
    return Optional.ofNullable(record().upper()).map(path -> Folder.of(unions.caller(), path));
  }

  @Override
  public Folder at() {
    return Folder.of(unions.caller(), record().at());
  }

  @Override
  public UnionSpec.Via via() {
    return record().via();
  }

  @Override
  public Instant created() {
    return record().created();
  }

  @Override
  public Diff diff() {
    UnionRecord record = record();
    if (record.upper() == null) {
      throw MicaException.failed("diff the union", name, "it is read-only and has no upper");
    }
    Mounter mounter = unions.mounterOf(record);
    if (!mounter.upperIsLayer() && state() != State.MOUNTED) {
      throw MicaException.failed("diff the union", name, "it is not mounted").hint("remount it");
    }
    try (OpenFolders folders = OpenFolders.of(record)) {
      return Diff.recorded(
          unions.caller(),
          "the lowers of " + name,
          Tree.layers(record.lowers()),
          "the union " + name,
          mounter.tree(record, folders.realStack()));
    }
  }

  @Override
  public Union remount() {
    unions.remount(name);
    return this;
  }

  @Override
  public void remove() {
    unions.remove(name);
  }

  @Override
  public String toString() {
    return "union " + name;
  }
}
