package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Caller;
import dev.mica.commit.Commit;
import dev.mica.state.StateDir;
import dev.mica.test.ScratchTest;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a VM takes over from the image that it is made from. */
final class FromImageTest extends ScratchTest {
  private Commit image(String... changes) {
    scratch.file("root/etc/hosts", "me");
    return mica.commits()
        .importFolder(scratch.path("root").toString(), "web:v1", "", List.of(changes))
        .commits()
        .getFirst();
  }

  private static VmSpec filled(Commit image, String... words) {
    return FromImage.filled("box", VmSpec.of("box", image, List.of(words)));
  }

  @Test
  void theImageSaysWhatRunsUnlessItIsSaid() {
    Commit image = image("ENTRYPOINT [\"/bin/web\"]", "CMD [\"-d\"]", "ENV LANG=C");
    assertThat(filled(image).program()).containsExactly("/bin/web", "-d");
    assertThat(filled(image, "-x").program()).containsExactly("/bin/web", "-x");
    assertThat(filled(image).environment()).containsEntry("LANG", "C");
  }

  @Test
  void withoutAnEntrypointTheWordsAreTheProgram() {
    Commit image = image("CMD sleep 5");
    assertThat(filled(image).program()).containsExactly("/bin/sh", "-c", "sleep 5");
    assertThat(filled(image, "true").program()).containsExactly("true");
  }

  static Stream<Arguments> entrypoints() {
    List<String> own = List.of("/bin/other", "-v");
    return Stream.of(
        arguments(null, List.of(), List.of("/bin/web", "-d")),
        arguments(null, List.of("-x"), List.of("/bin/web", "-x")),
        arguments(own, List.of(), own),
        arguments(own, List.of("-x"), List.of("/bin/other", "-v", "-x")),
        arguments(List.of(), List.of("sh", "-x"), List.of("sh", "-x")));
  }

  /** The image's own words are for its own entrypoint. */
  @ParameterizedTest
  @MethodSource("entrypoints")
  void anEntrypointIsReplaced(
      @Nullable List<String> entrypoint, List<String> words, List<String> program) {
    VmSpec spec =
        VmSpec.of("box", image("ENTRYPOINT [\"/bin/web\"]", "CMD [\"-d\"]"))
            .entrypoint(entrypoint)
            .program(words)
            .build();
    assertThat(FromImage.filled("box", spec).program()).isEqualTo(program);
  }

  @Test
  void whereTheEntrypointIsTakenAwayTheWordsAreNeeded() {
    VmSpec spec =
        VmSpec.of("box", image("ENTRYPOINT [\"/bin/web\"]", "CMD [\"-d\"]"))
            .entrypoint(List.of())
            .build();
    assertThatThrownBy(() -> FromImage.filled("box", spec))
        .hasMessageStartingWith("cannot create the VM box: it does not say what to run");
  }

  @Test
  void theImageSaysWhatStopsIt() {
    Commit image = image("CMD sleep 5", "STOPSIGNAL SIGQUIT");
    assertThat(filled(image).stopSignal()).isEqualTo("SIGQUIT");
    VmSpec other = VmSpec.of("box", image).stopSignal("INT").build();
    assertThat(FromImage.filled("box", other).stopSignal()).isEqualTo("INT");
    VmSpec wrong = VmSpec.of("box", image).stopSignal("SIGNONE").build();
    assertThatThrownBy(() -> NewVm.requireSound("box", FromImage.filled("box", wrong)))
        .hasMessageContaining("cannot create the VM box: there is no signal SIGNONE");
  }

  @Test
  void anImageThatSaysNothingIsRefusedInOneLine() {
    Commit image = image();
    assertThatThrownBy(() -> filled(image))
        .hasMessageContaining("neither you nor the image web:v1 say what to run");
  }

  static Stream<Arguments> vms() {
    List<String> web = List.of("ENTRYPOINT [\"/bin/web\"]", "CMD [\"-d\"]", "ENV A=1 B=2");
    List<String> rich =
        List.of("CMD sleep 5", "USER 7:8", "WORKDIR /srv", "STOPSIGNAL INT", "LABEL a=b");
    return Stream.of(
        arguments("as it is", web, own(spec -> spec), List.of()),
        arguments("as it is", rich, own(spec -> spec), List.of()),
        arguments(
            "other words",
            web,
            own(spec -> spec.program(List.of("-x", "a\"b"))),
            List.of("CMD [\"-x\",\"a\\\"b\"]")),
        arguments(
            "another entrypoint",
            web,
            own(spec -> spec.entrypoint(List.of("sh", "-c"))),
            List.of("ENTRYPOINT []", "CMD [\"sh\",\"-c\"]")),
        arguments(
            "all else",
            rich,
            own(spec ->
                spec.environment(Map.of("Q", "a\"b c\\"))
                    .labels(Map.of("z", "1", "a", "c d"))
                    .user("0:0")
                    .folder("/")
                    .stopSignal("HUP")),
            List.of(
                "ENV \"Q=a\\\"b c\\\\\"",
                "LABEL \"a=c d\"",
                "LABEL \"z=1\"",
                "USER 0:0",
                "WORKDIR /",
                "STOPSIGNAL HUP")));
  }

  private static UnaryOperator<VmSpec.Builder> own(UnaryOperator<VmSpec.Builder> spec) {
    return spec;
  }

  /** A VM that is made of its commit runs as it does, and the commit says no more than it must. */
  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("vms")
  void aCommitOfItRunsAsItDoes(
      String name, List<String> changes, UnaryOperator<VmSpec.Builder> own, List<String> says) {
    Commit image = image(changes.toArray(String[]::new));
    VmSpec spec = FromImage.filled("box", own.apply(VmSpec.of("box", image)).build());
    VmRecord vm =
        NewVm.record(
            Caller.ofProcess(),
            StateDir.at(scratch.path("home")),
            "box",
            Vms.newId(),
            spec,
            List.of());
    List<String> lines = FromImage.asItRuns(vm, image.config());
    assertThat(lines).as(name).isEqualTo(says);

    Commit of = image(Stream.concat(changes.stream(), lines.stream()).toArray(String[]::new));
    assertThat(of.config().orElseThrow().labels()).containsAllEntriesOf(spec.labels());
    VmSpec next = FromImage.filled("box", VmSpec.of("box", of).build());
    assertThat(next.program()).isEqualTo(spec.program());
    assertThat(next.environment()).isEqualTo(spec.environment());
    assertThat(next.user()).isEqualTo(spec.user());
    assertThat(next.folder()).isEqualTo(spec.folder());
    assertThat(next.stopSignal()).isEqualTo(spec.stopSignal());
  }
}
