package dev.mica.commit;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

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
              .field("layer", "string", Commit::layer)
              .field("base", "[string]", Commit::base)
              .detail("heldMs", "number", CommitSchema::heldMs)
              .detail("digest", "string|null", commit -> commit.recordedDigest().orElse(null))
              .detail("unkeptFlags", "string|null", commit -> commit.unkeptFlags().orElse(null))
              .detail("manifest", "string|null", commit -> commit.manifest().orElse(null))
              .detail("layers", "[string]", Commit::layers)
              .detail("config", "any|null", CommitSchema::config)
              .build());

  /** How a container of an image runs. */
  public static final Descriptor<ImageConfig> CONFIG =
      Descriptor.of(
          CommitSchema.class,
          ImageConfig.class,
          Shape.<ImageConfig>of("configs")
              .essential("os", "string", ImageConfig::os)
              .essential("architecture", "string", ImageConfig::architecture)
              .field("variant", "string", ImageConfig::variant)
              .field("env", "[string]", ImageConfig::env)
              .column("entrypoint", "[string]", ImageConfig::entrypoint)
              .column("cmd", "[string]", ImageConfig::cmd)
              .column("user", "string", ImageConfig::user)
              .field("workdir", "string", ImageConfig::workdir)
              .field("labels", "[string]", config -> pairs(config.labels()))
              .field("ports", "[string]", ImageConfig::ports)
              .field("volumes", "[string]", ImageConfig::volumes)
              .field("stopSignal", "string", ImageConfig::stopSignal)
              .field("others", "[string]", config -> pairs(config.others()))
              .build());

  /** Commits that were made of images. */
  public static final Descriptor<Commits.Loaded> LOADED =
      Descriptor.of(
          CommitSchema.class,
          Commits.Loaded.class,
          Shape.<Commits.Loaded>of("loaded")
              .essential(
                  "commits",
                  "[string]",
                  loaded -> loaded.commits().stream().map(Commit::label).toList())
              .column("remarks", "[string]", Commits.Loaded::remarks)
              .build());

  /** An image that was written. */
  public static final Descriptor<Exchange.Saved> SAVED =
      Descriptor.of(
          CommitSchema.class,
          Exchange.Saved.class,
          Shape.<Exchange.Saved>of("saved")
              .essential("file", "string", Exchange.Saved::file)
              .essential("manifest", "string", Exchange.Saved::manifest)
              .column("remarks", "[string]", Exchange.Saved::remarks)
              .build());

  /** An image that a registry has. */
  public static final Descriptor<Exchange.Pushed> PUSHED =
      Descriptor.of(
          CommitSchema.class,
          Exchange.Pushed.class,
          Shape.<Exchange.Pushed>of("pushed")
              .essential("reference", "string", Exchange.Pushed::reference)
              .essential("manifest", "string", Exchange.Pushed::manifest)
              .column("remarks", "[string]", Exchange.Pushed::remarks)
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

  private static List<String> pairs(Map<String, String> map) {
    return map.entrySet().stream().map(one -> one.getKey() + "=" + one.getValue()).toList();
  }

  /** As OCI says it, where it says something. */
  private static @Nullable Object config(Commit commit) {
    return commit.config().map(config -> value(ImageConfig.toJson(config))).orElse(null);
  }

  /** The texts, lists and maps that it is made of. */
  private static Object value(JsonNode json) {
    if (json.isArray()) {
      return json.valueStream().map(CommitSchema::value).toList();
    }
    if (!json.isObject()) {
      return json.asString();
    }
    Map<String, Object> map = new LinkedHashMap<>();
    json.properties().forEach(each -> map.put(each.getKey(), value(each.getValue())));
    return map;
  }
}
