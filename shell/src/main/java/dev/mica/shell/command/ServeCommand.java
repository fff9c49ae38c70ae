package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.choice;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.util.List;
import java.util.stream.Collectors;

/** {@code serve}: the process that users come to over SSH. */
final class ServeCommand {
  private static final String LISTEN = "127.0.0.1:2222";

  private ServeCommand() {}

  static List<Command> all() {
    return List.of(
        new Command(
            List.of("serve"),
            List.of(
                option("--listen", Kind.TEXT, "where: ADDRESS:PORT; " + LISTEN + " if not given"),
                flag("--compat", "also for clients without a post-quantum key exchange"),
                choice("--record", "record the terminals of users with this role", Role.words())
                    .repeatable()),
            Role.ADMIN,
            "lets users in over SSH, until it is ended",
            "mica serve --listen " + LISTEN,
            "",
            "",
            in ->
                new Result.Done(
                    in.conversation()
                        .serve(
                            in.optional("--listen").orElse(LISTEN),
                            in.has("--compat"),
                            in.all("--record").stream()
                                .map(Role::of)
                                .collect(Collectors.toSet())))));
  }
}
