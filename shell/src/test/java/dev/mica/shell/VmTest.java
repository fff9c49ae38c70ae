package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.container.Vm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs in VMs as a user has them with {@code vm …}, through pipes and at a real terminal: what
 * they are given, what they say, and how they end.
 */
final class VmTest extends VmTestBase {
  private static String[] exec(String... words) {
    return Stream.concat(Stream.of("vm", "exec", "web", "--"), Arrays.stream(words))
        .toArray(String[]::new);
  }

  @Test
  void aFolderOfThisHostIsSharedAsTheCommandAndTheWordSay() throws Exception {
    Path folder = scratch.dir("given");
    Files.writeString(folder.resolve("a"), "a\n");
    Runs.Run run =
        with(
            "",
            once(
                "--share",
                folder + ":/data",
                "--share",
                folder + ":/ro:ro",
                "sh",
                "-c",
                "cat /ro/a; echo b >/data/b; echo c >/ro/c"));
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).isEqualTo("a\n");
    assertThat(run.err()).contains("Read-only file system");
    assertThat(folder.resolve("b")).hasContent("b\n");
    assertThat(folder.resolve("c")).doesNotExist();
    String word =
        "vm('worded') { from '%s'; run 'true'; share '%s', at: '/w', readOnly: true }.shares"
            .formatted(base, folder);
    assertThat(here("-e", word, "-o", "json").out())
        .contains("\"folder\":\"" + folder + "\"", "\"at\":\"/w\"", "\"readOnly\":true");
    assertThat(here("vm", "show", "worded", "-o", "json").out())
        .contains("[\"" + folder + ":/w:ro\"]");
    assertThat(here("vm", "rm", "worded").status()).isZero();
    Runs.Run wrong = here(once("--share", folder + "/none:/data", "true"));
    assertThat(wrong.err()).contains("its folder " + folder + "/none: it does not exist");
  }

  @Test
  void aProgramHasWhatItWasGivenAndItsStatusIsTheCommands() throws Exception {
    Runs.Run run =
        with(
            "not for it",
            once(
                "--user=1000:2000",
                "--workdir=/tmp",
                "--env=A=b c",
                "--entrypoint=[\"sh\", \"-c\"]",
                "--",
                "id -u; id -g; pwd; echo \"$A\"; cat; echo \u00fc >&2; exit 7"));
    assertThat(run).isEqualTo(new Runs.Run(7, "1000\n2000\n/tmp\nb c\n", "\u00fc\n"));
    assertThat(names()).containsExactly("web");
  }

  @Test
  void aSignalThatTheCommandGetsIsThePrograms() throws Exception {
    Process process =
        builder(once("-i", "--", "sh", "-c", "trap 'echo got; exit 9' TERM; echo up; read x"))
            .start();
    try (var out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("up");
      process.toHandle().destroy(); // Process.destroy would close what is to be read
      assertThat(out.readLine()).isEqualTo("got");
    }
    assertThat(process.waitFor()).isEqualTo(9);
    assertThat(names()).containsExactly("web");
  }

  @Test
  void whatIsPipedInComesOutAsItIs() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("VmTest: seed " + seed);
    byte[] bytes = new byte[32 << 20];
    new Random(seed).nextBytes(bytes);
    Path in = Files.write(scratch.path("random"), bytes);
    Path out = scratch.path("back");
    Process process =
        builder("vm", "exec", "-i", "web", "--", "cat")
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .start();
    assertThat(process.waitFor()).isZero();
    assertThat(Files.mismatch(in, out)).as("seed " + seed).isEqualTo(-1);
  }

  @Test
  void aReaderThatLeavesEndsTheProgramAndNothingElse() throws Exception {
    Process process = builder(exec("sh", "-c", "echo $$ >/tmp/yes; exec yes")).start();
    try (var out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("y");
    }
    assertThat(process.waitFor()).isEqualTo(128 + 13);
    assertThat(here(exec("sh", "-c", "kill -0 $(cat /tmp/yes) 2>/dev/null")).status()).isEqualTo(1);
    assertThat(mica.vms().get("web").state()).isEqualTo(Vm.State.RUNNING);
  }

  @Test
  void programsRunBesideEachOther() throws Exception {
    assertThat(here(exec("mkfifo", "/tmp/a", "/tmp/b")).status()).isZero();
    Process one = builder(exec("sh", "-c", "echo 1 >/tmp/a; cat /tmp/b; exit 3")).start();
    Process other = builder(exec("sh", "-c", "cat /tmp/a; echo 2 >/tmp/b; exit 4")).start();
    assertThat(one.inputReader().readLine()).isEqualTo("2");
    assertThat(other.inputReader().readLine()).isEqualTo("1");
    assertThat(one.waitFor()).isEqualTo(3);
    assertThat(other.waitFor()).isEqualTo(4);
  }

  /** Each stream by its own way out, whatever the bytes are, and no end of a line is made up. */
  @Test
  void theLogIsPrintedByteByByte() throws Exception {
    long seed = System.nanoTime();
    byte[] bytes = new byte[300_000];
    new Random(seed).nextBytes(bytes);
    bytes[bytes.length - 1] = 'x';
    Path folder = scratch.dir("noise");
    Files.write(folder.resolve("bytes"), bytes);
    here(
        "vm",
        "run",
        "-d",
        "--name",
        "noise",
        "-v",
        folder + ":/data:ro",
        "--from",
        base,
        "--",
        "sh",
        "-c",
        "cat /data/bytes; cat /data/bytes >&2");
    try {
      assertThat(here("vm", "wait", "noise").out()).isEqualTo("0\n");
      Path out = scratch.path("noise-out");
      Path err = scratch.path("noise-err");
      ProcessBuilder logs = builder("vm", "logs", "noise").redirectOutput(out.toFile());
      assertThat(logs.redirectError(err.toFile()).start().waitFor()).isZero();
      for (Path each : List.of(out, err)) {
        assertThat(Files.mismatch(each, folder.resolve("bytes"))).as("seed " + seed).isEqualTo(-1);
      }
    } finally {
      assertThat(here("vm", "rm", "-f", "noise").status()).isZero();
    }
  }

  /** It runs already when it looks for the program: so it says that itself. */
  @Test
  void aFirstProcessThatFindsNoProgramEndsAsAShellDoes() throws Exception {
    Runs.Run run = with("", once("--init", "none"));
    assertThat(run.status()).isEqualTo(127);
    assertThat(run.err()).contains("exec none failed: No such file or directory");
  }

  @Test
  void whatAProgramSaidIsItsWordsAndNotTheFile() throws Exception {
    String says = "echo one; echo two >&2; printf three; read x; echo; echo four; seq 3";
    Runs.Run made = here("vm", "create", "says", "-i", "--from", base, "--", "sh", "-c", says);
    assertThat(made.status()).isZero();
    try {
      assertThat(here("vm", "logs", "says").out()).isEmpty();
      assertThat(here("vm", "start", "says").status()).isZero();
      Process follows = builder("vm", "logs", "-f", "says").start();
      try (var out = follows.inputReader()) {
        assertThat(out.readLine()).isEqualTo("one");
        assertThat(with("x\n", "vm", "attach", "says").status()).isZero();
        assertThat(out.lines()).containsExactly("three", "four", "1", "2", "3");
      }
      assertThat(follows.waitFor()).isZero();
      assertThat(here("vm", "logs", "-f", "says"))
          .isEqualTo(new Runs.Run(0, "one\nthree\nfour\n1\n2\n3\n", "two\n"));
      assertThat(here("vm", "logs", "says", "--tail=2").out()).isEqualTo("2\n3\n");
      assertThat(here("vm", "logs", "says", "--tail=0").out()).isEmpty();
      assertThat(here("vm", "logs", "says", "--since=1h", "--tail=1").out()).isEqualTo("3\n");
      assertThat(here("vm", "logs", "says", "--since=2999-01-01").out()).isEmpty();
      assertThat(here("vm", "logs", "says", "--timestamps", "--tail=1").out())
          .matches("20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[.]\\d{9}Z 3\n");
      assertThat(here("vm", "logs", "says", "-o", "json").out()).contains("\"one\\ntwo\\nthree\\n");
    } finally {
      assertThat(here("vm", "rm", "-f", "says").status()).isZero();
    }
  }

  @Test
  void usersHaveNamesGroupsAndAHome() throws IOException {
    Path root = Path.of(root("people"));
    Files.createDirectory(root.resolve("etc"));
    Files.writeString(root.resolve("etc/passwd"), "pg:x:999:998::/var/pg:/bin/sh\n");
    Files.writeString(root.resolve("etc/group"), "adm:x:4:pg\nlog:x:5:pg,root\n");
    String who = "id -u; id -g; id -G; echo $HOME; pwd; echo $A";
    for (String[] line :
        new String[][] {
          {"pg", "999\n998\n998 4 5\n/var/pg\n/\n\n"},
          {"999", "999\n998\n998 4 5\n/var/pg\n/\n\n"},
          {"pg:adm", "999\n4\n4\n/var/pg\n/\n\n"},
          {"1000", "1000\n0\n0\n/\n/\n\n"}
        }) {
      Runs.Run run =
          here("vm", "run", "--rm", "--user", line[0], "--from", root.toString(), "sh", "-c", who);
      assertThat(run).as(line[0]).isEqualTo(new Runs.Run(0, line[1], ""));
    }
    Runs.Run run =
        here("vm", "exec", "--user=7:8", "--workdir=/tmp", "--env=A=b", "web", "sh", "-c", who);
    assertThat(run).isEqualTo(new Runs.Run(0, "7\n8\n8\n/\n/tmp\nb\n", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vm_keys", "vm_detached", "vm_words"})
  void atARealTerminal(String name) throws Exception {
    Path typist = Path.of(System.getProperty("mica.root"), "shell/src/test/pty/prompt.py");
    List<String> command = new ArrayList<>(List.of("python3", typist.toString(), name));
    command.addAll(Runs.command(List.of()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("MICA_HOME", mica.home().toString());
    builder.environment().put("VM_ROOT", base);
    builder.environment().put("TERM", "xterm-256color");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
