package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code commit save X - | commit load -}: images between processes, by a shell's pipes. */
@NeedsRoot
final class PipedImagesTest {
  private final Scratch scratch = new Scratch();
  private final Mica mica = Mica.open(scratch.path("home"));

  @BeforeEach
  void make() {
    scratch.file("tree/large", "some lines\n".repeat(100_000));
    var _ = mica.commits().importFolder(scratch.path("tree").toString(), "web:v1");
  }

  @AfterEach
  void end() {
    scratch.close();
  }

  /** Runs a script of bash, in which {@code mica} is the program; what it prints, and says. */
  private String bash(String script) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of("bash", "-c", "mica() { \"${all[@]}\" \"$@\"; }; all=(\"$@\"); " + script));
    command.add("bash");
    command.addAll(Runs.command(List.of()));
    ProcessBuilder builder = new ProcessBuilder(command).directory(scratch.path("").toFile());
    builder.environment().put("MICA_HOME", mica.home().toString());
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  @Test
  void anImageGoesFromOneStateDirectoryToAnother() throws Exception {
    String said =
        bash(
            "set -o pipefail; mica commit save web:v1 - | MICA_HOME=$PWD/other mica commit load -");
    assertThat(said).contains("web:v1");
    Commit there = Mica.open(scratch.path("other")).commits().get("web:v1");
    assertThat(there.digest()).isEqualTo(mica.commits().get("web:v1").digest());
  }

  /** The archive is all that is printed, whatever form the output is to have. */
  @Test
  void theStreamIsTheFile() throws Exception {
    String said =
        bash(
            "mica commit save web:v1 file >/dev/null && mica commit save web:v1 - | cmp - file"
                + " && mica commit save web:v1 - --output json | cmp - file && echo same");
    assertThat(said).isEqualTo("same\n");
  }

  @Test
  void aReaderThatLeavesEndsIt() throws Exception {
    assertThat(bash("mica commit save web:v1 - --compression none | head -c 512 | wc -c"))
        .isEqualTo("512\n");
  }

  @Test
  void aFullDiskIsAFailure() throws Exception {
    assertThat(bash("mica commit save web:v1 - >/dev/full; echo $?"))
        .startsWith("mica: cannot ")
        .contains("No space left on device")
        .endsWith("\n1\n");
  }

  @Test
  void aTerminalGetsNoArchive() throws Exception {
    for (String line : List.of("commit save web:v1 -", "commit load -")) {
      String said =
          bash(
              "printf -v words '%q ' \"${all[@]}\"; script -qec \"$words "
                  + line
                  + "\" /dev/null </dev/null; echo $?");
      assertThat(said).contains("an archive is not for a terminal").contains("2\n");
    }
  }
}
