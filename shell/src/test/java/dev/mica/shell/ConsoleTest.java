package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.Machine;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The console of a real helper VM: with lines from a program, and at a real terminal. */
@NeedsRoot
@Timeout(300)
final class ConsoleTest {
  private static Scratch scratch;
  private static Mica mica;

  @BeforeAll
  static void make() {
    scratch = new Scratch();
    mica = Mica.open(scratch.path("home"));
    Guests.into(mica.home());
  }

  @AfterAll
  static void end() {
    mica.host().helper().kill();
    scratch.close();
  }

  @BeforeEach
  void start() {
    mica.host().helper().start();
  }

  private static Runs.Run run(String lines, String... options) throws Exception {
    List<String> args = new ArrayList<>(List.of("helper", "console"));
    args.addAll(List.of(options));
    return with(lines, args.toArray(String[]::new));
  }

  private static Runs.Run with(String lines, String... args) throws Exception {
    File in = scratch.file("in", lines).toFile();
    File out = scratch.path("out").toFile();
    File err = scratch.path("err").toFile();
    ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of(), args)).redirectInput(in);
    builder.environment().put("MICA_HOME", mica.home().toString());
    int status = builder.redirectOutput(out).redirectError(err).start().waitFor();
    return new Runs.Run(status, Scratch.read(out.toPath()), Scratch.read(err.toPath()));
  }

  @Test
  void linesAreAnsweredOneByOne() throws Exception {
    Runs.Run run = run("x sync\n\n  y nothing\nz-1 idle seconds=60");
    assertThat(run.out().lines().map(line -> line.replaceAll(" errno=.*", "")))
        .containsExactly("x ok", "y error", "z-1 ok");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run("help").out()).contains("\npoweroff: ").endsWith("\nhelp ok\n");
    assertThat(run("").out()).isEmpty();
    assertThat(run("x sync\n", "-o", "json").out()).isEqualTo("{\"console\":\"x ok\\n\"}\n");
  }

  @Test
  void whatTheTerminalWouldTakeIsNotSent() throws Exception {
    Runs.Run run = run("x li\u0003st\n");
    assertThat(run.err()).startsWith("mica: cannot send to the console x li").contains("control");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run("x sync text=" + "y".repeat(5000)).status()).isEqualTo(2);
  }

  @Test
  void aGuestThatEndsIsTold() throws Exception {
    Runs.Run run = run("x poweroff\ny list\n");
    assertThat(run.out()).startsWith("x ok\n");
    assertThat(run.err())
        .isEqualTo("mica: cannot hear the answer to 'y list': the helper VM has ended\n");
    assertThat(run.status()).isEqualTo(1);
    mica.host().helper().stop();
    assertThat(mica.host().helper().state()).isEqualTo(Machine.State.NONE);
    assertThat(run("").err())
        .isEqualTo(
            "mica: cannot attach to the console of the helper VM: it does not run;"
                + " start it with mica helper start\n");
  }

  /** Those of a conversation from a pipe, and a script's. */
  @Test
  void otherLinesAreNotTheConsoles() throws Exception {
    Runs.Run piped = with("helper console\nhost.helper.console().recent.size() >= 0\n");
    assertThat(piped.err()).contains(": the lines here are commands; ");
    assertThat(piped.out()).isEqualTo("true\n");
    assertThat(piped.status()).isEqualTo(2);
    assertThat(with("", "-e", "host.helper.console().withCloseable { it.recent.class }").out())
        .isEqualTo("class java.lang.String\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"console", "restored", "killed", "booting"})
  void atARealTerminal(String name) throws Exception {
    Path typist = Path.of(System.getProperty("mica.root"), "shell/src/test/pty/prompt.py");
    List<String> command = new ArrayList<>(List.of("python3", typist.toString(), name));
    command.addAll(Runs.command(List.of()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("MICA_HOME", mica.home().toString());
    builder.environment().put("TERM", "xterm-256color");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
