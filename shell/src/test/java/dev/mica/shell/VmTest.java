package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.test.Daemons;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code vm …} as a user has it, with real VMs: from programs and pipes, and at a real terminal.
 * One state directory for all, and one VM that runs and that nobody ends.
 */
@NeedsRoot
@Timeout(300)
final class VmTest {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static Mica mica;
  private static String base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    mica = Mica.open(scratch.path("home"));
    base = root("base");
    Runs.Run run = here("vm", "run", "-d", "--name", "web", "--from", base, "sleep", "100000");
    assertThat(run).isEqualTo(new Runs.Run(0, "web\n", ""));
  }

  private static String root(String name) throws IOException {
    Path root = scratch.dir(name);
    for (String folder : List.of("bin", "dev", "proc", "sys", "tmp", "root")) {
      Files.createDirectory(root.resolve(folder));
    }
    Files.copy(BUSYBOX, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet :
        List.of(
            "cat", "echo", "env", "false", "id", "mkfifo", "pwd", "seq", "sh", "sleep", "stty",
            "true", "yes")) {
      Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
    }
    return root.toString();
  }

  @AfterAll
  static void end() throws IOException {
    try {
      assertThat(names()).as("what the tests left").containsExactly("web");
      assertThat(here("vm", "rm", "--force", "--all").status()).isZero();
      assertThat(folders()).isEmpty();
      assertThat(Daemons.of(mica.home())).isEmpty();
    } finally {
      mica.vms().list().forEach(Vm::kill);
      scratch.close();
    }
  }

  private static List<String> names() {
    return mica.vms().list().stream().map(Vm::name).toList();
  }

  private static List<Path> folders() throws IOException {
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      return left.toList();
    }
  }

  /** In this process, which has no input for it. */
  private static Runs.Run here(String... args) {
    return Runs.here(Map.of("MICA_HOME", mica.home().toString()), args);
  }

  private static ProcessBuilder builder(String... args) {
    ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of(), args));
    builder.environment().put("MICA_HOME", mica.home().toString());
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  /** In a process of its own, with that input. */
  private static Runs.Run with(String input, String... args) throws Exception {
    Path err = Files.createTempFile(scratch.path(""), "err", "");
    Process process =
        builder(args)
            .redirectInput(scratch.file("in", input).toFile())
            .redirectError(err.toFile())
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Runs.Run(process.waitFor(), out, Scratch.read(err));
  }

  /** A VM of its own for that program, of which nothing may be left. */
  private static String[] once(String... words) {
    List<String> all = new ArrayList<>(List.of("vm", "run", "--rm", "--from", base));
    all.addAll(List.of(words));
    return all.toArray(String[]::new);
  }

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

  @Test
  void oneIsStoppedAndStartedAndSaysWhatItIs() throws Exception {
    String program =
        "trap 'echo bye; exit 3' TERM; echo gr\u00fc\u00df; while :; do sleep 1 & wait $!; done";
    assertThat(
            here("vm", "create", "two", "--label=a=b", "--from", base, "--", "sh", "-c", program)
                .status())
        .isZero();
    try {
      assertThat(here("vm", "ls").out()).containsPattern("two +created ");
      assertThat(here("vm", "start", "two").status()).isZero();
      // The trap is set when it has said something.
      assertThat(
              Poll.until(SOON, () -> here("vm", "logs", "two").out().contains("gr\u00fc\u00df\n")))
          .isTrue();
      assertThat(here("vm", "pause", "two").status()).isZero();
      assertThat(here("vm", "show", "two", "-o", "json").out()).contains("\"state\":\"paused\"");
      assertThat(here("vm", "exec", "two", "--", "id").err()).contains("it is paused");
      assertThat(here("vm", "rm", "two").err()).contains("it is paused").contains("stop it first");
      assertThat(here("vm", "resume", "two").status()).isZero();
      assertThat(here("vm", "stats", "two").out()).contains("memory");
      assertThat(here("vm", "restart", "two").status()).isZero();
      assertThat(here("vm", "logs", "two").out()).contains("bye\n");
      assertThat(here("vm", "kill", "two").status()).isZero();
      assertThat(here("vm", "ls").out()).contains("exited 137 (signal 9)");
      assertThat(here("vm", "wait", "two")).isEqualTo(new Runs.Run(0, "137\n", ""));
    } finally {
      assertThat(here("vm", "rm", "-f", "two").status()).isZero();
    }
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

  /** The letters and sizes of other container programs. */
  @Test
  void optionsAreWrittenAsElsewhere() throws Exception {
    String shared = scratch.dir("shared").toString();
    Runs.Run run =
        with(
            "",
            once(
                "-m",
                "192m",
                "-e",
                "A=b",
                "-e",
                "MICA_HOME",
                "-u",
                "5:6",
                "-w",
                "/tmp",
                "-v",
                shared + ":/data:ro",
                "--",
                "sh",
                "-c",
                "id -u; id -g; pwd; echo $A; echo $MICA_HOME; echo >/data/x"));
    assertThat(run.out()).isEqualTo("5\n6\n/tmp\nb\n" + mica.home() + "\n");
    assertThat(run.err()).contains("Read-only file system");
    Runs.Run exec = here("vm", "exec", "-e", "B=c", "-u", "7", "-w", "/bin", "web", "--", "env");
    assertThat(exec.out()).contains("B=c\n");
    assertThat(here("vm", "kill", "web", "-s", "CONT").status()).isZero();
    assertThat(here("vm", "ls").out()).containsPattern("web +running ");
  }

  @Test
  void aVmIsShownWithWhatItWasMadeWith() {
    Runs.Run made =
        here(
            "vm",
            "create",
            "lab",
            "-l",
            "tier=front",
            "-l",
            "a=b",
            "-u",
            "5",
            "-w",
            "/tmp",
            "-p",
            "80",
            "--stop-signal",
            "QUIT",
            "--from",
            base,
            "true");
    assertThat(made.err()).isEmpty();
    assertThat(here("vm", "show", "lab", "-o", "json").out())
        .contains("\"user\":\"5\"", "\"workdir\":\"/tmp\"", "\"labels\":[\"a=b\",\"tier=front\"]");
    assertThat(here("vm", "rm", "lab").status()).isZero();
  }

  /** One line each, the exit status, and nothing left. */
  @Test
  void whatIsWrongIsToldInOneLine() throws IOException {
    String[][] wrong = {
      {"2", "it does not say what to run", "vm run --from BASE"},
      {"2", "it does not say what to run", "vm run --entrypoint= --from BASE"},
      {"2", "a JSON list of texts", "vm run --entrypoint [\"a\" --from BASE true"},
      {"127", "its program none: not found", "vm run --entrypoint none --name x --from BASE true"},
      {"1", "/no/such", "vm run --from /no/such true"},
      {
        "1",
        "an image of a registry needs its tag: write debian:latest",
        "vm run --from debian true"
      },
      {"2", "128 MiB", "vm run --memory 1M --from BASE true"},
      {"2", "--memory", "vm run --memory lots --from BASE true"},
      {"2", "--memory", "vm run --memory 999999999999T --from BASE true"},
      {"1", "this host has", "vm run --memory 900T --from BASE true"},
      {"2", "--disk", "vm run --disk 999999999999T --from BASE true"},
      {"2", "processors on this host", "vm run --cpus 9999 --from BASE true"},
      {"2", "--cpus", "vm run --cpus few --from BASE true"},
      {"2", "its user", "vm run --user a:b:c --from BASE true"},
      {"1", "has no user nobody", "vm run --user nobody --from BASE true"},
      {"1", "has no group none", "vm exec --user 0:none web id"},
      {"2", "its user", "vm exec --user : web id"},
      {"2", "not absolute", "vm exec --workdir tmp web id"},
      {"126", "its working folder /bin/sh: it is not a folder", "vm exec --workdir /bin/sh web id"},
      {"2", "not absolute", "vm run --workdir tmp --from BASE true"},
      {"2", "on-failure:N and always", "vm run --restart often --from BASE true"},
      {"2", "leave out --rm or --restart", "vm run --rm --restart always --from BASE true"},
      {"2", "as nofile=1024:2048", "vm run --ulimit 1024 --from BASE true"},
      {"2", "files open at most", "vm run --ulimit nofile=-1 --from BASE true"},
      {"2", "you have no variable A; write NAME=VALUE", "vm run --env A --from BASE true"},
      {"2", "there is no signal NONE", "vm run --stop-signal NONE --from BASE true"},
      {"2", "there is no signal NONE", "vm kill --signal NONE web"},
      {"2", "a name is", "vm run --name .x --from BASE true"},
      {"1", "there is one of that name", "vm run --name web --from BASE true"},
      {"127", "VM x: its program no/such: there is no", "vm run --name x --from BASE no/such"},
      {"127", "VM x: its program none: not found in its PATH", "vm run --name x --from BASE none"},
      {"126", "VM x: its program /tmp: permission denied", "vm run --name x --from BASE /tmp"},
      {"127", "the VM web: its program none: not found", "vm exec web none"},
      {"126", "the VM web: its program /proc/version: permission", "vm exec web /proc/version"},
      {"2", "--tail", "vm logs --tail few web"},
      {"2", "--since", "vm logs --since soon web"},
      {"2", "--follow", "vm logs -f -o json web"},
      {"1", "it is running", "vm start web"},
      {"1", "stop it first", "vm rm web"},
      {"1", "it is running", "vm resume web"},
      {"2", "--time", "vm stop web --time soon"},
      {"2", "it does not say which", "vm exec web"},
      {"127", "there is no such file", "vm exec web /no/such"},
      {"1", "did you mean web?", "vm exec wbe id"},
      {"2", "", "vm rm"},
    };
    for (String[] line : wrong) {
      refused(Integer.parseInt(line[0]), line[1], line[2].replace("BASE", base).split(" "));
    }
    for (String verb :
        List.of(
            "show", "start", "stop", "kill", "pause", "resume", "restart", "attach", "wait", "logs",
            "stats", "rm", "console", "shell")) {
      refused(1, "did you mean web?", "vm", verb, "wbe");
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
  void aHostWithoutTiniIsToldHowToHaveIt() throws Exception {
    List<String> hidden =
        List.of(
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount --bind /dev/null /usr/bin/tini-static && exec \"$@\"",
            "sh");
    ProcessBuilder builder = builder(once("--init", "--name=x", "true"));
    builder.command().addAll(0, hidden);
    Process process = builder.redirectError(ProcessBuilder.Redirect.PIPE).start();
    assertThat(process.errorReader().lines())
        .containsExactly(
            "mica: cannot find the program tini-static: it is not installed; apt install tini");
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(names()).containsExactly("web");
  }

  private static void refused(int status, String why, String... args) throws IOException {
    Runs.Run run = here(args);
    String what = String.join(" ", args) + ": " + run.err();
    assertThat(run.status()).as(what).isEqualTo(status);
    assertThat(run.out()).as(what).isEmpty();
    assertThat(run.err()).as(what).startsWith("mica: ").contains(why).doesNotContain("internal");
    assertThat(run.err().lines()).as(what).hasSize(1);
    assertThat(names()).as(what).containsExactly("web");
    assertThat(folders()).as(what).hasSize(1);
  }

  /** Neither a reader that leaves nor a command that is killed keeps it. */
  @Test
  void oneThatIsToBeRemovedGoesWithNobodyThere() throws Exception {
    Process left = builder(once("--name=left", "--", "yes")).start();
    try (var out = left.inputReader()) {
      assertThat(out.readLine()).isEqualTo("y");
    }
    assertThat(left.waitFor()).isZero();
    assertThat(names()).contains("left");
    Process killed =
        builder(once("-i", "--name=killed", "--", "sh", "-c", "echo up; read x")).start();
    assertThat(killed.inputReader().readLine()).isEqualTo("up");
    killed.destroyForcibly().waitFor();
    assertThat(here("vm", "stop", "left", "--time=1").out()).contains("removed");
    assertThat(here("vm", "kill", "killed").out()).contains("removed");
    assertThat(here("vm", "run", "-d", "--rm", "--from", base, "true").status()).isZero();
    assertThat(Poll.until(SOON, () -> names().equals(List.of("web")))).isTrue();
  }

  @Test
  void allThatDoNotRunAreRemovedAndTheOthersNamed() {
    for (String name : List.of("a", "z")) {
      assertThat(here("vm", "create", name, "--from", base, "true").status()).isZero();
    }
    Runs.Run run = here("vm", "rm", "--all");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("a\n").contains("z\n");
    assertThat(run.err()).contains("cannot remove the VM web: it is running").hasLineCount(1);
    assertThat(names()).containsExactly("web");
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

  @Test
  void aRootWhoseProcIsNoFolderIsRefused() throws IOException {
    Path odd = Path.of(root("odd"));
    Files.delete(odd.resolve("proc"));
    Files.createSymbolicLink(odd.resolve("proc"), Path.of("tmp"));
    refused(1, "proc", "vm", "run", "--from", odd.toString(), "true");
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
