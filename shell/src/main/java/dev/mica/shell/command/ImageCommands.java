package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.choice;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.CommitSchema;
import dev.mica.commit.Commits;
import dev.mica.commit.Exchange;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.util.List;
import java.util.Optional;

/** {@code commit load}, {@code commit save} and {@code commit import}: images in files. */
final class ImageCommands {
  private static final String STREAM = "-";

  private ImageCommands() {}

  static List<Command> all() {
    return List.of(load(), save(), importFolder());
  }

  private static Command load() {
    return new Command(
        List.of("commit", "load"),
        List.of(
            argument(
                "FILE",
                Kind.PATH,
                "an OCI or Docker archive, an OCI layout's directory, or - for an archive that is"
                    + " read"),
            option("--as", Kind.TEXT, "NAME:TAG; what the image calls itself if not given"),
            option("--platform", Kind.TEXT, "OS/ARCHITECTURE; this host's if not given")),
        Role.OPERATOR,
        "makes commits of the images in an archive or a layout",
        "mica commit load debian.tar --as debian:12",
        "commits.load('debian.tar')",
        CommitSchema.COMMIT.shape().jsonList(),
        in -> loaded(in, load(in)));
  }

  private static Commits.Loaded load(Invocation in) {
    Commits commits = in.mica().commits();
    Optional<String> as = in.optional("--as");
    Optional<String> platform = in.optional("--platform");
    if (!in.value("FILE").equals(STREAM)) {
      return commits.load(in.value("FILE"), as, platform);
    }
    requirePipe(in, "ssh web1 mica commit save web:v2 - | mica commit load -");
    return commits.load(in.conversation().input("load an archive from"), as, platform);
  }

  /** Nobody types an archive, or reads one. */
  private static void requirePipe(Invocation in, String example) {
    if (in.hasTerminal()) {
      throw in.wrong("an archive is not for a terminal; for example: " + example);
    }
  }

  private static Result loaded(Invocation in, Commits.Loaded loaded) {
    loaded.remarks().forEach(in::say);
    return new Result.Rows<>(CommitSchema.COMMIT.shape(), loaded.commits().stream());
  }

  private static Command importFolder() {
    return new Command(
        List.of("commit", "import"),
        List.of(
            argument("FROM", Kind.PATH, "a folder, or a tar of one, plain or compressed"),
            argument("NAME:TAG", Kind.TEXT, "the name of the commit"),
            option("-m --message", Kind.TEXT, "a message that describes it"),
            option("-c --change", Kind.TEXT, "of its configuration, as 'ENV LANG=C' or 'CMD sh'")
                .repeatable()),
        Role.OPERATOR,
        "makes a commit of a folder or of a tar of one",
        "mica commit import rootfs.tar.zst debian:12 --change 'CMD [\"bash\"]'",
        "commits.importFolder('/srv/debian', 'debian:12')",
        CommitSchema.COMMIT.shape().json(),
        in -> {
          Commits.Loaded loaded =
              in.mica()
                  .commits()
                  .importFolder(
                      in.value("FROM"),
                      in.value("NAME:TAG"),
                      in.optional("--message").orElse(""),
                      in.all("--change"));
          loaded.remarks().forEach(in::say);
          Commit commit = loaded.commits().getFirst();
          commit
              .unkeptFlags()
              .ifPresent(flags -> in.say("the commit does not keep the flags " + flags));
          return new Result.One<>(CommitSchema.COMMIT.shape(), commit);
        });
  }

  private static Command save() {
    return new Command(
        List.of("commit", "save"),
        List.of(
            argument("COMMIT", Kind.COMMIT, "its NAME:TAG or id"),
            argument(
                "FILE",
                Kind.PATH,
                "an archive to be made, a layout's directory, or - to write one"),
            choice(
                "--format",
                "of the file; layout if it is a directory, else oci",
                List.of("oci", "docker", "layout")),
            choice(
                "--compression",
                "of layers made by Mica; gzip if not given",
                List.of("gzip", "zstd", "none"))),
        Role.OPERATOR,
        "writes a commit as an image, with all layers that it stands on",
        "mica commit save web:v2 web.tar --format docker",
        "commit('web:v2').save('web.tar')",
        CommitSchema.SAVED.shape().json(),
        ImageCommands::save);
  }

  /** To a stream goes the archive, and nothing else. */
  private static Result save(Invocation in) {
    boolean stream = in.value("FILE").equals(STREAM);
    if (stream) {
      requirePipe(in, "mica commit save web:v2 - | ssh web2 mica commit load -");
    }
    Commit commit = in.mica().commits().get(in.value("COMMIT"));
    String format = in.optional("--format").orElse("");
    String compression = in.optional("--compression").orElse("gzip");
    Exchange.Saved saved =
        stream
            ? commit.save(in.conversation().out(), format, compression)
            : commit.save(in.value("FILE"), format, compression);
    saved.remarks().forEach(in::say);
    return stream ? new Result.Done(0) : new Result.One<>(CommitSchema.SAVED.shape(), saved);
  }
}
