package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.container.Vm;
import dev.mica.failure.MicaException;
import dev.mica.host.Check;
import dev.mica.test.Scratch;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** One record is bad, in each way: the others are there, and the bad one is told with its file. */
@Timeout(300) // a record that is a FIFO would be waited for
final class BadRecordsTest extends RecordsTestBase {
  private static void told(Path file, ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("damaged")
        .extracting(failure -> String.valueOf(failure.getMessage()).lines().count())
        .isEqualTo(1L);
  }

  private static void told(Path file, List<MicaException> damaged) {
    assertThat(damaged).hasSize(1);
    told(
        file,
        () -> {
          throw damaged.getFirst();
        });
  }

  private void checkCommits(List<Commit> commits) {
    Commit bad = commits.get(1);
    Path file = commitFile(bad.id());
    assertThat(mica.commits().list())
        .extracting(Commit::id)
        .containsExactly(commits.get(2).id(), commits.get(0).id());
    told(file, mica.commits().damaged());
    assertThat(mica.commits().graph())
        .contains("(good:v1)", "(better:v1)")
        .doesNotContain(bad.id());
    told(file, () -> mica.commits().get("bad:v1"));
    told(file, () -> mica.commits().get(bad.id()));
    told(file, () -> mica.commits().log("better:v1"));
    assertThat(mica.commits().log("good:v1")).hasSize(1);
    assertThat(mica.commits().get("better:v1").diff().toList()).hasSize(1);
    told(file, () -> commits.get(0).remove()); // what is damaged might stand on it
    assertThat(commits.get(0).layer()).isDirectory();
    assertThat(mica.commits().gc()).isEmpty();
    assertThat(bad.layer()).isDirectory();
  }

  /** A file with each of these instead of what it has, which is put back at the end. */
  private static Stream<DynamicTest> instead(Path file, Executable check) {
    return Stream.of(Instead.values())
        .map(instead -> with(file, instead.name(), () -> instead.put(file), check));
  }

  private static DynamicTest with(Path file, String name, Executable change, Executable check) {
    return DynamicTest.dynamicTest(
        name,
        () -> {
          String text = Files.readString(file);
          change.execute();
          check.execute();
          Files.delete(file);
          Files.writeString(file, text);
        });
  }

  @TestFactory
  Stream<DynamicTest> aBadCommitIsToldAndTheOthersAreListed() {
    List<Commit> commits = commits();
    return instead(commitFile(commits.get(1).id()), () -> checkCommits(commits));
  }

  static Stream<List<String>> badCommitValues() {
    return Stream.of(
        List.of("id", "\"0123456789ab\""),
        List.of("id", "\"../../etc\""),
        List.of("id", "{}"),
        List.of("id", ABSENT),
        List.of("below", "\"/srv\""),
        List.of("layers", "[]"),
        List.of("layers", "[\"../../etc\"]"),
        List.of("layers", "[{}]"),
        List.of("parent", "\"../../etc\""),
        List.of("parent", "[]"),
        List.of("below", "[5]"),
        List.of("below", "[null]"),
        List.of("below", "[{}]"),
        List.of("below", "[{\"path\": \"/a\", \"pathBytes\": \"?\"}]"),
        List.of("below", "[\"relative\"]"),
        List.of("below", "[\"/a\\u0000b\"]"),
        List.of("below", "[\"layer:../..\"]"),
        List.of("below", ABSENT),
        List.of("message", "[]"),
        List.of("message", ABSENT),
        List.of("created", "\"yesterday\""),
        List.of("created", "null"),
        List.of("created", ABSENT),
        List.of("origin", "{}"),
        List.of("origin", ABSENT),
        List.of("method", "\"HARDLINK\""),
        List.of("method", "null"),
        List.of("method", ABSENT));
  }

  @TestFactory
  Stream<DynamicTest> aCommitOfWrongValuesIsTold() {
    List<Commit> commits = commits();
    Path file = commitFile(commits.get(1).id());
    return badCommitValues().map(value -> of(file, value, () -> checkCommits(commits)));
  }

  /** A record with another value of that name, and that is put back. */
  private static DynamicTest of(Path file, List<String> value, Executable check) {
    return with(
        file,
        String.join(" = ", value),
        () -> Files.writeString(file, with(Files.readString(file), value.get(0), value.get(1))),
        check);
  }

  /** A newer Mica's: what it has besides is no reason to refuse it. */
  @Test
  void whatANewerMicaAddedIsLeftAlone() throws IOException {
    List<Commit> commits = commits();
    Path file = commitFile(commits.get(1).id());
    Files.writeString(
        file, Files.readString(file).replaceFirst("\\{", "{\"signed\": {\"by\": 1},"));
    assertThat(mica.commits().list()).hasSize(3);
    assertThat(mica.commits().damaged()).isEmpty();
  }

  private void checkUnions(Path file) {
    assertThat(mica.unions().list()).extracting(Union::name).containsExactly("u");
    told(file, mica.unions().damaged());
    told(file, () -> mica.unions().get("v"));
    told(file, () -> mica.unions().find("v"));
    assertThat(mica.unions().get("u").state()).isEqualTo(Union.State.MOUNTED);
  }

  private Path twoUnions() {
    scratch.file("lower/file", "lower");
    union("u", scratch.path("lower"), scratch.path("upper"), at);
    union("v", scratch.path("lower"), scratch.path("upper2"), scratch.path("at2"));
    return scratch.path("home/unions/v.json");
  }

  @TestFactory
  Stream<DynamicTest> aBadUnionIsToldAndTheOthersAreListed() {
    Path file = twoUnions();
    return instead(file, () -> checkUnions(file));
  }

  @Test
  void aBadUnionStopsNoRemovalOfTheOthers() throws IOException {
    Path file = twoUnions();
    Instead.TRUNCATED.put(file);
    assertThat(mica.unions().removeAll()).containsExactly("u");
    checkNoUnion(file);
  }

  private void checkNoUnion(Path file) {
    assertThat(mica.unions().list()).isEmpty();
    told(file, mica.unions().damaged());
    assertThat(scratch.mounts()).containsExactly(scratch.path("at2").toString());
  }

  static Stream<List<String>> badUnionValues() {
    return Stream.of(
        List.of("name", "\"u\""),
        List.of("name", ABSENT),
        List.of("lowers", "7"),
        List.of("lowers", "null"),
        List.of("lowers", "[]"),
        List.of("lowers", "[null]"),
        List.of("lowers", "[\"relative\"]"),
        List.of("lowers", "[\"/a\", \"/b\"]"),
        List.of("lowers", ABSENT),
        List.of("upper", "\"../up\""),
        List.of("upper", "{}"),
        List.of("work", "\"/a\\u0000b\""),
        List.of("workMade", "\"perhaps\""),
        List.of("workMade", ABSENT),
        List.of("at", "null"),
        List.of("at", "\"\""),
        List.of("at", ABSENT),
        List.of("via", "\"MAGIC\""),
        List.of("via", ABSENT),
        List.of("created", "\"yesterday\""),
        List.of("besides", "null"),
        List.of("besides", "\"1 2 3\""),
        List.of("besides", "\"a b c d e f\""),
        List.of("besides", ABSENT));
  }

  @TestFactory
  Stream<DynamicTest> aUnionOfWrongValuesIsTold() {
    Path file = twoUnions();
    return badUnionValues().map(value -> of(file, value, () -> checkUnions(file)));
  }

  private Path twoVms() {
    scratch.file("lower/file", "lower");
    for (String name : List.of("kept", "bad")) {
      Vm _ = mica.vms().create(CrashStep.vm(scratch.path(""), name));
    }
    return scratch.path("home/vms/bad.json");
  }

  private void checkVms(Path file) {
    assertThat(mica.vms().list()).extracting(Vm::name).containsExactly("kept");
    told(file, mica.vms().damaged());
    told(file, () -> mica.vms().get("bad"));
    told(file, () -> mica.vms().find("bad"));
    assertThat(mica.vms().get("kept").state()).isEqualTo(Vm.State.CREATED);
    assertThat(scratch.path("home/containers")).isDirectoryContaining("glob:**/*");
  }

  @TestFactory
  Stream<DynamicTest> aBadVmIsToldAndTheOthersAreListed() {
    Path file = twoVms();
    return Stream.concat(
        instead(file, () -> checkVms(file)),
        badVmValues().map(value -> of(file, value, () -> checkVms(file))));
  }

  static Stream<List<String>> badVmValues() {
    return Stream.of(
        List.of("name", "\"kept\""),
        List.of("name", ABSENT),
        List.of("id", "\"../../etc\""),
        List.of("id", ABSENT),
        List.of("lowers", "[]"),
        List.of("lowers", "[\"relative\"]"),
        List.of("lowers", ABSENT),
        List.of("is", "[]"),
        List.of("is", "[\"a b\"]"),
        List.of("is", ABSENT),
        List.of("program", ABSENT),
        List.of("created", "\"yesterday\""),
        List.of("created", ABSENT));
  }

  /** In one way for all kinds: by its file, with a line that can be run as it is. */
  @Test
  void theDoctorTellsOfABadRecordOfEachKind() throws IOException {
    List<Path> files =
        List.of(
            commitFile(commits().get(1).id()),
            twoVms(),
            scratch.path("home/unions/u.json"),
            scratch.path("home/store/refs.json"));
    List<Instead> bad =
        List.of(Instead.TRUNCATED, Instead.DIRECTORY, Instead.NO_JSON, Instead.EMPTY);
    for (int i = 0; i < files.size(); i++) {
      bad.get(i).put(files.get(i));
    }
    Map<String, Check> told = toldByDoctor();
    assertThat(told.keySet())
        .containsExactlyInAnyOrderElementsOf(files.stream().map(Path::toString).toList());
    for (Check check : told.values()) {
      assertThat(check.status()).isEqualTo(Check.Status.LIMITED);
      assertThat(check.name()).matches("record (commits|vms|unions|store)/[a-z0-9]+\\.json");
      assertThat(check.detail()).contains("it is damaged: ").hasLineCount(1);
      assertThat(check.fix()).startsWith("put it back from a backup, or mv ");
      Scratch.run("sh", "-c", String.valueOf(check.fix()).replaceFirst(".*, or ", ""));
    }
    assertThat(toldByDoctor()).isEmpty();
    assertThat(mica.vms().list()).extracting(Vm::name).containsExactly("kept");
  }

  private Map<String, Check> toldByDoctor() {
    return mica.host().checks().stream()
        .filter(check -> check.name().startsWith("record "))
        .collect(
            Collectors.toMap(check -> check.detail().replaceFirst(": .*", ""), check -> check));
  }

  /** They are found by their ids then. */
  @TestFactory
  Stream<DynamicTest> badNamesOfCommitsAreToldAndTheCommitsAreListed() {
    List<Commit> commits = commits();
    Scratch.write(at.resolve("more"), "more");
    Path file = scratch.path("home/store/refs.json");
    return instead(file, () -> checkNames(commits, file));
  }

  private void checkNames(List<Commit> commits, Path file) {
    assertThat(mica.commits().list()).hasSize(3).allMatch(commit -> commit.refs().isEmpty());
    told(file, mica.commits().damaged());
    assertThat(mica.commits().get(commits.get(1).id()).parent().orElseThrow().id())
        .isEqualTo(commits.get(0).id());
    assertThat(mica.commits().graph().lines()).hasSize(3);
    told(file, () -> mica.commits().get("bad:v1"));
    told(file, () -> mica.commits().create(mica.unions().get("u"), "more:v1", ""));
    told(file, () -> commits.get(2).remove());
    assertThat(mica.commits().list()).hasSize(3);
    assertThat(scratch.path("home/journal")).isEmptyDirectory();
  }
}
