package dev.mica.union;

import dev.mica.folder.Folder;
import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;

/** Union mounts. */
public final class UnionSchema {
  /** A union mount. */
  public static final Descriptor<Union> UNION =
      Descriptor.of(
          UnionSchema.class,
          Union.class,
          Shape.<Union>of("unions")
              .essential("name", "string", Union::name)
              .essential("state", "string", Union::state)
              .column("via", "string", Union::via)
              .column("at", "string", union -> union.at().path())
              .column("upper", "string|null", union -> union.upper().map(Folder::path).orElse(null))
              .column("lowers", "[string]", Union::lowers)
              .field("created", "time", Union::created)
              .field("problem", "string|null", union -> union.problem().orElse(null))
              .build());

  /** All of a host. */
  public static final Descriptor<Unions> UNIONS =
      Descriptor.of(UnionSchema.class, Unions.class, Rows.list(UNION, Unions::list));

  private UnionSchema() {}
}
