package dev.mica.commit;

import dev.mica.folder.Diff;
import dev.mica.folder.LayerSource;
import dev.mica.union.Union;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One or more layers in the store with their record: what a union had changed over its lowers, or
 * an image that was loaded, pulled or imported.
 */
public interface Commit extends LayerSource {
  /** Its identity: short, unique in this store, never reused. */
  String id();

  /** The names that lead to it now, {@code NAME:TAG}; none once another commit took them over. */
  List<String> refs();

  /** The commit that it was made over, if there is one. */
  Optional<Commit> parent();

  /** What was said when it was made; may be empty. */
  String message();

  /** When it was made. */
  Instant created();

  /** What it was made from: a union's name, a VM, a file, a folder. */
  String origin();

  /** How its layer got into the store. */
  Method method();

  /**
   * Flags of files that its layer has not, for it was copied, and which no union or container sees:
   * {@code dA of 3 entries}, by the letters of lsattr(1). Immutable and append-only are kept.
   */
  Optional<String> unkeptFlags();

  /** How long the container stood still for it; zero where nothing had to. */
  Duration held();

  /** How a container of it runs unless it is said, and on what; empty: nothing is said. */
  Optional<ImageConfig> config();

  /** Digest of the manifest that it came with, {@code sha256:…}; empty: it was made here. */
  Optional<String> manifest();

  /** This commit's own layer; of several the topmost. */
  Path layer();

  /** The folders below the last commit that are not layers of this store, topmost first. */
  List<Path> base();

  /**
   * SHA-256 of this layer's tree as it was recorded after it was published, {@code sha256:…}; where
   * that has not been done yet it is computed now, and recorded if that is possible.
   */
  String digest();

  /** The same; empty where it is not recorded yet. Reads no layer. */
  Optional<String> recordedDigest();

  /**
   * Computes the digests of this layer and of those in the store that it stands on, topmost first,
   * and compares them with those on record; a layer that has none gets it. Reads every byte of
   * them.
   */
  List<Verified> verify();

  /** What this layer changes over what lies below it. */
  Diff diff();

  /** What turns this commit's tree into {@code other}'s. */
  Diff diff(Commit other);

  /** Mounts its tree read-only at {@code at}, as a union of its own. */
  Union mount(String at);

  /**
   * Writes it as an image to a file or directory.
   *
   * @param format {@code oci} or {@code docker}, an archive where nothing may be yet; {@code
   *     layout}, a directory; empty: a layout where there is a directory, else {@code oci}
   * @param compression of layers that Mica made: {@code gzip}, {@code zstd} or {@code none}
   */
  Exchange.Saved save(String file, String format, String compression);

  /** Likewise, to a stream, which stays open; then the format is not a layout. */
  Exchange.Saved save(OutputStream archive, String format, String compression);

  /** Likewise: an archive of OCI's form with layers compressed by gzip. */
  default Exchange.Saved save(String file) {
    return save(file, "", "gzip");
  }

  /**
   * Gives it to a registry as an image.
   *
   * @param reference {@code HOST/NAME:TAG}
   * @param compression as in {@link #save}
   */
  Exchange.Pushed push(String reference, String compression);

  /** Likewise, with layers that Mica made compressed by gzip. */
  default Exchange.Pushed push(String reference) {
    return push(reference, "gzip");
  }

  /**
   * Gives it one more name. If another commit has that name, it loses it.
   *
   * @param ref {@code NAME:TAG}
   */
  Commit tag(String ref);

  /** Removes it; fails while a union or a later commit stands on it. */
  void remove();

  /** How a layer got into the store. */
  enum Method {
    /** The upper was renamed into the store, and the union goes on over it with a fresh one. */
    ROTATE,
    /** Its files were cloned, sharing their blocks. */
    REFLINK,
    /** Its files were copied. */
    COPY,
    /** It is what a VM's guest folder had at one moment. */
    SNAPSHOT,
    /** Its layers were unpacked from an image or a tar. */
    UNPACK
  }

  /** What a verification finds a layer to be. */
  enum Condition {
    /** What it was when its digest was recorded. */
    INTACT,
    /** Something else. */
    CHANGED,
    /** It had no digest on record, and has from now on. */
    RECORDED,
    /** It has no digest on record, and could not be given one. */
    UNRECORDED,
    /** It, or its digest, cannot be read or compared. */
    UNREADABLE,
    /** It was removed during the verification. */
    REMOVED
  }

  /**
   * What the verification of one layer found.
   *
   * @param id of the commit whose layer it is
   * @param refs the names that lead to it
   * @param detail why, for people; empty where there is nothing to say
   * @param recorded the digest on record; null: there is none, or it cannot be read
   * @param found the digest of the layer as it is; null: it cannot be read
   */
  record Verified(
      String id,
      List<String> refs,
      Condition condition,
      String detail,
      @Nullable String recorded,
      @Nullable String found) {
    /** Whether it is not, or not known to be, what was committed. */
    public boolean isBad() {
      return condition == Condition.CHANGED || condition == Condition.UNREADABLE;
    }
  }
}
