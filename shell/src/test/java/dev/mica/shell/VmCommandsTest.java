package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * VMs as a user has them with {@code vm …}: their options, what is shown of them, how they are
 * stopped and removed, and what is told of wrong input.
 */
final class VmCommandsTest extends VmTestBase {
  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

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
  void aRootWhoseProcIsNoFolderIsRefused() throws IOException {
    Path odd = Path.of(root("odd"));
    Files.delete(odd.resolve("proc"));
    Files.createSymbolicLink(odd.resolve("proc"), Path.of("tmp"));
    refused(1, "proc", "vm", "run", "--from", odd.toString(), "true");
  }
}
