package dev.mica.commit;

import dev.mica.core.Tree;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A commit of this store. Its record never changes; the names that lead to it do. */
final class LiveCommit implements Commit {
  private final Commits commits;
  private final Store store;
  private final CommitRecord record;

  LiveCommit(Commits commits, Store store, CommitRecord record) {
    this.commits = commits;
    this.store = store;
    this.record = record;
  }

  CommitRecord record() {
    return record;
  }

  @Override
  public String id() {
    return record.id();
  }

  @Override
  public List<String> refs() {
    return commits.refsOf(record.id());
  }

  @Override
  public Optional<Commit> parent() {
    return record.parent().map(commits::byId);
  }

  @Override
  public String message() {
    return record.message();
  }

  @Override
  public Instant created() {
    return record.created();
  }

  @Override
  public String origin() {
    return record.origin();
  }

  @Override
  public Method method() {
    return record.method();
  }

  @Override
  public Optional<String> unkeptFlags() {
    return Optional.of(record.unkept()).filter(text -> !text.isEmpty());
  }

  private String top() {
    return record.layers().getFirst();
  }

  @Override
  public Optional<ImageConfig> config() {
    return record.config();
  }

  @Override
  public Optional<String> manifest() {
    return record.manifest();
  }

  @Override
  public Duration held() {
    return record.held();
  }

  @Override
  public Path layer() {
    return store.layer(top());
  }

  @Override
  public List<Path> base() {
    return record.base();
  }

  @Override
  public List<Path> layers() {
    return new ArrayList<>(record.stack(store.layers()));
  }

  private List<Path> below() {
    return record.below(store.layers());
  }

  @Override
  public String label() {
    List<String> refs = refs();
    return refs.isEmpty() ? record.id() : refs.getFirst();
  }

  @Override
  public String digest() {
    return commits.verifier().digest(top());
  }

  @Override
  public Optional<String> recordedDigest() {
    return commits.verifier().recorded(top()).map(known -> known.tree().digest());
  }

  @Override
  public List<Verified> verify() {
    return commits.verifier().verify(record.layerIds());
  }

  @Override
  public Diff diff() {
    commits.requireEnd(record);
    return Diff.recorded(
        commits.caller(),
        "what lies below " + label(),
        tree(below()),
        label(),
        Tree.layers(layers()));
  }

  private static Tree tree(List<Path> stack) {
    return stack.isEmpty() ? Tree.EMPTY : Tree.layers(stack);
  }

  @Override
  public Diff diff(Commit other) {
    commits.requireEnd(record);
    if (other instanceof LiveCommit live) {
      commits.requireEnd(live.record());
    }
    return Diff.recorded(
        commits.caller(),
        label(),
        Tree.layers(layers()),
        other.label(),
        Tree.layers(other.layers()));
  }

  @Override
  public Union mount(String at) {
    Folder point = Folder.of(commits.caller(), at);
    return commits
        .unions()
        .create(new UnionSpec(null, List.of(this), null, null, point, UnionSpec.Via.AUTO));
  }

  @Override
  public Exchange.Saved save(String file, String format, String compression) {
    return commits.save(this, file, format, compression);
  }

  @Override
  public Exchange.Saved save(OutputStream archive, String format, String compression) {
    return commits.save(this, archive, format, compression);
  }

  @Override
  public Exchange.Pushed push(String reference, String compression) {
    return commits.push(this, reference, compression);
  }

  @Override
  public Commit tag(String ref) {
    commits.tag(record.id(), ref);
    return this;
  }

  @Override
  public void remove() {
    commits.removeCommit(record.id());
  }

  @Override
  public String toString() {
    return "commit " + label();
  }
}
