package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.choice;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.CommitSchema;
import dev.mica.commit.Commits;
import dev.mica.commit.Exchange;
import dev.mica.folder.LayerSource;
import dev.mica.scripting.words.Coercions;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * {@code commit pull} and {@code commit push}: images in registries, and commits of other Micas;
 * {@code commit send} and {@code commit receive} are what these run on the other Mica.
 */
final class RegistryCommands {
  private RegistryCommands() {}

  static List<Command> all() {
    return List.of(pull(), push(), send(), receive());
  }

  private static Command pull() {
    return new Command(
        List.of("commit", "pull"),
        List.of(
            argument(
                "REF", Kind.TEXT, "HOST/NAME:TAG, debian:12 of Docker Hub, or ssh://HOST/NAME:TAG"),
            argument("NAME:TAG", Kind.TEXT, "the name of the commit; as in REF if not given")
                .optional(),
            option("--platform", Kind.TEXT, "OS/ARCHITECTURE; this host's if not given")),
        Role.OPERATOR,
        "makes a commit of an image of a registry, or of a commit of another Mica",
        "mica commit pull localhost:5000/web:v2",
        "commits.pull('localhost:5000/web:v2')",
        CommitSchema.COMMIT.shape().json(),
        in ->
            new Result.One<>(
                CommitSchema.COMMIT.shape(),
                pulled(in, in.value("REF"), in.optional("NAME:TAG"), in.optional("--platform"))));
  }

  private static Commit pulled(
      Invocation in, String reference, Optional<String> as, Optional<String> platform) {
    Commits.Loaded loaded = in.mica().commits().pull(reference, as, platform);
    loaded.remarks().forEach(in::say);
    return loaded.commits().getFirst();
  }

  private static Command push() {
    return new Command(
        List.of("commit", "push"),
        List.of(
            argument("COMMIT", Kind.COMMIT, "its NAME:TAG or id"),
            argument(
                "REF", Kind.TEXT, "where to: HOST/NAME:TAG, or ssh://[USER@]HOST[:PORT]/NAME:TAG"),
            choice(
                "--compression",
                "of layers made by Mica; gzip if not given",
                List.of("gzip", "zstd", "none"))),
        Role.OPERATOR,
        "sends a commit to a registry or to another Mica, with all layers that it stands on",
        "mica commit push web:v3 localhost:5000/web:v3",
        "commit('web:v2').push('localhost:5000/web:v2')",
        CommitSchema.PUSHED.shape().json(),
        in -> {
          Exchange.Pushed pushed =
              in.mica()
                  .commits()
                  .get(in.value("COMMIT"))
                  .push(in.value("REF"), in.optional("--compression").orElse("gzip"));
          pushed.remarks().forEach(in::say);
          return new Result.One<>(CommitSchema.PUSHED.shape(), pushed);
        });
  }

  private static Command send() {
    return new Command(
        List.of("commit", "send"),
        List.of(argument("COMMIT", Kind.COMMIT, "its NAME:TAG or id")),
        Role.VIEWER,
        "what commit pull ssh:// runs on the other Mica; people do not need it",
        "mica commit send web:v2",
        "commits.send('web:v2', input, output)",
        "",
        in -> {
          in.mica()
              .commits()
              .send(in.value("COMMIT"), input(in), in.conversation().out())
              .forEach(in::say);
          return new Result.Done(0);
        });
  }

  private static Command receive() {
    return new Command(
        List.of("commit", "receive"),
        List.of(argument("NAME:TAG", Kind.TEXT, "the name of the commit")),
        Role.OPERATOR,
        "what commit push ssh:// runs on the other Mica; people do not need it",
        "mica commit receive web:v2",
        "commits.receive('web:v2', input, output)",
        "",
        in -> {
          in.mica()
              .commits()
              .receive(in.value("NAME:TAG"), input(in), in.conversation().out())
              .remarks()
              .forEach(in::say);
          return new Result.Done(0);
        });
  }

  private static InputStream input(Invocation in) {
    if (in.hasTerminal()) {
      throw in.wrong("another Mica runs it, and not somebody at a terminal: see mica commit push");
    }
    return in.conversation().input("talk to another Mica over");
  }

  /**
   * What a VM is to be made from: a folder or a commit, or else an image of a registry, which is
   * pulled and said so. An image that was pulled before is taken as it is here.
   */
  static LayerSource from(Invocation in, String text) {
    Coercions coercions = new Coercions(in.mica());
    return coercions.pulled(coercions.start(text), in::say);
  }
}
