package dev.mica.shell.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The manual and the completions of other shells know every command and every option. */
@Timeout(300)
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class DocGeneratorTest {
  private static final Path SOURCES = Path.of(System.getProperty("mica.root"), "shell/src");
  private static final List<String> FIRST_WORDS =
      CommandTable.get().all().stream()
          .map(command -> command.path().getFirst())
          .distinct()
          .toList();

  @TempDir static Path dist;

  /**
   * With a union, a VM, a user, a job, two commits, and a `mica` that can do nothing but complete.
   */
  @BeforeAll
  static void write() throws IOException {
    DocGenerator.write(dist);
    Path records = Files.createDirectories(dist.resolve("home/unions"));
    Files.writeString(records.resolve("docs.json"), "{}");
    Path vms = Files.createDirectories(dist.resolve("home/vms"));
    Files.writeString(vms.resolve("box.json"), "{}");
    Path users = Files.createDirectories(dist.resolve("home/users"));
    Files.writeString(users.resolve("ann.json"), "{}");
    Path jobs = Files.createDirectories(dist.resolve("home/jobs"));
    Files.writeString(jobs.resolve("3.json"), "{}");
    Path refs = Files.createDirectories(dist.resolve("home/store")).resolve("refs.json");
    Files.writeString(
        refs, "{\n  \"web:v1\" : \"085a6b5390ec\",\n  \"web:v2\" : \"185a6b5390ec\"\n}");
    Files.createDirectories(dist.resolve("work/folder"));
    Files.writeString(dist.resolve("work/file"), "");
    Path program = Files.createDirectory(dist.resolve("bin")).resolve("mica");
    Files.writeString(
        program,
        "#!/bin/sh\nshift\nexec '%s' '%s' \"$@\"\n"
            .formatted(SOURCES.resolve("main/sh/complete"), dist.resolve("commands.txt")));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  static List<Command> commands() {
    return CommandTable.get().all();
  }

  static List<Path> pages() throws IOException {
    try (Stream<Path> pages = Files.list(dist.resolve("man/man1"))) {
      return pages.sorted().toList();
    }
  }

  private static void needs(String program) {
    boolean present =
        Stream.of("/usr/bin/", "/bin/", "/usr/local/bin/")
            .anyMatch(directory -> Files.isExecutable(Path.of(directory + program)));
    assumeTrue(present || "1".equals(System.getenv("MICA_MUST_WORK")), program + " is missing");
  }

  private static String run(String input, List<String> command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).directory(dist.resolve("work").toFile());
    builder.environment().put("MICA_HOME", dist.resolve("home").toString());
    builder.environment().put("HOME", dist.toString());
    builder.environment().merge("PATH", "", (path, _) -> dist.resolve("bin") + ":" + path);
    builder.environment().put("MANWIDTH", "80");
    Process process = builder.redirectErrorStream(true).start();
    try (var in = process.outputWriter()) {
      in.write(input);
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s says %s", command, said).isZero();
    return said;
  }

  private static List<String> complete(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("mica", "--complete"));
    command.set(0, dist.resolve("bin/mica").toString());
    command.addAll(List.of(words));
    return run("", command).lines().map(line -> line.split("\t", -1)[0]).toList();
  }

  private static List<String> after(Command command, String... words) throws Exception {
    return complete(
        Stream.concat(command.path().stream(), Stream.of(words)).toArray(String[]::new));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void theManualHasIt(Command command) throws Exception {
    String page =
        command.language().isEmpty() ? "mica.1" : "mica-" + command.path().getFirst() + ".1";
    String group = Files.readString(dist.resolve("man/man1/" + page));
    String all = Files.readString(dist.resolve("man/man1/mica.1"));
    String called = command.name().replace("-", "\\-");
    String name = ".* mica " + Pattern.quote(called);
    assertThat(all.lines()).anyMatch(line -> line.matches(name));
    assertThat(group.lines()).anyMatch(line -> line.matches(name));
    String section = group.replaceFirst("(?s).*\n\\.SS mica " + Pattern.quote(called) + "\n", "");
    assertThat(section).startsWith(roff(command.summary()));
    assertThat(section.replaceFirst("(?s)\n\\.S[SH] .*", ""))
        .contains(
            command.parameters().stream()
                .map(one -> ".TP\n.B " + String.join(", ", one.names()).replace("-", "\\-") + "\n")
                .toList());
  }

  private static String roff(String text) {
    return text.replace("-", "\\-").replace("…", "...");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void completionHasIt(Command command) throws Exception {
    List<String> path = command.path();
    String[] before = path.subList(0, path.size() - 1).toArray(String[]::new);
    String[] words = Stream.concat(Stream.of(before), Stream.of("")).toArray(String[]::new);
    assertThat(complete(words)).contains(path.getLast());
    if (command.name().equals("help")) { // what follows it is completed as a command
      return;
    }
    assertThat(after(command, "--"))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(command.options().stream().map(Parameter::name), Stream.of("--help"))
                .toList());
    for (Parameter option : command.options()) {
      if (option.kind() != Parameter.Kind.FLAG) {
        assertThat(after(command, option.name(), "")).as(option.name()).containsAll(values(option));
      }
      assertThat(after(command, option.name(), "x", "--").contains(option.name()))
          .as("%s again", option.name())
          .isEqualTo(option.many());
    }
    if (!command.arguments().isEmpty()) {
      assertThat(after(command, "")).containsAll(values(command.arguments().getFirst()));
    }
  }

  private static List<String> values(Parameter parameter) {
    return switch (parameter.kind()) {
      case UNION -> List.of("docs");
      case VM -> List.of("box");
      case USER -> List.of("ann");
      case JOB -> List.of("3");
      case COMMIT -> List.of("web:v1", "web:v2");
      case LAYER -> List.of("web:v1", "web:v2", "/");
      case PATH -> List.of("/");
      case CHOICE -> parameter.choices();
      case SCRIPT, CODE, REST -> List.of(".");
      case FLAG, TEXT, ANY_TEXT, PROGRAM -> List.of();
      case SESSION -> List.of(); // known to the server alone
    };
  }

  @Test
  void completionKnowsWhatIsNoCommand() throws Exception {
    assertThat(complete("")).containsAll(FIRST_WORDS).contains("help", "run", ".");
    assertThat(complete("un")).containsExactly("union", ".");
    assertThat(complete("help", "union", "cr")).containsExactly("create");
    assertThat(complete("run", "")).containsExactly(".");
    assertThat(complete("nothing", "")).isEmpty();
    assertThat(complete("diff", "/a", "/b", "")).contains("--exact").doesNotContain("/");
    assertThat(complete("commit", "show", "web:v2")).containsExactly("web:v2");
    assertThat(complete("commit", "verify", "--all", "web:v1", "web:v2", "web:v"))
        .containsExactly("web:v1", "web:v2");
    assertThat(complete("commit", "show", "web:v1", ""))
        .contains("--output")
        .doesNotContain("web:v1");
  }

  @ParameterizedTest
  @MethodSource("pages")
  void aPageHasNoFaults(Path page) throws Exception {
    needs("mandoc");
    needs("man");
    assertThat(run("", List.of("mandoc", "-T", "lint", "-W", "warning", page.toString())))
        .isEmpty();
    assertThat(run("", List.of("man", "--warnings=w", "-l", page.toString())))
        .contains("NAME", "SYNOPSIS", "EXIT STATUS")
        .doesNotContain("warning:");
  }

  /** TAB in a real shell. */
  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh", "fish"})
  void tabCompletesIn(String shell) throws Exception {
    needs(shell);
    String script = shell.equals("zsh") ? "_mica" : "mica." + shell;
    run(
        """
        mica union cre	mica union create
        mica union create --lower fol	mica union create --lower folder/
        mica union show d	mica union show docs
        mica commit show w	mica commit show web:v
        mica union ls --output j	mica union ls --output json
        """,
        List.of(
            "python3",
            SOURCES.resolve("test/pty/completion.py").toString(),
            shell,
            SOURCES.resolve("main/completions").resolve(script).toString()));
  }
}
