package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.test.Daemons;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/**
 * A test of {@code vm …} with real VMs. A class has one state directory for all its tests, and in
 * it one VM that runs and that nobody ends.
 */
@NeedsRoot
@Timeout(300)
abstract class VmTestBase {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  static Scratch scratch;
  static Mica mica;
  static String base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    mica = Mica.open(scratch.path("home"));
    Guests.into(mica.home());
    base = root("base");
    Runs.Run run = here("vm", "run", "-d", "--name", "web", "--from", base, "sleep", "100000");
    assertThat(run).isEqualTo(new Runs.Run(0, "web\n", ""));
  }

  static String root(String name) throws IOException {
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

  static List<String> names() {
    return mica.vms().list().stream().map(Vm::name).toList();
  }

  static List<Path> folders() throws IOException {
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      return left.toList();
    }
  }

  /** In this process, which has no input for it. */
  static Runs.Run here(String... args) {
    return Runs.here(Map.of("MICA_HOME", mica.home().toString()), args);
  }

  static ProcessBuilder builder(String... args) {
    ProcessBuilder builder = new ProcessBuilder(Runs.command(List.of(), args));
    builder.environment().put("MICA_HOME", mica.home().toString());
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  /** In a process of its own, with that input. */
  static Runs.Run with(String input, String... args) throws Exception {
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
  static String[] once(String... words) {
    List<String> all = new ArrayList<>(List.of("vm", "run", "--rm", "--from", base));
    all.addAll(List.of(words));
    return all.toArray(String[]::new);
  }
}
