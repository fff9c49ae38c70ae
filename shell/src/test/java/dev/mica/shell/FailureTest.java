package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.folder.Folder;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What fails at run time: one line, the status of the page on commands, and nothing changed. */
@NeedsRoot
@SuppressWarnings("NullAway.Init") // JUnit runs the set-up
final class FailureTest {
  private final Scratch scratch = new Scratch();
  private String before;

  @BeforeEach
  void setUp() {
    scratch.file("p/lower/file", "text");
    scratch.file("p/full/file", "text");
    scratch.dir("p/empty");
    Scratch.run("ln", "-s", "nowhere", scratch.path("p/dangling").toString());
    run("union create --name live --lower @/lower --upper @/upper --at @/live");
    Scratch.write(scratch.path("p/live/new"), "new");
    run("commit create web:v1 --union live");
    before = state();
  }

  @AfterEach
  void tearDown() {
    scratch.close();
  }

  private Runs.Run run(String line) {
    String[] words =
        Arrays.stream(line.split(" ", -1))
            .map(word -> word.replace("@", scratch.path("p").toString()).replace("^", "\n"))
            .toArray(String[]::new);
    return Runs.here(Map.of("MICA_HOME", scratch.path("home").toString()), words);
  }

  /** All that a command could have changed. */
  private String state() {
    Mica mica = Mica.open(scratch.path("home"));
    return String.join(
        "\n",
        Folder.of(scratch.path("p")).digest(),
        Folder.of(scratch.path("home/layers")).digest(),
        String.valueOf(mica.unions().list().stream().map(u -> u.name() + u.state()).toList()),
        String.valueOf(mica.commits().list().stream().map(c -> c.id() + c.refs()).toList()),
        String.valueOf(scratch.mounts()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "1 | union create --lower @/no --upper @/u --at @/at"
            + " | cannot create the union at at @/at: the lower @/no does not exist",
        "1 | union create --lower @/lower/file --upper @/u --at @/at"
            + " | cannot create the union at at @/at: the lower @/lower/file is not a directory",
        "1 | union create --lower @/lower --upper @/lower/u --at @/at"
            + " | cannot create the union at at @/at: the lower @/lower and the upper @/lower/u"
            + " overlap; keep lowers, upper, work directory and mount point apart",
        "1 | union create --lower @/lower --upper @/u --at @/u/at"
            + " | cannot create the union at at @/u/at: the mount point @/u/at: it does not exist",
        "1 | union create --lower @/lower --upper @/u --at @/full"
            + " | cannot create the union full at @/full: the directory is not empty; mount at an"
            + " empty or new directory",
        "1 | union create --lower @/lower --upper @/upper --at @/at | @/upper",
        "1 | union create --lower @/lower --upper @/u --at @/at --name live | live",
        "1 | union create --lower @/lower --upper @/u --at @/live | @/live",
        "1 | union create --lower @/lower --upper @/full/file --at @/at | @/full/file",
        "1 | union create --lower @/lower --upper @/dangling --at @/at | @/dangling",
        "1 | union create --lower @/no^such --upper @/u --at @/at"
            + " | the lower @/no\\nsuch does not exist",
        "1 | union create --lower no:such --upper @/u --at @/at | no:such",
        "2 | union create --lower @/lower --upper @/u --at @/at --name a/b"
            + " | cannot name a union a/b: a name is",
        "2 | union create --lower zip:@/no.zip --read-only --at @/at"
            + " | that takes a local folder; copy it to one first",
        "2 | union create --lower @/lower --upper @/u --at zip:@/no.zip | a local folder",
        "1 | diff @/lower @/no | cannot compare @/no: no such directory",
        "1 | diff @/lower @/no^such | cannot compare @/no\\nsuch: no such directory",
        "1 | diff @/lower/file @/full | cannot compare @/lower/file: not a directory",
        "2 | diff web:v1 @/lower | one is a commit, the other a folder; mount the commit",
        "1 | union show livee"
            + " | cannot find the union livee: there is none of that name; did you mean live?",
        "1 | union rm nothing | cannot find the union nothing: there is none of that name",
        "1 | union diff a^b | cannot find the union a\\nb: there is none of that name",
        "1 | union remount nothing | cannot find the union nothing",
        "1 | commit create web:v2 --union live"
            + " | cannot commit web:v2 from the union live: nothing has changed in it",
        "2 | commit create no/tag! --union live | no/tag!",
        "1 | commit create web:v2 --union nothing | cannot find the union nothing",
        "1 | commit show web:v9"
            + " | cannot find the commit web:v9: there is none of that name; did you mean web:v1?",
        "1 | commit diff web:v1 web:v9 | cannot find the commit web:v9",
        "1 | commit rm web:v1 | live",
        "1 | commit verify web:v1 web:v9 | cannot find the commit web:v9",
        "1 | commit mount web:v1 --at @/full | the directory is not empty",
        "1 | commit mount web:v1 --at @/lower/file | @/lower/file",
      })
  void isOneLineAndChangesNothing(int status, String line, String message) {
    Runs.Run run = run(line);
    assertThat(run.err())
        .startsWith("mica: cannot ")
        .contains(message.replace("@", scratch.path("p").toString()));
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(status);
    assertThat(List.of(state())).containsExactly(before);
  }
}
