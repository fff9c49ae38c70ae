package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A host that lacks a part of the helper VM: one line says which, and all else works. */
@NeedsRoot
@Timeout(300)
final class MissingTest {
  /** What is hidden, and what is to be said of it. */
  enum Part {
    QEMU("cannot find the program qemu-system-x86_64: it is not installed; apt install qemu-"),
    VIRTIOFSD("cannot find the program virtiofsd: it is not installed; apt install qemu-system-"),
    KERNEL(
        "cannot use that kernel for a VM: MICA_KERNEL names /no/vmlinuz-1, which cannot be"
            + " read; name the file of a kernel, called vmlinuz-RELEASE");

    private final String said;

    Part(String said) {
      this.said = said;
    }
  }

  /** Runs what follows where the file server is at none of its places. */
  private static final String HIDE =
      "for each in /usr/libexec/virtiofsd /usr/lib/virtiofsd /usr/lib/qemu/virtiofsd; do"
          + " [ ! -e $each ] || mount --bind /dev/null $each || exit 9; done; exec \"$@\"";

  private final Scratch scratch = new Scratch();

  @AfterEach
  void end() {
    scratch.close();
  }

  @ParameterizedTest
  @EnumSource
  void isToldInOneLine(Part part) throws Exception {
    String at = " --lower @/lower --upper @/upper --at @/at --via ";
    scratch.dir("lower");
    Runs.Run run =
        run(
            part,
            "fuse",
            "union create" + at + "guest",
            "helper start",
            "helper console",
            "helper show -o json",
            "doctor -o json",
            "union create" + at + "auto -o json",
            "union rm --all");
    assertThat(run.err().lines().filter(line -> line.startsWith("mica: cannot")))
        .satisfiesExactly(
            line ->
                assertThat(line).startsWith("mica: cannot create the union").contains(part.said),
            line -> assertThat(line).startsWith("mica: " + part.said),
            line -> assertThat(line).contains("it does not run; start it with mica helper start"));
    assertThat(run.out())
        .contains("{\"state\":\"none\"")
        .contains("\"name\":\"helper VM\",\"detail\":\"" + part.said)
        .contains("\"via\":\"kernel\"");
    Runs.Run auto = run(part, "kernel,fuse", "union create" + at + "auto");
    assertThat(auto.err().lines())
        .singleElement()
        .satisfies(line -> assertThat(line).contains("MICA_WITHOUT").contains(part.said));
  }

  private Runs.Run run(Part part, String without, String... lines) throws Exception {
    String text = String.join("\n", lines).replace("@", scratch.path("").toString()) + "\n";
    File in = scratch.file("in", text).toFile();
    File out = scratch.path("out").toFile();
    File err = scratch.path("err").toFile();
    List<String> command = new ArrayList<>();
    if (part == Part.VIRTIOFSD) {
      command.addAll(List.of("unshare", "--mount", "sh", "-c", HIDE, "sh"));
    }
    command.addAll(Runs.command(List.of()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectInput(in);
    Map<String, String> environment = builder.environment();
    environment.put("MICA_HOME", scratch.path("home").toString());
    environment.put("MICA_WITHOUT", without);
    if (part == Part.QEMU) {
      environment.put("PATH", scratch.dir("empty").toString());
    }
    if (part == Part.KERNEL) {
      environment.put("MICA_KERNEL", "/no/vmlinuz-1");
    }
    int status = builder.redirectOutput(out).redirectError(err).start().waitFor();
    return new Runs.Run(status, Scratch.read(out.toPath()), Scratch.read(err.toPath()));
  }
}
