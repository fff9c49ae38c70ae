package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.audit.Audit;
import dev.mica.audit.AuditLine;
import dev.mica.audit.AuditSchema;
import dev.mica.audit.AuditVerified;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** {@code audit …}: who has changed what, and who has tried to log in. */
final class AuditCommands {
  private AuditCommands() {}

  static List<Command> all() {
    return List.of(ls(), verify());
  }

  private static Command ls() {
    return new Command(
        List.of("audit", "ls"),
        List.of(
            option("--user", Kind.USER, "of this user alone"),
            option("--since", Kind.TEXT, "since then: 10m, 2h, or a time or a date")),
        Role.ADMIN,
        "lists who has changed what and who has tried to log in, the newest last",
        "mica audit ls --user ann --since 2h",
        "audit.list().findAll { it.user == 'ann' }",
        AuditSchema.LINE.shape().jsonList(),
        AuditCommands::list);
  }

  private static Result list(Invocation in) {
    Optional<String> user = in.optional("--user");
    Optional<Instant> since = in.optional("--since").map(text -> VmLogs.since(in, text));
    Audit audit = in.mica().audit();
    in.without(audit.damaged());
    List<AuditLine> lines =
        audit.list().stream()
            .filter(line -> user.isEmpty() || user.get().equals(line.user()))
            .filter(line -> since.isEmpty() || !line.time().isBefore(since.get()))
            .toList();
    if (lines.isEmpty()) {
      in.say("no lines");
    }
    return new Result.Rows<>(AuditSchema.LINE.shape(), lines.stream());
  }

  private static Command verify() {
    return new Command(
        List.of("audit", "verify"),
        List.of(
            option(
                "--expect", Kind.TEXT, "a hash that was printed before and must still be there")),
        Role.ADMIN,
        "checks that no line of the audit was changed or removed; exit status 1 if one was",
        "mica audit verify",
        "audit.verify()",
        AuditSchema.VERIFIED.shape().json(),
        in -> {
          Audit audit = in.mica().audit();
          AuditVerified verified =
              in.optional("--expect").map(audit::verify).orElseGet(audit::verify);
          if (!verified.intact()) {
            in.foundWrong();
          }
          return new Result.One<>(AuditSchema.VERIFIED.shape(), verified);
        });
  }
}
