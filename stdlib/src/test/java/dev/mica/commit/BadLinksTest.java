package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What leads to a record is wrong, or says a wrong order: names that are none, commits that stand
 * on themselves, and times by which a commit is older than its parent.
 */
@Timeout(300) // a circle would be followed for ever
final class BadLinksTest extends RecordsTestBase {
  @TestFactory
  Stream<DynamicTest> aNameThatIsNoneLeadsNowhere() {
    String id = commits().getFirst().id();
    return Stream.of(
            "../commits/" + id,
            "../commits/" + id + ".json",
            "..",
            ".",
            "",
            "/",
            "/etc/passwd",
            "u/../u",
            "u\0",
            "u\n",
            "\u001b[31m",
            "u.json",
            "-u",
            "*")
        .map(name -> DynamicTest.dynamicTest("'" + name + "'", () -> checkNone(name)));
  }

  private void checkNone(String name) {
    assertThat(mica.unions().find(name)).isEmpty();
    assertThat(mica.commits().find(name)).isEmpty();
    for (ThrowingCallable action :
        List.<ThrowingCallable>of(
            () -> mica.unions().get(name),
            () -> mica.commits().get(name),
            () -> mica.commits().log(name))) {
      assertThatThrownBy(action)
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("there is none of that name")
          .extracting(failure -> String.valueOf(failure.getMessage()))
          .matches(text -> text.chars().noneMatch(Character::isISOControl));
    }
    assertThat(mica.commits().list()).hasSize(3);
  }

  /** The commits, oldest first, and on which each stands by its record then. */
  static Stream<List<Integer>> circles() {
    return Stream.of(List.of(0), List.of(1, 0), List.of(2, 0, 1), List.of(7, 0, 1, 2, 3, 4, 5, 6));
  }

  @ParameterizedTest
  @MethodSource("circles")
  void whatStandsOnItselfIsToldAndEverythingEnds(List<Integer> parents) throws IOException {
    scratch.file("lower/file", "lower");
    Union union = union("u", scratch.path("lower"), scratch.path("upper"), at);
    List<Commit> commits = new ArrayList<>();
    for (int i = 0; i < parents.size(); i++) {
      Scratch.write(at.resolve("file" + i), "text");
      commits.add(mica.commits().create(union, "c:" + i, ""));
    }
    union.remove();
    Union other = union("w", scratch.path("lower"), scratch.path("up2"), scratch.path("at2"));
    Scratch.write(scratch.path("at2/file"), "whole");
    Commit whole = mica.commits().create(other, "whole:v1", "");
    for (int i = 0; i < parents.size(); i++) {
      Path file = commitFile(commits.get(i).id());
      String below = "[\"layer:" + commits.get(parents.get(i)).id() + "\", \"/srv\"]";
      String parent = "\"" + commits.get(parents.get(i)).id() + "\"";
      String changed = with(Files.readString(file), "below", below);
      Files.writeString(
          file, changed.replaceFirst("\"parent\" : (\"[^\"]*\"|null)", "\"parent\" : " + parent));
    }
    assertThat(mica.commits().list()).extracting(Commit::id).containsExactly(whole.id());
    assertThat(mica.commits().damaged()).hasSize(parents.size());
    assertThat(mica.commits().graph()).contains("whole:v1").doesNotContain("c:");
    for (Commit commit : commits) {
      Path file = commitFile(commit.id());
      assertThat(mica.commits().damaged())
          .anyMatch(bad -> String.valueOf(bad.getMessage()).contains(file.toString()));
      for (ThrowingCallable action :
          List.<ThrowingCallable>of(
              () -> mica.commits().log(commit.id()),
              () -> mica.commits().get(commit.id()).diff(),
              () -> mica.commits().get(commit.id()).diff(whole),
              () -> whole.diff(mica.commits().get(commit.id())),
              commit::remove)) {
        assertThatThrownBy(action)
            .isInstanceOf(MicaException.class)
            .hasMessageContaining("stands on itself");
      }
    }
    assertThat(mica.commits().gc()).isEmpty();
    assertThat(commits).allMatch(commit -> Files.isDirectory(commit.layer()));
    for (Commit commit : commits) {
      Files.delete(commitFile(commit.id())); // what the message says to do
    }
    other.remove();
    assertThat(mica.commits().gc()).hasSize(2 * parents.size());
    whole.remove();
    assertThat(scratch.path("home/layers")).isEmptyDirectory();
  }

  /** Each is made an hour before its parent, as far as the clock knows. */
  @Test
  void aClockThatWasSetBackChangesNoOrder() throws IOException {
    List<Commit> commits = commits();
    int hour = 20;
    for (Commit commit : commits) {
      Path file = commitFile(commit.id());
      String created = "\"2026-01-01T" + hour-- + ":00:00Z\"";
      Files.writeString(file, with(Files.readString(file), "created", created));
    }
    List<String> newestFirst = commits.reversed().stream().map(Commit::id).toList();
    assertThat(mica.commits().list()).extracting(Commit::id).isEqualTo(newestFirst);
    assertThat(mica.commits().log("better:v1")).extracting(Commit::id).isEqualTo(newestFirst);
    assertThat(mica.commits().graph())
        .isEqualTo(
            """
            * %s (better:v1)  +1 ~0 -0, 6 B
            * %s (bad:v1)  +1 ~0 -0, 3 B
            * %s (good:v1)  +1 ~0 -0, 4 B
            """
                .formatted(newestFirst.toArray()));
    mica.unions().get("u").remove();
    mica.commits().removeAll();
    assertThat(mica.commits().list()).isEmpty();
  }
}
