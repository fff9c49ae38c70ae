package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.folder.Folder;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code commit verify} and {@code commit show} say of a digest, and how they end. */
final class VerifyCommandTest extends ScratchTest {
  private Runs.Run run(String... words) {
    return Runs.here(Map.of("MICA_HOME", scratch.path("home").toString()), words);
  }

  private Path digest(Commit commit) {
    return scratch.path("home/digests/" + commit.id() + ".json");
  }

  private Commit commit(String ref, String text) {
    Union union =
        mica.unions().list().isEmpty()
            ? mica.unions()
                .create(
                    spec(
                        "u",
                        List.of(Folder.of(scratch.dir("lower"))),
                        scratch.path("upper"),
                        scratch.path("at")))
            : mica.unions().get("u");
    Scratch.write(scratch.path("at/file"), text);
    Commit commit = mica.commits().create(union, ref, "");
    scratch.awaitDigests();
    return commit;
  }

  @Test
  void itEndsWith1WhereALayerHasChanged() {
    Commit one = commit("web:v1", "one");
    commit("web:v2", "two");
    Runs.Run good = run("commit", "verify", "web:v2", "-o", "json");
    assertThat(good.status()).isZero();
    assertThat(good.err()).isEmpty();
    assertThat(good.out()).containsSubsequence("web:v2", "web:v1").doesNotContain("changed");

    Scratch.write(one.layer().resolve("file"), "1ne");
    for (String[] line :
        List.of(
            new String[] {"commit", "verify", "--all"},
            new String[] {"commit", "verify", "web:v1", "web:v2"},
            new String[] {"commit", "verify", one.id()})) {
      Runs.Run bad = run(line);
      assertThat(bad.status()).isEqualTo(1);
      assertThat(bad.out()).containsOnlyOnce("changed ").containsOnlyOnce(one.id());
    }
  }

  @Test
  void whatIsNotRecordedYetIsSaid() throws IOException {
    Commit commit = commit("web:v1", "one");
    assertThat(run("commit", "show", "web:v1").out()).containsPattern("digest +sha256:");
    Files.delete(digest(commit));
    Runs.Run none = run("commit", "show", "web:v1", "-o", "json");
    assertThat(none.status()).isZero();
    assertThat(none.out()).contains("\"digest\":null");
    assertThat(none.err()).contains("the digest is not recorded yet");
    Runs.Run verified = run("commit", "verify", "web:v1");
    assertThat(verified.status()).isZero();
    assertThat(verified.out()).contains("recorded ", "one is recorded now");
    assertThat(run("commit", "show", "web:v1").err()).isEmpty();
  }

  @Test
  void withoutCommitsThereIsNothingToVerify() {
    Runs.Run none = run("commit", "verify", "--all");
    assertThat(none.status()).isZero();
    assertThat(none.err()).contains("no commits");
    assertThat(Mica.open(scratch.path("home")).commits().verify()).isEmpty();
  }
}
