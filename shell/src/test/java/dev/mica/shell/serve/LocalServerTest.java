package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.Runs;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Commands that the server of the state directory runs for a process of the same user. In a process
 * of its own, to which it is compared, a command does the same.
 */
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class LocalServerTest {
  private static final String LAUNCHED = "in a process of its own\n";
  private static final int MANY = 30;

  /** Whoever runs the tests may ignore signals, and what they start does so, too. */
  private static final List<String> HEARING = List.of("env", "--default-signal=HUP,INT,TERM");

  private static final int EACH = 1000;

  private static Scratch scratch;
  private static Path launcher;
  private static Process server;
  private static BufferedReader serverSays;

  @BeforeAll
  static void start() throws Exception {
    scratch = new Scratch();
    launcher =
        scratch.file(
            "launcher",
            """
            #!/bin/sh
            [ "$MICA_IN_PROCESS" = 1 ] && : >%s && echo in a process of its own
            """
                .formatted(scratch.path("told")));
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    scratch.file("a/one", "one");
    scratch.file("b/one", "1");
    scratch.file("b/\u00fcber", "");
    scratch.dir("empty");
    server = serve();
  }

  @AfterAll
  static void end() throws Exception {
    end(server);
    scratch.close();
  }

  private static void end(Process serving) throws InterruptedException {
    serving.destroyForcibly().waitFor();
  }

  private static Map<String, String> here(ProcessBuilder builder) {
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("MICA_"));
    environment.put("MICA_HOME", scratch.path("home").toString());
    return environment;
  }

  private static Process serve() throws Exception {
    List<String> command = new ArrayList<>(HEARING);
    command.addAll(Runs.command(List.of(), "serve", "--listen", "127.0.0.1:0"));
    ProcessBuilder builder = new ProcessBuilder(command);
    here(builder);
    Process process = builder.directory(scratch.path("a").toFile()).start();
    serverSays = process.errorReader(StandardCharsets.UTF_8);
    assertThat(serverSays.readLine()).startsWith("mica: serving at ");
    return process;
  }

  private static ProcessBuilder client(List<String> words) {
    Path lib = Path.of(System.getProperty("mica.core")).getParent();
    List<String> command = new ArrayList<>(HEARING);
    command.addAll(List.of(lib + "/mica-client", launcher.toString()));
    command.addAll(words);
    return start(command);
  }

  private static ProcessBuilder start(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(scratch.path("").toFile());
    here(builder);
    return builder;
  }

  private static Runs.Run run(ProcessBuilder builder) throws Exception {
    File err = File.createTempFile("mica", "err");
    try {
      Process process = builder.redirectError(err).start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Runs.Run(process.waitFor(), out, Files.readString(err.toPath()));
    } finally {
      assertThat(err.delete()).isTrue();
    }
  }

  static List<List<String>> commands() {
    return List.of(
        List.of("vm", "ls", "-o", "json"),
        List.of("diff", "a", "b"),
        List.of("diff", "a", "b", "--exit-code", "-o", "yaml"),
        List.of("diff", "a", "/nowhere"),
        List.of("diff", "~/nowhere", "a"),
        List.of("union", "show", "none"),
        List.of("union", "ls", "--wrong"),
        List.of("commit", "import", "empty", "empty:v1", "-o", "json"),
        List.of("help", "vm", "run"),
        List.of("--version"),
        List.of("audit", "verify"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void aCommandDoesTheSame(List<String> words) throws Exception {
    Runs.Run served = run(client(words));
    Runs.Run apart = run(start(Runs.command(List.of(), words.toArray(String[]::new))));
    // Two commits of one folder differ by when they were made.
    assertThat(withoutIds(served.out())).isEqualTo(withoutIds(apart.out()));
    assertThat(served.err()).isEqualTo(apart.err());
    assertThat(served.status()).isEqualTo(apart.status());
  }

  private static String withoutIds(String text) {
    return text.replaceAll("[0-9a-f]{12,}|\\d+-\\d\\d-[0-9T:.-]+Z", "-");
  }

  /** What runs the user's code, or looks at the process, and what is no command. */
  static List<List<String>> others() {
    return List.of(
        List.of(),
        List.of("-e", "1"),
        List.of("run", "x.groovy"),
        List.of("x.groovy"),
        List.of("doctor"),
        List.of("serve"),
        List.of("vm"),
        List.of("vm", "none"),
        List.of("nonsense"));
  }

  @ParameterizedTest
  @MethodSource("others")
  void whatIsNoCommandForItIsLaunched(List<String> words) throws Exception {
    assertThat(run(client(words))).isEqualTo(new Runs.Run(0, LAUNCHED, ""));
  }

  /** A process that would see or make something else by the same command. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "umask 077; \"$@\"",
        "MICA_LOCK_WAIT=1 \"$@\"",
        "exec 0<&-; \"$@\"",
        "exec >&-; \"$@\"",
        "mkdir gone; cd gone; rmdir ../gone; \"$@\"",
        "MICA_HOME=/nowhere \"$@\"",
        "HOME=. MICA_HOME= \"$@\""
      })
  void anotherProcessRunsItItself(String how) throws Exception {
    launches(List.of("sh", "-c", how, "sh"));
  }

  @NeedsRoot
  @ParameterizedTest
  @ValueSource(
      strings = {"unshare --net", "unshare --mount", "unshare --uts", "setpriv --groups 1"})
  void anotherNamespaceRunsItItself(String how) throws Exception {
    launches(List.of(how.split(" ")));
  }

  private static void launches(List<String> how) throws Exception {
    List<String> command = new ArrayList<>(how);
    command.addAll(client(List.of("vm", "ls", "-o", "json")).command());
    Path told = scratch.path("told");
    Files.deleteIfExists(told);
    Runs.Run run = run(start(command));
    assertThat(run.out()).doesNotContain("vms");
    assertThat(told).exists();
  }

  @Test
  void whatIsNotReadIsNotTakenFromTheNextOne() throws Exception {
    String loop =
        "printf 'a\\nb\\n' | while read line; do \"$@\" >/dev/null 2>&1; echo $line; done";
    List<String> command = new ArrayList<>(List.of("sh", "-c", loop, "sh"));
    command.addAll(client(List.of("vm", "ls")).command());
    assertThat(run(start(command)).out()).isEqualTo("a\nb\n");
  }

  private static Process printing() throws Exception {
    for (int directory = 0; directory < MANY; directory++) {
      Path there = scratch.dir("many/" + directory);
      for (int file = 0; file < EACH && Files.notExists(there.resolve("last")); file++) {
        Files.createFile(there.resolve("a".repeat(100) + file));
      }
      Files.writeString(there.resolve("last"), "");
    }
    Process process = client(List.of("diff", "empty", "many")).start();
    assertThat(process.getInputStream().read()).isPositive(); // and from now on nobody reads
    return process;
  }

  private static String rest(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void aSignalEndsIt(String signal) throws Exception {
    Process process = printing();
    Scratch.run("kill", "-" + signal, Long.toString(process.pid()));
    rest(process.getInputStream());
    assertThat(process.waitFor()).isEqualTo(signal.equals("INT") ? 130 : 143);
    assertThat(run(client(List.of("vm", "ls", "-o", "json"))).out()).isEqualTo("{\"vms\":[]}\n");
  }

  /** Whoever is killed leaves nothing behind in the server. */
  @Test
  void oneThatIsKilledIsEnded() throws Exception {
    for (int times = 0; times < 3; times++) {
      printing().destroyForcibly().waitFor();
    }
    String threads = "Thread.print";
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    String pid = Long.toString(server.pid());
    while (Scratch.run(jcmd, pid, threads).contains("\"mica-local-command\"")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void oneWhoseReaderGoesEndsWell() throws Exception {
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", "\"$@\" | head -n 1; exit ${PIPESTATUS[0]}", "sh"));
    printing().destroyForcibly().waitFor();
    command.addAll(client(List.of("diff", "empty", "many")).command());
    Runs.Run run = run(start(command));
    assertThat(run.status()).isZero();
    assertThat(run.out()).hasLineCount(1);
    assertThat(run.err()).isEmpty();
  }

  /** Another server, of another state directory, that ends in the middle and is no more after. */
  @Test
  void aServerThatIsKilledHangsNobody() throws Exception {
    end(server);
    try {
      assertThat(run(client(List.of("vm", "ls")))).isEqualTo(new Runs.Run(0, LAUNCHED, ""));
      server = serve();
      Process process = printing();
      end(server);
      rest(process.getInputStream());
      assertThat(process.waitFor()).isEqualTo(1);
      assertThat(rest(process.getErrorStream()))
          .startsWith("mica: the server ended before the command did")
          .hasLineCount(1);
    } finally {
      end(server);
      server = serve();
    }
  }

  /** One that has waited too long for a server does it itself, and the server does not, later. */
  @Test
  void aServerThatHangsDoesNothingLater() throws Exception {
    String pid = Long.toString(server.pid());
    Scratch.run("kill", "-STOP", pid);
    try {
      assertThat(run(client(List.of("commit", "import", "empty", "late:v1"))))
          .isEqualTo(new Runs.Run(0, LAUNCHED, ""));
    } finally {
      Scratch.run("kill", "-CONT", pid);
    }
    assertThat(run(client(List.of("commit", "show", "late:v1"))).status()).isEqualTo(1);
  }

  @Test
  void aJobGoesOnWithoutItsClient() throws Exception {
    Runs.Run begun = run(client(List.of("commit", "import", "empty", "job:v1", "--detach")));
    assertThat(begun.err()).isEmpty();
    String id = begun.out().strip();
    assertThat(run(client(List.of("job", "wait", id)))).isEqualTo(new Runs.Run(0, "", ""));
    assertThat(run(client(List.of("job", "log", id))).out()).contains("refs     job:v1");
    assertThat(run(client(List.of("job", "show", id, "-o", "json"))).out())
        .contains("\"state\":\"done\"", "\"what\":\"commit import empty job:v1\"");
    Runs.Run failing = run(client(List.of("commit", "import", "nothing", "job:v2", "&")));
    assertThat(run(client(List.of("job", "wait", failing.out().strip()))).status()).isEqualTo(1);
    assertThat(run(client(List.of("job", "log", failing.out().strip()))).out())
        .startsWith("mica: cannot import ");
  }

  /** Without a server it would end with the command that began it. */
  @Test
  void withoutAServerThereIsNoJob() throws Exception {
    Runs.Run refused =
        Runs.apart(
            scratch.path("nobody"), List.of(), "commit", "import", "/", "job:v1", "--detach");
    assertThat(refused)
        .isEqualTo(
            new Runs.Run(
                1,
                "",
                "mica: cannot run in the background commit import / job:v1: this process ends at"
                    + " once; start a server, which goes on: mica serve\n"));
  }

  /** What runs when the server is told to end is waited for. */
  @Test
  void aServerThatEndsWaitsForWhatRuns() throws Exception {
    Process process = printing();
    Scratch.run("kill", "-TERM", Long.toString(server.pid()));
    try {
      assertThat(serverSays.readLine()).startsWith("mica: ending");
      assertThat(rest(process.getInputStream()).lines().count()).isGreaterThan(MANY * EACH);
      assertThat(process.waitFor()).isZero();
      assertThat(server.waitFor()).isZero();
    } finally {
      end(server);
      server = serve();
    }
  }
}
