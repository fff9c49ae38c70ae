package dev.mica.scripting.schema;

import dev.mica.commit.Commit;
import dev.mica.folder.Change;
import dev.mica.folder.Diff;
import dev.mica.folder.Entry;
import dev.mica.folder.Folder;
import dev.mica.helper.HelperVm;
import dev.mica.host.Check;
import dev.mica.host.Host;
import dev.mica.union.Union;
import dev.mica.vm.Console;
import dev.mica.vm.Machine;
import dev.mica.vm.share.Share;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The shapes of Mica's objects. */
public final class Shapes {
  /** A folder. */
  public static final Shape<Folder> FOLDER =
      Shape.<Folder>of("folders")
          .column("location", "string", Shapes::place)
          .column("name", "string", Folder::name)
          .column("local", "boolean", Folder::isLocal)
          .column("exists", "boolean", Folder::exists)
          .build();

  /** A union mount. */
  public static final Shape<Union> UNION =
      Shape.<Union>of("unions")
          .column("name", "string", Union::name)
          .column("state", "string", Union::state)
          .column("via", "string", Union::via)
          .column("at", "string", union -> union.at().path())
          .column("upper", "string|null", union -> union.upper().map(Folder::path).orElse(null))
          .column("lowers", "[string]", Union::lowers)
          .field("created", "time", Union::created)
          .field("problem", "string|null", union -> union.problem().orElse(null))
          .build();

  /** A commit. */
  public static final Shape<Commit> COMMIT = commit().build();

  /** A commit with what lists leave out. */
  public static final Shape<Commit> COMMIT_DETAIL =
      commit()
          .field("digest", "string|null", commit -> commit.recordedDigest().orElse(null))
          .field("unkeptFlags", "string|null", commit -> commit.unkeptFlags().orElse(null))
          .build();

  /** What the verification of a layer found. */
  public static final Shape<Commit.Verified> VERIFIED =
      Shape.<Commit.Verified>of("layers")
          .column("condition", "string", Commit.Verified::condition)
          .column("id", "string", Commit.Verified::id)
          .column("refs", "[string]", Commit.Verified::refs)
          .column("detail", "string", Commit.Verified::detail)
          .field("recorded", "string|null", Commit.Verified::recorded)
          .field("found", "string|null", Commit.Verified::found)
          .build();

  /** A line of a diff. */
  public static final Shape<Change> CHANGE =
      Shape.<Change>of("changes")
          .column("kind", "string", Change::kind)
          .column("what", "[string]", Change::what)
          .column("size", "number", change -> Math.max(change.sizeBefore(), change.sizeAfter()))
          .column("path", "string", Change::path)
          .field("before", "string|null", Change::before)
          .field("after", "string|null", Change::after)
          .field("sizeBefore", "number", Change::sizeBefore)
          .field("sizeAfter", "number", Change::sizeAfter)
          .build();

  /** What is in a folder. */
  public static final Shape<Entry> ENTRY =
      Shape.<Entry>of("entries")
          .column("type", "string", Entry::type)
          .column("mode", "string", entry -> octal(entry.mode()))
          .column("size", "number", Entry::size)
          .column("modified", "time", Entry::modified)
          .column("path", "string", Entry::path)
          .build();

  /** A line of {@code mica doctor}. */
  public static final Shape<Check> CHECK =
      Shape.<Check>of("checks")
          .column("status", "string", Check::status)
          .column("name", "string", Check::name)
          .column("detail", "string", Check::detail)
          .column("fix", "string|null", Check::fix)
          .build();

  /** The machine. */
  public static final Shape<Host> HOST =
      Shape.<Host>of("hosts")
          .column("name", "string", Host::name)
          .column("kernel", "string", Host::kernel)
          .column("cpus", "number", Host::cpus)
          .column("memory", "number", Host::memory)
          .build();

  /** A folder that the helper VM has. */
  public static final Shape<Share> SHARE =
      Shape.<Share>of("shares")
          .column("tag", "string", Share::tag)
          .column("readOnly", "boolean", Share::readOnly)
          .column("pid", "number", Share::pid)
          .column("folder", "string", Share::folder)
          .build();

  /** What the helper VM is made of. */
  public static final Shape<Machine.Part> PART =
      Shape.<Machine.Part>of("parts")
          .column("name", "string", Machine.Part::name)
          .column("works", "boolean", Machine.Part::works)
          .column("fatal", "boolean", Machine.Part::fatal)
          .column("found", "string", Machine.Part::found)
          .column("fix", "string", Machine.Part::fix)
          .build();

  /** The helper VM. */
  public static final Shape<HelperVm> HELPER =
      Shape.<HelperVm>of("helpers")
          .column("state", "string", HelperVm::state)
          .column("accel", "string", HelperVm::accel)
          .column("memory", "number", HelperVm::memory)
          .column("unions", "[string]", HelperVm::unions)
          .column(
              "shares", "[string]", helper -> helper.shares().stream().map(Shapes::share).toList())
          .field("kernel", "string", HelperVm::kernel)
          .field("pid", "number", HelperVm::pid)
          .field("started", "time|null", helper -> helper.started().orElse(null))
          .field("log", "string", helper -> helper.log().location())
          .build();

  /** The console of the helper VM: what it says. */
  public static final Shape<Console> CONSOLE =
      Shape.<Console>of("consoles").column("console", "string", Console::recent).build();

  private static String share(Share share) {
    return share.folder() + (share.readOnly() ? ":ro" : "");
  }

  /** Counts of a diff. */
  public static final Shape<Diff.Summary> SUMMARY =
      Shape.<Diff.Summary>of("summaries")
          .column("added", "number", Diff.Summary::added)
          .column("modified", "number", Diff.Summary::modified)
          .column("deleted", "number", Diff.Summary::deleted)
          .build();

  private static final List<Typed<?>> ALL =
      List.of(
          new Typed<>(Folder.class, FOLDER),
          new Typed<>(Union.class, UNION),
          new Typed<>(Commit.class, COMMIT),
          new Typed<>(Commit.Verified.class, VERIFIED),
          new Typed<>(Change.class, CHANGE),
          new Typed<>(Entry.class, ENTRY),
          new Typed<>(Check.class, CHECK),
          new Typed<>(Host.class, HOST),
          new Typed<>(HelperVm.class, HELPER),
          new Typed<>(Console.class, CONSOLE),
          new Typed<>(Share.class, SHARE),
          new Typed<>(Machine.Part.class, PART),
          new Typed<>(Diff.Summary.class, SUMMARY));

  private Shapes() {}

  /** The shape that fits {@code value}; null if it is none of Mica's objects. */
  @SuppressWarnings("unchecked") // the entry was chosen by the value's type
  public static <T> @Nullable Shape<T> of(T value) {
    for (Typed<?> typed : ALL) {
      if (typed.type.isInstance(value)) {
        return (Shape<T>) typed.shape;
      }
    }
    return null;
  }

  /** The shape of a type; null if it is none of Mica's. */
  public static @Nullable Shape<?> ofType(Class<?> type) {
    for (Typed<?> typed : ALL) {
      if (typed.type.isAssignableFrom(type)) {
        return typed.shape;
      }
    }
    return null;
  }

  private record Typed<T>(Class<T> type, Shape<T> shape) {}

  private static Shape.Builder<Commit> commit() {
    return Shape.<Commit>of("commits")
        .column("id", "string", Commit::id)
        .column("refs", "[string]", Commit::refs)
        .column("created", "time", Commit::created)
        .column("parent", "string|null", commit -> commit.parent().map(Commit::id).orElse(null))
        .column("method", "string", Commit::method)
        .column("message", "string", Commit::message)
        .field("origin", "string", Commit::origin)
        .field("layer", "string", Commit::layer)
        .field("base", "[string]", Commit::base);
  }

  /** As a path where it is one: its bytes may be no text. */
  private static Object place(Folder folder) {
    return folder.isLocal() ? folder.path() : folder.location();
  }

  private static @Nullable String octal(int mode) {
    return mode < 0 ? null : String.format("%04o", mode);
  }
}
