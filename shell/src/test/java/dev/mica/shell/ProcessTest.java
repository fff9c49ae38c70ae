package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process: what it loads, prints and returns. */
@SuppressWarnings("NullAway.Init") // JUnit sets the field
final class ProcessTest {
  @TempDir Path temp;

  private Runs.Run run(List<String> options, String... args)
      throws IOException, InterruptedException {
    return Runs.apart(temp.resolve("home"), options, args);
  }

  @Test
  void commandsLoadNoGroovy() throws Exception {
    for (String line :
        List.of("union ls", "commit graph -o json", "diff /etc/apt /etc/apt", "help")) {
      Path log = temp.resolve("classes");
      // With a cache all that is in it is loaded at once.
      List<String> options = List.of("-XX:AOTMode=off", "-Xlog:class+load:file=" + log);
      Runs.Run run = run(options, line.split(" "));
      assertThat(run.status()).as(run.err()).isZero();
      assertThat(log)
          .content()
          .contains("dev.mica.shell.command.CommandTable")
          .doesNotContain("groovy.lang", "org.codehaus.groovy");
    }
  }

  @Test
  void expressionsPrintTheirValue() throws Exception {
    assertThat(run(List.of(), "-e", "[a: 1]", "-o", "json").out()).isEqualTo("{\"a\":1}\n");
    assertThat(run(List.of(), "-e", "3", "-o", "json").out()).isEqualTo("3\n");
    Runs.Run wrong = run(List.of(), "-e", "folder('/x').nmae");
    assertThat(wrong.status()).isEqualTo(1);
    assertThat(wrong.err())
        .isEqualTo("mica: Folder has no property 'nmae'; did you mean 'name'?\n");
  }

  /** As a shell passes them on; the folders are made by it, too. */
  @Test
  void argumentsAndTheWorkingFolderNeedNotBeUtf8() throws Exception {
    String script =
        """
        set -eu; cd "$1"; shift
        mkdir $'\\xe9' $'\\xe9/sub' b; echo 1 > $'\\xe9/f'; echo 22 > b/f
        touch -d @1 $'\\xe9/f' b/f
        "$@" diff "$PWD/"$'\\xe9' b; cd $'\\xe9'; "$@" diff sub . -o json; "$@" diff no ../b || true
        "$@" $'\\xff' || true; "$@" -e 'folder(".")'
        """;
    List<String> command = new ArrayList<>(List.of("bash", "-c", script, "bash", temp.toString()));
    command.addAll(Runs.command(List.of()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("modified  content     3  f\ndeleted   -           0  sub\n")
        .contains("\"path\":\"f\"")
        .contains("mica: cannot compare " + temp + "/\\xe9/no: no such directory")
        .contains("mica: unknown command '\\xff'")
        .endsWith(temp + "/\\xe9\n");
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void aReaderThatLeavesEndsAnEndlessScriptQuietly() throws Exception {
    String line = String.join(" ", Runs.command(List.of(), "-e", "'while(true){println(1)}'"));
    Process process =
        new ProcessBuilder(
                "bash", "-c", line + " 2>" + temp + "/err | head -1; echo ${PIPESTATUS[0]}")
            .start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("1\n0\n");
    assertThat(Files.readString(temp.resolve("err"))).isEmpty();
  }

  @Test
  void aFullDiskIsAFailure() throws Exception {
    for (String[] args :
        List.of(new String[] {"help"}, new String[] {"-e", "println 1; sleep 1_000_000"})) {
      Process process =
          new ProcessBuilder(Runs.command(List.of(), args))
              .redirectOutput(Path.of("/dev/full").toFile())
              .start();
      assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("mica: cannot write to standard output: No space left on device\n");
      assertThat(process.waitFor()).isEqualTo(1);
    }
  }

  @Test
  void linesFromAPipeAreDoneOneByOne() throws Exception {
    ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of()));
    builder.environment().put("MICA_HOME", temp.resolve("home").toString());
    Process process = builder.start();
    try (var in = process.outputWriter()) {
      in.write("x = 3\n_ + 1\nunion ls -o json\n[1, 2].each {\nprintln it + x\n}\n");
    }
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("3\n4\n{\"unions\":[]}\n4\n5\n[1, 2]\n");
    assertThat(process.waitFor()).isZero();
  }

  /** Begins a process whose output can be read as it comes. */
  private Process begin(String... args) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of(), args));
    builder.environment().put("MICA_HOME", temp.resolve("home").toString());
    return builder.redirectError(temp.resolve("err").toFile()).start();
  }

  private String script(String name, String text) throws IOException {
    return Files.writeString(temp.resolve(name), text).toString();
  }

  @Test
  void aScriptThatExitsEndsWithItsStatusAndItsOutput() throws Exception {
    String groovy = script("a.groovy", "println 'said'\nSystem.exit(7)\n");
    String java = script("a.jsh", "System.out.println(\"said\");\nSystem.exit(7);\n");
    for (String[] args :
        List.of(
            new String[] {groovy},
            new String[] {java},
            new String[] {"-e", "println 'said'; Thread.start { System.exit(7) }.join()"})) {
      assertThat(run(List.of(), args)).isEqualTo(new Runs.Run(7, "said\n", ""));
    }
    Process piped = begin();
    try (var in = piped.outputWriter()) {
      in.write("println 'said'\nSystem.exit(7)\nprintln 'more'\n");
    }
    assertThat(new String(piped.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("said\n");
    assertThat(piped.waitFor()).isEqualTo(7);
  }

  @Test
  void aProgramEndsWithItsLastThread() throws Exception {
    String thread = "Thread.start { Thread.sleep(100); println 'last' }";
    assertThat(run(List.of(), script("a.groovy", thread + "\nprintln 'first'\n")))
        .isEqualTo(new Runs.Run(0, "first\nlast\n", ""));
    Runs.Run failed = run(List.of(), script("b.groovy", thread + "\nthrow new IOException('x')\n"));
    assertThat(failed).isEqualTo(new Runs.Run(1, "last\n", "mica: b.groovy:2: IOException: x\n"));
    assertThat(run(List.of(), "-e", "Thread.startDaemon { Thread.sleep(1_000_000) }; 1").out())
        .isEqualTo("1\n");
    Runs.Run lost = run(List.of(), "-e", "Thread.start('t') { nothing() }.join(); 1");
    assertThat(lost.err()).isEqualTo("mica: in the thread t: there is no word 'nothing'\n");
  }

  /** What is printed comes while it runs, and nothing is lost by a signal. */
  @Test
  void outputIsNotHeldBack() throws Exception {
    String source = "print 'begun'; try { while (true) { sleep 1000 } } finally { print 'undone' }";
    Process process = begin("-e", source);
    byte[] begun = process.getInputStream().readNBytes("begun".length());
    assertThat(new String(begun, StandardCharsets.UTF_8)).isEqualTo("begun");
    process.toHandle().destroy(); // Process.destroy would close what is to be read
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("undone");
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(temp.resolve("err")).content().doesNotContain("internal");
  }

  @Test
  void whoeverSendsALineGetsItsAnswerBeforeTheNext() throws Exception {
    Process process = begin();
    try (var in = process.outputWriter();
        var out = process.inputReader()) {
      for (int i = 0; i < 3; i++) {
        in.write((i == 0 ? "\uFEFF" : "") + "println " + i + "; null\n");
        in.flush();
        assertThat(out.readLine()).isEqualTo(Integer.toString(i));
      }
    }
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void aCommandIsNoValue() throws Exception {
    assertThat(run(List.of(), "-e", "x = union ls").err())
        .isEqualTo("mica: 'union ls' is a command, and no value; in the language: unions.list()\n");
  }

  /** What is done unasked is told to those who want to know, and else to nobody. */
  @Test
  void whatMicaDoesOnItsOwnIsLogged() throws Exception {
    for (String level : List.of("off", "info")) {
      Path left = temp.resolve("home/journal/1-0000.json");
      Files.createDirectories(left.getParent());
      Files.writeString(left, "{\"operation\":\"collect garbage\",\"objects\":[],\"facts\":{}}");
      Files.setPosixFilePermissions(
          temp.resolve("home"), PosixFilePermissions.fromString("rwx------"));
      ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of(), "commit", "gc"));
      builder.environment().put("MICA_HOME", temp.resolve("home").toString());
      builder.environment().put("MICA_LOG", level);
      Process process = builder.start();
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(err).isZero();
      assertThat(left).doesNotExist();
      assertThat(err.contains("ended 'collect garbage'")).as(err).isEqualTo(level.equals("info"));
    }
  }
}
