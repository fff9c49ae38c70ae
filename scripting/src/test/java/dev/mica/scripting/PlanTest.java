package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.scripting.run.ScriptException;
import dev.mica.scripting.words.Step;
import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a plan tells, and that nothing of it is done. */
@NeedsRoot
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class PlanTest {
  private static final String SIZE = ", 512 MiB of memory, 1 processor, a disk of 10240 MiB";

  @TempDir Path temp;
  private Sessions test;

  @BeforeEach
  void open() throws IOException {
    test = new Sessions(temp.resolve("home"));
    for (String name : List.of("base", "up")) {
      test.session
          .variables()
          .put(
              name,
              test.session.mica().folder(Files.createDirectory(temp.resolve(name)).toString()));
    }
    test.session.variables().put("here", temp.toString());
  }

  @AfterEach
  void nothingIsDone() throws IOException {
    assertThat(test.session.mica().vms().list()).isEmpty();
    assertThat(test.session.mica().unions().list()).isEmpty();
    assertThat(temp.resolve("home/containers")).doesNotExist();
    try (Stream<Path> all = Files.list(temp)) {
      assertThat(
              all.map(path -> path.getFileName().toString()).filter(name -> !name.equals("home")))
          .containsExactlyInAnyOrder("base", "up");
    }
  }

  private static Step step(String does, String what, String how) {
    return new Step(does, what, how, "");
  }

  /** A block can reach what was found before it. Nothing of that is changed either. */
  @Test
  void whatIsThereAlreadyIsNotChangedByAPlan() throws Exception {
    Path file = Files.writeString(temp.resolve("base/file"), "old");
    assertThatThrownBy(() -> test.eval("f = folder(\"$here/base/file\"); plan { f.text = 'new' }"))
        .hasStackTraceContaining("this is in a plan, which changes nothing");
    assertThat(file).hasContent("old");
    assertThat(test.eval("f.text = 'new'; f.text")).isEqualTo("new");
    Files.delete(file);
  }

  static Stream<Arguments> plans() {
    return Stream.of(
        arguments("", List.of()),
        arguments(
            "vm('web') { from base; run 'sleep', '9' }",
            List.of(step("make", "VM web", "from TEMP/base" + SIZE))),
        arguments(
            "vm('web') { from base; run 'a'; memory 256.MB; disk 1.GB }",
            List.of(
                step(
                    "make",
                    "VM web",
                    "from TEMP/base, 256 MiB of memory, 1 processor, a disk of 1024 MiB"))),
        arguments(
            "vm('web') { from \"$here/base\"; publish 80; run 'sleep', '9' }.start()",
            List.of(
                step("make", "VM web", "from TEMP/base" + SIZE),
                step("publish", "VM web", "a free port of 127.0.0.1 leads to 80"),
                step("start", "VM web", "sleep 9"))),
        arguments(
            "2.times { vm(\"a$it\") { from 'localhost:1/web:v1' } }",
            List.of(
                step("pull", "image localhost:1/web:v1", "it is not here"),
                step("make", "VM a0", "from localhost:1/web:v1" + SIZE),
                step("make", "VM a1", "from localhost:1/web:v1" + SIZE))),
        arguments(
            "vm('web') { from 'debian:12' }.start()",
            List.of(
                step("pull", "image debian:12", "it is not here"),
                step("make", "VM web", "from debian:12" + SIZE),
                step("start", "VM web", "what debian:12 says"))),
        arguments(
            "vm('web') { from 'debian:12'; run 'a', 'b' }.start()",
            List.of(
                step("pull", "image debian:12", "it is not here"),
                step("make", "VM web", "from debian:12" + SIZE),
                step("start", "VM web", "a b, by the entrypoint of debian:12 if it has one"))),
        arguments(
            "vm('web') { from base; run 'a' }.start().commit('web:v2').commit('web')",
            List.of(
                step("make", "VM web", "from TEMP/base" + SIZE),
                step("start", "VM web", "a"),
                step("commit", "VM web", "as web:v2"),
                step("commit", "VM web", "as web:latest"))),
        arguments(
            "union { lower base; upper up; at \"$here/u\"; via kernel }; vm('a') { from base; run 'b' }",
            List.of(
                step("mount", "union u", "at TEMP/u via kernel, upper TEMP/up, over TEMP/base"),
                step("make", "VM a", "from TEMP/base" + SIZE))));
  }

  @ParameterizedTest
  @MethodSource("plans")
  void saysWhatWouldBeDone(String block, List<Step> expected) {
    assertThat(plan(block))
        .isEqualTo(
            expected.stream()
                .map(step ->
                    step(step.does(), step.what(), step.how().replace("TEMP", temp.toString())))
                .toList());
  }

  private List<Step> plan(String block) {
    Object steps = test.eval("plan { " + block + " }");
    assertThat(steps).isInstanceOf(List.class);
    return ((List<?>) Objects.requireNonNull(steps)).stream().map(Step.class::cast).toList();
  }

  /** Each says what the real thing says. */
  static Stream<Arguments> problems() {
    return Stream.of(
        arguments("vm('web') { from base }", "create the VM web: it does not say what to run"),
        arguments("vm('web') { from base; run 'a'; memory 1.MB }", "a VM needs 128 MiB of memory"),
        arguments("vm('web') { from base; run 'a'; cpus 9999 }", "processors on this host"),
        arguments("vm('we b') { from base; run 'a' }", "a name is 1 to 63 letters"),
        arguments("vm('web') { from \"$here/none\"; run 'a' }", "/none: "),
        arguments(
            "vm('web') { from base; run 'a'; restart 'always'; removed }",
            "both removed and started"),
        arguments(
            "vm('web') { from base; run 'a'; publish port, 80 }.start()",
            "cannot publish the port"),
        arguments("union { lower \"$here/none\"; readOnly; at \"$here/u\" }", "/none"),
        arguments("union { lower base; upper base; at \"$here/u\" }", "base"));
  }

  @ParameterizedTest
  @MethodSource("problems")
  void saysWhatSpeaksAgainstIt(String block, String problem) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      test.session.variables().put("port", taken.getLocalPort());
      assertThat(plan(block))
          .singleElement()
          .satisfies(step -> assertThat(step.problem()).contains(problem));
    }
  }

  static Stream<Arguments> badCommits() {
    return Stream.of(
        arguments(".start().commit('We:b')", "cannot name a commit We:b: its name is 'We'"),
        arguments(".start().commit('')", "it does not name the commit"),
        arguments(".commit('web:v2')", "commit web:v2 from the VM web: nothing has changed in it"));
  }

  @ParameterizedTest
  @MethodSource("badCommits")
  void saysWhichCommitThereCannotBe(String calls, String problem) {
    List<Step> steps = plan("vm('web') { from base; run 'a' }" + calls);
    assertThat(steps.getFirst().problem()).isEmpty();
    assertThat(steps.getLast().does()).isEqualTo("commit");
    assertThat(steps.getLast().problem()).contains(problem);
  }

  /** What does not depend on it is checked all the same. */
  @Test
  void anImageThatIsNotHereIsNoProblem() {
    List<Step> steps = plan("vm('web') { from 'debian:12'; memory 1.MB }");
    assertThat(steps).extracting(Step::does).containsExactly("pull", "make");
    assertThat(steps.getLast().how()).startsWith("from debian:12, 1 MiB");
    assertThat(steps.getLast().problem()).contains("a VM needs 128 MiB of memory");
  }

  @Test
  void aNameIsPlannedOnce() {
    List<Step> steps = plan("2.times { vm('web') { from base; run 'a' } }");
    assertThat(steps.get(0).problem()).isEmpty();
    assertThat(steps.get(1).problem())
        .isEqualTo("cannot create the VM web: there is another of that name in this plan");
  }

  @Test
  void anotherWordIsNotKnown() {
    assertThatThrownBy(() -> plan("unoin { lower base }"))
        .isInstanceOf(ScriptException.class)
        .hasMessage("a plan block has no method 'unoin'; did you mean 'union'?");
    assertThatThrownBy(() -> plan("vm('web') { form base }"))
        .hasMessage("a vm block has no method 'form'; did you mean 'from'?");
  }
}
