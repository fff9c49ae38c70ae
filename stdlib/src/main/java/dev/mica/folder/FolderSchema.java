package dev.mica.folder;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Scalar;
import dev.mica.schema.Shape;
import org.jspecify.annotations.Nullable;

/** Folders, what is in them, and how they differ. */
public final class FolderSchema {
  /** A folder. */
  public static final Descriptor<Folder> FOLDER =
      Descriptor.of(
          FolderSchema.class,
          Folder.class,
          Shape.<Folder>of("folders")
              .column("location", "string", FolderSchema::place)
              .essential("name", "string", Folder::name)
              .column("local", "boolean", Folder::isLocal)
              .column("exists", "boolean", Folder::exists)
              .build(Shape.Alone.TEXT));

  /** What is in a folder. */
  public static final Descriptor<Entry> ENTRY =
      Descriptor.of(
          FolderSchema.class,
          Entry.class,
          Shape.<Entry>of("entries")
              .essential("type", "string", Entry::type)
              .column("mode", "string", entry -> octal(entry.mode()))
              .column("size", "number", Entry::size)
              .column("modified", "time", Entry::modified)
              .essential("path", "string", Entry::path)
              .build(Shape.Alone.ROW));

  /** A name. */
  public static final Descriptor<Name> NAME =
      Descriptor.of(FolderSchema.class, Name.class, new Scalar<>("string"));

  /** A line of a diff. */
  public static final Descriptor<Change> CHANGE =
      Descriptor.of(
          FolderSchema.class,
          Change.class,
          Shape.<Change>of("changes")
              .essential("kind", "string", Change::kind)
              .column("what", "[string]", Change::what)
              .column("size", "number", change -> Math.max(change.sizeBefore(), change.sizeAfter()))
              .essential("path", "string", Change::path)
              .field("before", "string|null", Change::before)
              .field("after", "string|null", Change::after)
              .field("sizeBefore", "number", Change::sizeBefore)
              .field("sizeAfter", "number", Change::sizeAfter)
              .build(Shape.Alone.ROW));

  /** A diff, which is its lines. */
  public static final Descriptor<Diff> DIFF =
      Descriptor.of(FolderSchema.class, Diff.class, Rows.stream(CHANGE, Diff::stream));

  /** Counts of a diff. */
  public static final Descriptor<Diff.Summary> SUMMARY =
      Descriptor.of(
          FolderSchema.class,
          Diff.Summary.class,
          Shape.<Diff.Summary>of("summaries")
              .column("added", "number", Diff.Summary::added)
              .column("modified", "number", Diff.Summary::modified)
              .column("deleted", "number", Diff.Summary::deleted)
              .build());

  private FolderSchema() {}

  /** As a path where it is one: its bytes may be no text. */
  private static Object place(Folder folder) {
    return folder.isLocal() ? folder.path() : folder.location();
  }

  private static @Nullable String octal(int mode) {
    return mode < 0 ? null : String.format("%04o", mode);
  }
}
