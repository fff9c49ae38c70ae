package dev.mica.shell.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.audit.AuditLine;
import dev.mica.failure.MicaException;
import dev.mica.shell.Runs;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What commands leave in the audit, and how it is read. */
@NeedsRoot
@Timeout(300)
final class AuditCommandTest {
  /** What these do is written by what they run, and {@code helper start} boots a VM. */
  private static final Set<String> OTHERS = Set.of("run", "-e", "serve", "helper start");

  private static final String SECRET = "hunter2";

  private final Scratch scratch = new Scratch();
  private final Mica mica = Mica.open(scratch.path("home"));

  @AfterEach
  void end() {
    scratch.close();
  }

  private Runs.Run run(String... words) {
    return Runs.here(
        Map.of(
            "MICA_HOME",
            scratch.path("home").toString(),
            "HOME",
            scratch.dir("own").toString(),
            "PATH",
            String.valueOf(System.getenv("PATH"))),
        words);
  }

  private List<AuditLine> lines() {
    return mica.audit().list();
  }

  static Stream<Command> commands() {
    return CommandTable.get().all().stream();
  }

  static Stream<Command> changing() {
    return commands().filter(Command::changes).filter(each -> !OTHERS.contains(each.name()));
  }

  static Stream<Command> looking() {
    return commands()
        .filter(each -> !each.changes())
        .filter(each -> !Set.of("vm wait", "vm logs", "helper log").contains(each.name()));
  }

  /** Words that make sense, but of things that are not there. */
  private static String[] words(Command command) {
    List<String> words = new ArrayList<>(command.path());
    for (Parameter parameter : command.parameters()) {
      boolean oneOrAll =
          !parameter.isOption()
              && command.options().stream().anyMatch(option -> option.name().equals("--all"));
      if (parameter.required() || oneOrAll || parameter.name().equals("--union")) {
        if (parameter.isOption()) {
          words.add(parameter.name());
        }
        words.add(value(command, parameter));
      }
    }
    return words.toArray(String[]::new);
  }

  private static String value(Command command, Parameter parameter) {
    return switch (parameter.kind()) {
      case CHOICE -> parameter.choices().getFirst();
      case PATH -> command.name().equals("vm cp") ? cp(parameter) : "/none/there";
      case LAYER -> "/none/there";
      case COMMIT -> "none:v1";
      case TEXT -> parameter.name().equals("REF") ? "localhost:1/none" : "none:v1";
      default -> "none";
    };
  }

  private static String cp(Parameter parameter) {
    return parameter.name().equals("FROM") ? "none:/there" : "/none/there";
  }

  /** Each changing command leaves exactly one line, though what it is to change is not there. */
  @ParameterizedTest
  @MethodSource("changing")
  void aCommandThatChangesIsOneLine(Command command) {
    Runs.Run run = run(words(command));
    assertThat(lines()).as(run.err()).hasSize(1);
    assertThat(lines().getFirst().command()).isEqualTo(command.name());
    assertThat(lines().getFirst().outcome()).isEqualTo(run.status() == 0 ? "ok" : "failed");
  }

  @ParameterizedTest
  @MethodSource("looking")
  void aCommandThatLooksIsNone(Command command) {
    Runs.Run _ = run(words(command));
    assertThat(lines()).isEmpty();
  }

  /** Each command that is not for viewers leaves exactly one line when a viewer uses it. */
  @ParameterizedTest
  @MethodSource("commands")
  void aRefusedCommandIsOneLine(Command command) throws IOException {
    Caller viewer = Caller.of("ann", Role.VIEWER, scratch.path(""), Map.of());
    Conversation conversation =
        new Conversation(
            () -> mica.as(viewer),
            new PrintStream(OutputStream.nullOutputStream()),
            () -> {
              throw new AssertionError("nothing is printed");
            },
            line -> {});
    if (command.role() == Role.VIEWER) {
      return;
    }
    try {
      conversation.require(command);
    } catch (MicaException refused) {
      assertThat(refused.exitStatus()).isEqualTo(3);
    }
    assertThat(lines())
        .extracting(AuditLine::user, AuditLine::what, AuditLine::outcome)
        .containsExactly(tuple("ann", "use the command " + command.name(), "refused"));
  }

  @Test
  void aWrongCommandLineIsNoLine() {
    assertThat(run("union", "create", "--lower").status()).isEqualTo(2);
    assertThat(run("vm", "frobnicate").status()).isEqualTo(2);
    assertThat(lines()).isEmpty();
  }

  @Test
  void theLanguageLeavesALineForEachChange() {
    Path folder = scratch.path("made");
    Runs.Run run = run("-e", "2.times { folder('" + folder + "' + it).create() }; 1 + 1");
    assertThat(run.err()).isEmpty();
    assertThat(lines())
        .extracting(AuditLine::what)
        .containsExactly("make the directory " + folder + 0, "make the directory " + folder + 1);
    assertThat(run("-e", "1 + 1").out()).isEqualTo("2\n");
    assertThat(lines()).hasSize(2);
  }

  @Test
  void itIsListedAndVerified() {
    assertThat(run("audit", "ls")).isEqualTo(new Runs.Run(0, "", "mica: no lines\n"));
    assertThat(run("user", "rm", "nobody").status()).isEqualTo(1);
    assertThat(run("helper", "stop").status()).isZero();
    Runs.Run all = run("audit", "ls", "-o", "json");
    assertThat(all.out())
        .startsWith("{\"audit\":[{\"number\":1,\"time\":\"")
        .contains("\"command\":\"user rm\",\"what\":\"remove the user nobody\"")
        .contains("\"outcome\":\"failed\",\"why\":\"cannot find the user nobody: there is none");
    assertThat(run("audit", "ls", "--user", "nobody").err()).isEqualTo("mica: no lines\n");
    assertThat(run("audit", "ls", "--since", "2h").out()).isEqualTo(run("audit", "ls").out());
    assertThat(run("audit", "ls", "--since", "2100-01-01").err()).isEqualTo("mica: no lines\n");
    assertThat(run("audit", "ls", "--since", "x").status()).isEqualTo(2);
    assertThat(run("-e", "audit.list()*.command").out()).contains("user rm", "helper stop");
    String hash = mica.audit().verify().hash();
    assertThat(run("audit", "verify", "--expect", hash).status()).isZero();
    assertThat(run("audit", "verify", "--expect", "0").status()).isEqualTo(1);
    assertThat(run("-e", "audit.verify().intact").out()).isEqualTo("true\n");
  }

  @Test
  void whatIsWrongIsTold() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertThat(run("user", "rm", "n" + i).status()).isEqualTo(1);
    }
    Path file = scratch.path("home/audit/000000000001.jsonl");
    Files.writeString(file, Files.readString(file).replace("the user n1", "the user n7"));
    Runs.Run verified = run("audit", "verify", "-o", "json");
    assertThat(verified.status()).isEqualTo(1);
    assertThat(verified.out())
        .contains("\"intact\":false")
        .contains("\"problem\":\"the line 2 (" + file + ":2) is not as it was written\"");
    Runs.Run listed = run("audit", "ls");
    assertThat(listed.status()).isEqualTo(1);
    assertThat(listed.err()).contains(file + ":2: the line is not as it was written");
    assertThat(listed.out()).contains("remove the user n0", "remove the user n2");
  }

  private static String[] create(String name, String from, String... options) {
    List<String> words = new ArrayList<>(List.of("vm", "create", name, "--from", from));
    words.addAll(List.of(options));
    words.addAll(List.of("--", "sh", "-c", "PASS=" + SECRET));
    return words.toArray(String[]::new);
  }

  /** A secret in each place where one can be given is nowhere in the file. */
  @Test
  void secretsAreNotWritten() throws IOException {
    Path docker =
        scratch.file(
            "own/.docker/config.json",
            "{\"auths\":{\"localhost:1\":{\"auth\":" + "\"YW5uOmh1bnRlcjI=\"}}}");
    assertThat(docker).exists();
    Path root = scratch.dir("root");
    String script = "folder('" + root + "/x').create(); throw new Error('password=" + SECRET + "')";
    for (String[] words :
        List.of(
            create("a", root.toString(), "--env", "X=" + SECRET),
            create("b", root.toString(), "--env", "=" + SECRET),
            create("c", root.toString(), "--env", "1 X=" + SECRET),
            create("d", root.toString(), "--label", "l=" + SECRET),
            create("e", root.toString(), "--label", "=" + SECRET),
            create("f", "/none", "--env", "X=" + SECRET),
            new String[] {"vm", "create", "g", "--from", root.toString(), "--", "x", "-p" + SECRET},
            new String[] {"vm", "exec", "a", "--env", "X=" + SECRET, "--", "x", "-p", SECRET},
            new String[] {"commit", "pull", "ann:" + SECRET + "@localhost:1/web"},
            new String[] {"commit", "pull", "localhost:1/web"},
            new String[] {"commit", "push", "none:v1", "ann:" + SECRET + "@localhost:1/web"},
            new String[] {"commit", "load", "sftp://ann:" + SECRET + "@localhost:1/x.tar"},
            new String[] {"commit", "import", "/none", "n:v1", "--change", "ENV X " + SECRET},
            new String[] {
              "commit", "import", root.toString(), "n:v1", "--change", "ENV X=" + SECRET
            },
            new String[] {
              "commit", "import", root.toString(), "n:v2", "--change", "EVN X " + SECRET
            },
            new String[] {"commit", "create", "n:v3", "--union", "none", "-m", SECRET},
            new String[] {"-e", script})) {
      Runs.Run _ = run(words);
    }
    assertThat(lines()).hasSizeGreaterThan(14);
    String all = Scratch.read(scratch.path("home/audit/000000000001.jsonl"));
    assertThat(all).doesNotContain(SECRET).doesNotContain("YW5uOmh1bnRlcjI=");
  }
}
