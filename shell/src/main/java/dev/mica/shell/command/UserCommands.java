package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.choice;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import dev.mica.user.User;
import dev.mica.user.UserSchema;
import dev.mica.user.Users;
import java.util.List;
import java.util.Optional;

/** {@code user …}: who may log in over SSH. */
final class UserCommands {
  private UserCommands() {}

  static List<Command> all() {
    return List.of(add(), ls(), rm());
  }

  private static Command add() {
    return new Command(
        List.of("user", "add"),
        List.of(
            argument("NAME", Kind.TEXT, "what the user logs in as"),
            choice("--role", "what the user may do", Role.words()).mandatory(),
            option("--key", Kind.PATH, "a file of public keys in OpenSSH's format").mandatory(),
            option("--root", Kind.PATH, "a folder of this host that a viewer or operator may use")
                .repeatable(),
            flag("--record", "record what the user's terminals show")),
        Role.ADMIN,
        "adds a user, who may then log in over SSH",
        "mica user add ann --role operator --key ann.pub --root /srv",
        "users.add('ann', role: 'operator', key: 'ann.pub', root: '/srv')",
        UserSchema.USER.shape().json(),
        in ->
            new Result.One<>(
                UserSchema.USER.shape(),
                in.mica()
                    .users()
                    .add(
                        in.value("NAME"),
                        Role.of(in.value("--role")),
                        in.value("--key"),
                        in.all("--root"),
                        in.has("--record"))));
  }

  private static Command ls() {
    return new Command(
        List.of("user", "ls"),
        List.of(),
        Role.ADMIN,
        "lists the users, with the fingerprints of their keys",
        "mica user ls",
        "users.list()",
        UserSchema.USER.shape().jsonList(),
        in -> {
          in.without(in.mica().users().damaged());
          List<User> users = in.mica().users().list();
          if (users.isEmpty()) {
            in.say("no users");
          }
          return new Result.Rows<>(UserSchema.USER.shape(), users.stream());
        });
  }

  private static Command rm() {
    return new Command(
        List.of("user", "rm"),
        List.of(
            argument("USER", Kind.USER, "the name of one").optional(), flag("--all", "every one")),
        Role.ADMIN,
        "removes users, who cannot log in any more; sessions that are open go on",
        "mica user rm ann",
        "users['ann'].remove()",
        UnionCommands.REMOVED.jsonList(),
        in -> {
          Optional<String> name = in.oneOrAll("USER");
          return UnionCommands.removed(
              name.map(one -> rm(in.mica().users(), one)).orElseGet(in.mica().users()::removeAll));
        });
  }

  private static List<String> rm(Users users, String name) {
    users.remove(name);
    return List.of(name);
  }
}
