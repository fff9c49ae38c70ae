package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.NeedsRoot;
import dev.mica.test.Nobody;
import dev.mica.test.Scratch;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What only root may, asked for by a process of nobody's: exit status 3, and one line says why. */
@NeedsRoot
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class PrivilegeTest {
  private static Scratch scratch;
  private static Nobody nobody;

  @BeforeAll
  static void make() {
    scratch = new Scratch();
    nobody = new Nobody(scratch.path(""));
    scratch.dir("lower");
    scratch.dir("closed/inside");
    scratch.file("closed/inside/script.groovy", "1");
    scratch.file("closed/inside/script.jsh", "1");
    scratch.file("closed/inside/script", "1");
    scratch.file("kept.zip", "");
    scratch.dir("kept");
    Scratch.run("chmod", "0700", scratch.path("closed").toString());
    Scratch.run("chmod", "0600", scratch.path("kept.zip").toString());
    Scratch.run("chmod", "0711", scratch.path("kept").toString());
  }

  @AfterAll
  static void end() {
    scratch.close();
  }

  private static Runs.Run run(Map<String, String> environment, String line) throws Exception {
    String words = filled(line);
    File out = scratch.path("out").toFile();
    File err = scratch.path("err").toFile();
    ProcessBuilder builder = nobody.java("dev.mica.shell.Main", List.of(words.split(" ")));
    builder.environment().putAll(environment);
    int status = builder.redirectOutput(out).redirectError(err).start().waitFor();
    return new Runs.Run(status, Scratch.read(out.toPath()), Scratch.read(err.toPath()));
  }

  private static String filled(String line) {
    return line.replace("@", scratch.path("").toString()).replace("~", home().toString());
  }

  private static Path home() {
    return nobody.home();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "union create --lower @/lower --upper ~/u --at ~/m --via kernel | only root may mount the",
        "union create --lower @/lower --upper ~/u --at ~/m --via guest | a helper VM: only root may",
        "union create --read-only --lower @/lower --at ~/m --via kernel | only root may mount the",
        "-e union{lower('@/lower');at('~/m');via(kernel);readOnly} | only root may mount the",
        "helper start | cannot share folders with a helper VM: only root may",
        "-e host.helper.start() | cannot share folders with a helper VM: only root may",
        "vm run --rm --from @/lower --name x true | cannot share folders with a VM: only root may",
        "diff @/closed/inside @/lower | permission denied",
        "diff @/lower @/closed/inside -o json | permission denied",
        "-e folder('@/closed').list() | permission denied",
        "-e folder('@/closed/inside').tree() | permission denied",
        "-e folder('@/closed/inside').directory | permission denied",
        "-e folder('@/closed/inside/new').create() | permission denied",
        "-e folder('zip:@/closed/inside/a.zip').list() | permission denied",
        "-e folder('zip:@/kept.zip').list() | @/kept.zip: permission denied",
        "-e java.nio.file.Files.list(java.nio.file.Path.of('@/closed')) | permission denied",
        "@/closed/inside/script.groovy | cannot run @/closed/inside/script.groovy: permission denied",
        "run @/closed/inside/script.jsh | cannot run @/closed/inside/script.jsh: permission denied",
        "@/closed/inside/script | cannot run @/closed/inside/script: permission denied",
        "union create --lower @/closed/inside --upper ~/u --at ~/m"
            + " | cannot create the union m at ~/m: the lower @/closed/inside: permission denied",
        "union create --lower @/closed --upper ~/u --at ~/m"
            + " | cannot create the union m at ~/m: the lower @/closed: ",
        "union create --lower @/lower --upper @/closed/u --at ~/m"
            + " | the upper @/closed/u: permission denied",
        "union create --lower @/lower --upper @/closed/inside/u --at ~/m"
            + " | the upper @/closed/inside/u: permission denied",
        "union create --lower @/lower --upper ~/u --work @/closed/inside --at ~/m"
            + " | the work directory @/closed/inside: permission denied",
        "union create --lower @/lower --upper ~/u --at @/closed/inside"
            + " | the mount point @/closed/inside: permission denied",
        "union create --lower @/lower --upper ~/u --at @/kept"
            + " | the mount point @/kept: permission denied",
        "-e union{lower('@/closed/inside');at('~/m');readOnly}"
            + " | the lower @/closed/inside: permission denied",
      })
  void isDenied(String line, String why) throws Exception {
    Runs.Run run = run(Map.of(), line);
    assertThat(run.err().lines())
        .as(run.toString())
        .singleElement()
        .satisfies(said -> assertThat(said).startsWith("mica: ").containsIgnoringCase(filled(why)));
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(3);
    assertThat(home().resolve("u")).doesNotExist();
    assertThat(home().resolve("m")).doesNotExist();
  }

  @Test
  void whereNoMounterIsLeftButRootsIsDenied() throws Exception {
    Runs.Run run =
        run(Map.of("MICA_WITHOUT", "fuse"), "union create --lower @/lower --upper ~/u --at ~/m");
    assertThat(run.err().lines())
        .singleElement()
        .satisfies(said ->
            assertThat(said)
                .contains("only root may mount", "MICA_WITHOUT=fuse")
                .endsWith("a helper VM: only root may; run it as root"));
    assertThat(run.status()).isEqualTo(3);
  }

  /** It is not gone because this user may not look. */
  @Test
  void aFolderOutOfReachIsToldAsThat() throws Exception {
    Map<String, String> environment = Map.of("MICA_HOME", scratch.path("given").toString());
    String create = filled("union create --read-only --lower @/closed/inside --at @/given-ro");
    assertThat(Runs.here(environment, create.split(" ")).status()).isZero();
    Scratch.run("chown", "-R", "65534:65534", scratch.path("given").toString());
    Runs.Run run = run(environment, "union show given-ro -o json");
    assertThat(run.out())
        .as(run.toString())
        .contains(filled("its lower @/closed/inside is out of reach: permission denied"));
  }

  @Test
  void theStateOfRootIsDenied() throws Exception {
    scratch.dir("state");
    for (String line :
        List.of("union ls", "commit ls", "union rm --all", "doctor --settle x --keep")) {
      Runs.Run run = run(Map.of("MICA_HOME", scratch.path("state").toString()), line);
      assertThat(run.err()).as(line).contains("the state directory");
      assertThat(run.status()).as(line).isEqualTo(3);
    }
  }
}
