package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.CommitSchema;
import dev.mica.commit.Commits;
import dev.mica.container.CommitSpec;
import dev.mica.failure.MicaException;
import dev.mica.folder.FolderSchema;
import dev.mica.schema.Shape;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import dev.mica.union.UnionSchema;
import java.util.List;
import java.util.Locale;

/** {@code commit …}. */
final class CommitCommands {
  private static final Parameter COMMIT = argument("COMMIT", Kind.COMMIT, "its NAME:TAG or id");

  private CommitCommands() {}

  static List<Command> all() {
    return List.of(
        create(), ls(), show(), diff(), log(), graph(), tag(), rm(), mount(), verify(), gc());
  }

  private static Command create() {
    return new Command(
        List.of("commit", "create"),
        List.of(
            argument("NAME:TAG", Kind.TEXT, "the name of the commit"),
            option("--union", Kind.UNION, "the union whose changes are kept"),
            option("--vm", Kind.VM, "the VM whose changes are kept; its program goes on"),
            option("-m --message", Kind.TEXT, "a message that describes it"),
            flag("--squash", "one layer that has the whole tree, and stands on nothing"),
            option("--before", Kind.TEXT, "with --vm: a command to run in it first, by /bin/sh"),
            option("--after", Kind.TEXT, "with --vm: one to run once it goes on"),
            option(
                    "--change",
                    Kind.TEXT,
                    "with --vm: how it runs, as a line of a Dockerfile: 'ENV LANG=C'")
                .repeatable()),
        Role.OPERATOR,
        "keeps what a union or a VM has changed as a layer of its own",
        "mica commit create web:v2 --union u -m 'nginx in'",
        "union('u').commit('web:v2')",
        CommitSchema.COMMIT.shape().json(),
        in -> {
          Commit commit = create(in);
          commit
              .unkeptFlags()
              .ifPresent(
                  flags -> in.say("the commit is a copy, and does not keep the flags " + flags));
          Shape<Commit> shape = CommitSchema.COMMIT.shape();
          return new Result.One<>(in.has("--vm") ? shape.detailed() : shape, commit);
        });
  }

  private static Commit create(Invocation in) {
    String ref = in.value("NAME:TAG");
    String message = in.optional("--message").orElse("");
    if (in.has("--union") == in.has("--vm")) {
      throw MicaException.usage("commit", ref, "it needs one of --union and --vm")
          .hint("name what it is made of, as in mica commit create " + ref + " --vm NAME");
    }
    if (in.has("--vm")) {
      String before = in.optional("--before").orElse("");
      String after = in.optional("--after").orElse("");
      Commit commit =
          in.mica()
              .vms()
              .get(in.value("--vm"))
              .commit(
                  new CommitSpec(
                      ref, message, before, after, in.all("--change"), in.has("--squash")));
      in.say("the container stood still for " + heldMs(commit) + " ms");
      return commit;
    }
    if (in.has("--before") || in.has("--after") || !in.all("--change").isEmpty()) {
      throw MicaException.usage("commit", ref, "--before, --after and --change are for VMs");
    }
    return in.mica()
        .commits()
        .create(in.mica().unions().get(in.value("--union")), ref, message, in.has("--squash"));
  }

  private static String heldMs(Commit commit) {
    return String.format(Locale.ROOT, "%.1f", commit.held().toNanos() / 1e6);
  }

  private static Command ls() {
    return new Command(
        List.of("commit", "ls"),
        List.of(),
        Role.VIEWER,
        "lists the commits, the newest first",
        "mica commit ls",
        "commits.list()",
        CommitSchema.COMMIT.shape().jsonList(),
        in -> {
          in.without(in.mica().commits().damaged());
          return rows(in, in.mica().commits().list());
        });
  }

  private static Result rows(Invocation in, List<Commit> commits) {
    if (commits.isEmpty()) {
      in.say("no commits");
    }
    return new Result.Rows<>(CommitSchema.COMMIT.shape(), commits.stream());
  }

  private static Command show() {
    return new Command(
        List.of("commit", "show"),
        List.of(COMMIT),
        Role.VIEWER,
        "shows all facts of one commit, its digest too",
        "mica commit show web:v2",
        "commit('web:v2')",
        CommitSchema.COMMIT.shape().detailed().json(),
        in -> {
          Commit commit = commit(in);
          if (commit.recordedDigest().isEmpty()) {
            in.say("the digest is not recorded yet; 'mica commit verify' does it now");
          }
          return new Result.One<>(CommitSchema.COMMIT.shape().detailed(), commit);
        });
  }

  private static Command diff() {
    return new Command(
        List.of("commit", "diff"),
        List.of(
            COMMIT,
            argument("OTHER", Kind.COMMIT, "compare with this one").optional(),
            flag("--exit-code", "end with 1 if anything differs")),
        Role.VIEWER,
        "what a commit's layer changes, or what turns its tree into another commit's",
        "mica commit diff web:v1 web:v2",
        "diff('web:v1', 'web:v2')",
        FolderSchema.CHANGE.shape().jsonList(),
        in -> {
          Commits commits = in.mica().commits();
          Commit commit = commit(in);
          if (in.has("--exit-code")) {
            in.rowsMeanFailure();
          }
          return HostCommands.changes(
              in.optional("OTHER")
                  .map(other -> commit.diff(commits.get(other)))
                  .orElseGet(commit::diff));
        });
  }

  private static Command log() {
    return new Command(
        List.of("commit", "log"),
        List.of(COMMIT),
        Role.VIEWER,
        "lists a commit, its parent, and so on",
        "mica commit log web:v2",
        "commits.log('web:v2')",
        CommitSchema.COMMIT.shape().jsonList(),
        in -> rows(in, in.mica().commits().log(in.value("COMMIT"))));
  }

  private static Command graph() {
    return new Command(
        List.of("commit", "graph"),
        List.of(),
        Role.VIEWER,
        "draws the commits, the newest on top",
        "mica commit graph",
        "commits.graph()",
        CommitSchema.COMMIT.shape().jsonList(),
        in -> {
          Commits commits = in.mica().commits();
          in.without(commits.damaged());
          return new Result.Drawing<>(
              CommitSchema.COMMIT.shape(), commits.list().stream(), commits::graph);
        });
  }

  private static Command tag() {
    return new Command(
        List.of("commit", "tag"),
        List.of(COMMIT, argument("NAME:TAG", Kind.TEXT, "its further name")),
        Role.OPERATOR,
        "gives a commit one more name; another commit that has the name loses it",
        "mica commit tag web:v2 web:stable",
        "commit('web:v2').tag('web:stable')",
        CommitSchema.COMMIT.shape().json(),
        in -> new Result.One<>(CommitSchema.COMMIT.shape(), commit(in).tag(in.value("NAME:TAG"))));
  }

  private static Command rm() {
    return new Command(
        List.of("commit", "rm"),
        List.of(COMMIT.optional(), flag("--all", "every one")),
        Role.OPERATOR,
        "removes a commit that nothing stands on, or one of its names if it has several",
        "mica commit rm web:v1",
        "commits.remove('web:v1')",
        UnionCommands.REMOVED.jsonList(),
        in ->
            UnionCommands.removed(
                in.oneOrAll("COMMIT").map(ref -> rm(in, ref)).orElseGet(() -> rmAll(in))));
  }

  private static List<String> rm(Invocation in, String ref) {
    in.mica().commits().remove(ref);
    return List.of(ref);
  }

  private static List<String> rmAll(Invocation in) {
    List<String> ids = in.mica().commits().list().stream().map(Commit::id).toList();
    in.mica().commits().removeAll();
    return ids;
  }

  private static Command mount() {
    return new Command(
        List.of("commit", "mount"),
        List.of(COMMIT, option("--at", Kind.PATH, "where it is mounted").mandatory()),
        Role.OPERATOR,
        "mounts a commit's tree read-only, as a union of its own",
        "mica commit mount web:v1 --at /mnt/v1",
        "commit('web:v2').mount(folder('/mnt/v2'))",
        UnionSchema.UNION.shape().json(),
        in -> new Result.One<>(UnionSchema.UNION.shape(), commit(in).mount(in.value("--at"))));
  }

  private static Command verify() {
    return new Command(
        List.of("commit", "verify"),
        List.of(COMMIT.optional().repeatable(), flag("--all", "every one")),
        Role.VIEWER,
        "whether commits, and those they stand on, are still what was committed; ends with 1 if not",
        "mica commit verify web:v2",
        "commit('web:v2').verify()",
        CommitSchema.VERIFIED.shape().jsonList(),
        in -> {
          List<Commit.Verified> found =
              in.oneOrAll("COMMIT").isPresent() ? verify(in) : in.mica().commits().verify();
          if (found.isEmpty()) {
            in.say("no commits");
          }
          if (found.stream().anyMatch(Commit.Verified::isBad)) {
            in.foundWrong();
          }
          return new Result.Rows<>(CommitSchema.VERIFIED.shape(), found.stream());
        });
  }

  /** Each layer once, even if several commits stand on it. */
  private static List<Commit.Verified> verify(Invocation in) {
    return in.mica().commits().verify(in.all("COMMIT"));
  }

  private static Command gc() {
    return new Command(
        List.of("commit", "gc"),
        List.of(),
        Role.OPERATOR,
        "removes what belongs to no commit any more",
        "mica commit gc",
        "commits.gc()",
        UnionCommands.REMOVED.jsonList(),
        in -> {
          List<String> removed = in.mica().commits().gc();
          if (removed.isEmpty()) {
            in.say("nothing to remove");
          }
          return UnionCommands.removed(removed);
        });
  }

  private static Commit commit(Invocation in) {
    return in.mica().commits().get(in.value("COMMIT"));
  }
}
