package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.folder.Diff;
import dev.mica.folder.FolderSchema;
import dev.mica.host.HostSchema;
import dev.mica.scripting.words.Coercions;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.util.List;

/** {@code doctor} and {@code diff}. */
final class HostCommands {
  private HostCommands() {}

  static List<Command> all() {
    return List.of(
        new Command(
            List.of("doctor"),
            List.of(
                option("--settle", Kind.TEXT, "end what was cut short, by its id; then check"),
                flag("--keep", "with --settle: what it had made stays"),
                flag("--discard", "with --settle: it is taken back")),
            Role.VIEWER,
            "what works on this host, what does not, and the command that repairs it",
            "mica doctor",
            "doctor()",
            HostSchema.CHECK.shape().jsonList(),
            HostCommands::doctor),
        new Command(
            List.of("diff"),
            List.of(
                argument("A", Kind.LAYER, "the first folder or commit"),
                argument("B", Kind.LAYER, "the second"),
                flag("--exact", "also compare contents if size and time agree"),
                flag("--exit-code", "end with 1 if anything differs")),
            Role.VIEWER,
            "what turns the first folder or commit into the second",
            "mica diff /srv/a /srv/b",
            "diff('/srv/a', '/srv/b')",
            FolderSchema.CHANGE.shape().jsonList(),
            HostCommands::diff));
  }

  private static Result doctor(Invocation in) {
    if (in.has("--settle")
        ? in.has("--keep") == in.has("--discard")
        : in.has("--keep") || in.has("--discard")) {
      throw in.wrong("give --settle ID with either --keep or --discard");
    }
    in.optional("--settle").ifPresent(id -> in.mica().host().settle(id, in.has("--keep")));
    return new Result.Rows<>(HostSchema.CHECK.shape(), in.mica().host().checks().stream());
  }

  private static Result diff(Invocation in) {
    if (in.has("--exit-code")) {
      in.rowsMeanFailure();
    }
    return changes(new Coercions(in.mica()).diff(in.value("A"), in.value("B"), in.has("--exact")));
  }

  static Result changes(Diff diff) {
    return new Result.Rows<>(FolderSchema.CHANGE.shape(), diff.stream());
  }
}
