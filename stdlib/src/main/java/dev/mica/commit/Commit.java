package dev.mica.commit;

import dev.mica.folder.Diff;
import dev.mica.folder.LayerSource;
import dev.mica.union.Union;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** One layer in the store with its manifest: what a union had changed over its lowers, kept. */
public interface Commit extends LayerSource {
  /** Its identity: short, unique in this store, never reused. */
  String id();

  /** The names that lead to it now, {@code NAME:TAG}; none once another commit took them over. */
  List<String> refs();

  /** The commit right below it, if its lowers began with one. */
  Optional<Commit> parent();

  /** What was said when it was made; may be empty. */
  String message();

  /** When it was made. */
  Instant created();

  /** Which union it was made from. */
  String origin();

  /** How its layer got into the store. */
  Method method();

  /** This commit's own layer. */
  Path layer();

  /** The folders below the last commit that are not layers of this store, topmost first. */
  List<Path> base();

  /** SHA-256 of this layer's tree, {@code sha256:…}; computed at the first call and kept. */
  String digest();

  /** What this layer changes over what lies below it. */
  Diff diff();

  /** What turns this commit's tree into {@code other}'s. */
  Diff diff(Commit other);

  /** Mounts its tree read-only at {@code at}, as a union of its own. */
  Union mount(String at);

  /** Removes it; fails while a union or a later commit stands on it. */
  void remove();

  /** How a layer got into the store. */
  enum Method {
    /** The upper was renamed into the store, and the union goes on over it with a fresh one. */
    ROTATE,
    /** Its files were cloned, sharing their blocks. */
    REFLINK,
    /** Its files were copied. */
    COPY
  }
}
