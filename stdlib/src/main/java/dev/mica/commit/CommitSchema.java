package dev.mica.commit;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;

/** Commits and their verification. */
public final class CommitSchema {
  /** A commit. */
  public static final Descriptor<Commit> COMMIT =
      Descriptor.of(
          CommitSchema.class,
          Commit.class,
          Shape.<Commit>of("commits")
              .essential("id", "string", Commit::id)
              .essential("refs", "[string]", Commit::refs)
              .column("created", "time", Commit::created)
              .column(
                  "parent", "string|null", commit -> commit.parent().map(Commit::id).orElse(null))
              .column("method", "string", Commit::method)
              .column("message", "string", Commit::message)
              .field("origin", "string", Commit::origin)
              .field("heldMs", "number", CommitSchema::heldMs)
              .field("layer", "string", Commit::layer)
              .field("base", "[string]", Commit::base)
              .detail("digest", "string|null", commit -> commit.recordedDigest().orElse(null))
              .detail("unkeptFlags", "string|null", commit -> commit.unkeptFlags().orElse(null))
              .build());

  /** What the verification of a layer found. */
  public static final Descriptor<Commit.Verified> VERIFIED =
      Descriptor.of(
          CommitSchema.class,
          Commit.Verified.class,
          Shape.<Commit.Verified>of("layers")
              .column("condition", "string", Commit.Verified::condition)
              .essential("id", "string", Commit.Verified::id)
              .essential("refs", "[string]", Commit.Verified::refs)
              .column("detail", "string", Commit.Verified::detail)
              .field("recorded", "string|null", Commit.Verified::recorded)
              .field("found", "string|null", Commit.Verified::found)
              .build());

  /** All of a host. */
  public static final Descriptor<Commits> COMMITS =
      Descriptor.of(CommitSchema.class, Commits.class, Rows.list(COMMIT, Commits::list));

  private CommitSchema() {}

  /** Milliseconds, the one that was begun included. */
  private static long heldMs(Commit commit) {
    return commit.held().plusNanos(999_999).toMillis();
  }
}
