package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.session.Recording;
import dev.mica.session.Session;
import dev.mica.session.SessionSchema;
import dev.mica.session.Sessions;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.util.List;
import java.util.Optional;

/** {@code session …}: the users of the SSH server who are there now. */
final class SessionCommands {
  private static final Parameter ID =
      argument("ID", Kind.SESSION, "its number, as session ls has it");

  private SessionCommands() {}

  static List<Command> all() {
    return List.of(ls(), show(), watch(), attach(), share(), message(), kill(), recordings());
  }

  private static Command ls() {
    return new Command(
        List.of("session", "ls"),
        List.of(),
        Role.VIEWER,
        "lists the sessions of the SSH server: yours, or all for an admin",
        "mica session ls",
        "sessions.list()",
        SessionSchema.SESSION.shape().jsonList(),
        in -> {
          List<Session> sessions = in.mica().sessions().list();
          if (sessions.isEmpty()) {
            in.say("no sessions");
          }
          return new Result.Rows<>(SessionSchema.SESSION.shape(), sessions.stream());
        });
  }

  private static Command show() {
    return new Command(
        List.of("session", "show"),
        List.of(ID),
        Role.VIEWER,
        "shows one session",
        "mica session show 3",
        "sessions['3']",
        SessionSchema.SESSION.shape().json(),
        in -> new Result.One<>(SessionSchema.SESSION.shape(), session(in)));
  }

  private static Session session(Invocation in) {
    return in.mica().sessions().get(in.value("ID"));
  }

  private static Command watch() {
    return new Command(
        List.of("session", "watch"),
        List.of(ID),
        Role.VIEWER,
        "shows what the terminal of a session shows, until Ctrl-], Ctrl-C or q",
        "mica session watch 3",
        "sessions['3'].watch()",
        "",
        in -> Result.Attached.to(session(in).watch()));
  }

  private static Command attach() {
    return new Command(
        List.of("session", "attach"),
        List.of(
            argument("ID", Kind.SESSION, "its number; otherwise your last that has ended")
                .optional()),
        Role.VIEWER,
        "shows what the jobs of a session of yours print, until they have ended",
        "mica session attach 3",
        "jobs.ofSession('3')*.log()",
        "",
        SessionAttach::run);
  }

  private static Command share() {
    return new Command(
        List.of("session", "share"),
        List.of(ID, flag("--off", "only its own user and admins may watch it again")),
        Role.VIEWER,
        "lets every user of the server watch a session",
        "mica session share 3",
        "sessions['3'].share(true)",
        SessionSchema.SESSION.shape().json(),
        in -> {
          Session session = session(in);
          session.share(!in.has("--off"));
          return new Result.One<>(SessionSchema.SESSION.shape(), session);
        });
  }

  private static Command recordings() {
    return new Command(
        List.of("session", "recordings"),
        List.of(),
        Role.ADMIN,
        "lists the recordings of sessions, which asciinema plays",
        "mica session recordings",
        "sessions.recordings()",
        SessionSchema.RECORDING.shape().jsonList(),
        in -> {
          List<Recording> all = in.mica().sessions().recordings();
          if (all.isEmpty()) {
            in.say("no recordings");
          }
          return new Result.Rows<>(SessionSchema.RECORDING.shape(), all.stream());
        });
  }

  private static Command message() {
    return new Command(
        List.of("session", "message"),
        List.of(
            argument("TEXT", Kind.TEXT, "the message, as one word"),
            option("--to", Kind.SESSION, "the number of the session that it is for"),
            flag("--all", "it is for all sessions")),
        Role.ADMIN,
        "shows a message to users of the SSH server, who go on typing",
        "mica session message 'the lab ends at five' --to 3",
        "sessions['3'].message('the lab ends at five')",
        SessionSchema.SESSION.shape().jsonList(),
        in ->
            new Result.Rows<>(
                SessionSchema.SESSION.shape(),
                told(in.mica().sessions(), in.oneOrAll("--to"), in.value("TEXT")).stream()));
  }

  private static List<Session> told(Sessions sessions, Optional<String> id, String text) {
    if (id.isEmpty()) {
      return sessions.message(text);
    }
    Session one = sessions.get(id.get());
    one.message(text);
    return List.of(one);
  }

  private static Command kill() {
    return new Command(
        List.of("session", "kill"),
        List.of(ID),
        Role.VIEWER,
        "ends a session and what runs in it; its VMs and mounts go on",
        "mica session kill 3",
        "sessions['3'].kill()",
        UnionCommands.REMOVED.jsonList(),
        in -> {
          Session session = session(in);
          session.kill();
          return UnionCommands.removed(List.of(session.id()));
        });
  }
}
