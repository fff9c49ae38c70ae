package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.choice;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.folder.Folder;
import dev.mica.folder.FolderSchema;
import dev.mica.folder.LayerSource;
import dev.mica.schema.Shape;
import dev.mica.scripting.words.Coercions;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import dev.mica.union.Union;
import dev.mica.union.UnionSchema;
import dev.mica.union.UnionSpec;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** {@code union …}. */
final class UnionCommands {
  private static final Parameter UNION = argument("UNION", Kind.UNION, "its name");
  private static final Parameter ALL = flag("--all", "every one");

  private UnionCommands() {}

  static List<Command> all() {
    return List.of(create(), ls(), show(), diff(), rm(), remount());
  }

  private static Command create() {
    return new Command(
        List.of("union", "create"),
        List.of(
            option("--lower", Kind.LAYER, "what lies below, topmost first")
                .mandatory()
                .repeatable(),
            option("--upper", Kind.PATH, "the folder that gets the changes"),
            option(
                "--work",
                Kind.PATH,
                "overlayfs's scratch directory; made beside the upper if not given"),
            option("--at", Kind.PATH, "where it is mounted").mandatory(),
            choice("--via", "which mounter serves it", List.of("auto", "kernel", "fuse", "guest")),
            option("--name", Kind.TEXT, "its name; the last component of --at if not given"),
            flag("--read-only", "there is no upper")),
        Role.OPERATOR,
        "mounts a union: changes go to the upper, and the lowers stay as they are",
        "mica union create --lower /srv/debian --upper /srv/work --at /mnt/u",
        "union { lower '/srv/a'; upper '/srv/b'; at '/mnt/u' }",
        UnionSchema.UNION.shape().json(),
        UnionCommands::create);
  }

  private static Result create(Invocation in) {
    if (in.has("--upper") == in.has("--read-only")) {
      throw in.wrong(
          in.has("--upper")
              ? "--upper and --read-only exclude each other"
              : "missing --upper or --read-only");
    }
    Coercions coercions = new Coercions(in.mica());
    List<LayerSource> lowers = in.all("--lower").stream().map(coercions::layer).toList();
    Folder upper = in.optional("--upper").map(in.mica()::folder).orElse(null);
    Folder work = in.optional("--work").map(in.mica()::folder).orElse(null);
    UnionSpec.Via via =
        UnionSpec.Via.valueOf(in.optional("--via").orElse("auto").toUpperCase(Locale.ROOT));
    UnionSpec spec =
        new UnionSpec(
            in.optional("--name").orElse(null),
            lowers,
            upper,
            work,
            in.mica().folder(in.value("--at")),
            via);
    return new Result.One<>(UnionSchema.UNION.shape(), in.mica().unions().create(spec));
  }

  private static Command ls() {
    return new Command(
        List.of("union", "ls"),
        List.of(),
        Role.VIEWER,
        "lists the unions of this host",
        "mica union ls -o json",
        "unions.list()",
        UnionSchema.UNION.shape().jsonList(),
        in -> {
          in.without(in.mica().unions().damaged());
          List<Union> unions = in.mica().unions().list();
          if (unions.isEmpty()) {
            in.say("no unions");
          }
          return new Result.Rows<>(UnionSchema.UNION.shape(), unions.stream());
        });
  }

  private static Command show() {
    return new Command(
        List.of("union", "show"),
        List.of(UNION),
        Role.VIEWER,
        "shows all facts of one union",
        "mica union show u",
        "union('u')",
        UnionSchema.UNION.shape().json(),
        in ->
            new Result.One<>(UnionSchema.UNION.shape(), in.mica().unions().get(in.value("UNION"))));
  }

  private static Command diff() {
    return new Command(
        List.of("union", "diff"),
        List.of(UNION, flag("--exit-code", "end with 1 if anything differs")),
        Role.VIEWER,
        "what the upper changes over the lowers, exactly",
        "mica union diff u",
        "union('u').diff()",
        FolderSchema.CHANGE.shape().jsonList(),
        in -> {
          if (in.has("--exit-code")) {
            in.rowsMeanFailure();
          }
          return HostCommands.changes(in.mica().unions().get(in.value("UNION")).diff());
        });
  }

  private static Command rm() {
    return new Command(
        List.of("union", "rm"),
        List.of(UNION.optional(), ALL),
        Role.OPERATOR,
        "unmounts and forgets unions; uppers and lowers stay as they are",
        "mica union rm u",
        "union('u').remove()",
        REMOVED.jsonList(),
        in -> removed(in.oneOrAll("UNION").map(name -> rm(in, name)).orElseGet(() -> rmAll(in))));
  }

  private static List<String> rm(Invocation in, String name) {
    in.mica().unions().get(name).remove();
    return List.of(name);
  }

  private static List<String> rmAll(Invocation in) {
    return in.mica().unions().removeAll();
  }

  private static Command remount() {
    return new Command(
        List.of("union", "remount"),
        List.of(UNION.optional(), ALL),
        Role.OPERATOR,
        "mounts unions again that are not mounted, or whose process has ended",
        "mica union remount --all",
        "union('u').remount()",
        UnionSchema.UNION.shape().jsonList(),
        in -> {
          Optional<String> name = in.oneOrAll("UNION");
          List<Union> unions =
              name.map(one -> List.of(in.mica().unions().get(one)))
                  .orElseGet(() -> in.mica().unions().list());
          return new Result.Rows<>(UnionSchema.UNION.shape(), unions.stream().map(Union::remount));
        });
  }

  /** The names of what is gone. */
  static final Shape<String> REMOVED =
      Shape.<String>of("removed").essential("name", "string", name -> name).build();

  static Result removed(List<String> names) {
    return new Result.Rows<>(REMOVED, names.stream());
  }
}
