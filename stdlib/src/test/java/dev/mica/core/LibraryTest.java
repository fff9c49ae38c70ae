package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryTest {
  @TempDir Path scratch;

  @Test
  void isThere() {
    assertThat(Core.problem()).isEmpty();
    assertThat(Core.library()).isRegularFile();
  }

  @Test
  void missingIsAProblemAndNoThrow() {
    assertProblem(scratch.resolve("libmica.so"), "no such file; build it with make build");
  }

  @Test
  void whatIsNoLibraryIsAProblem() throws IOException {
    assertProblem(Files.writeString(scratch.resolve("libmica.so"), "text"), "; build it with");
  }

  @Test
  void anotherLibraryIsAProblem() throws IOException, InterruptedException {
    assertProblem(compiled("int other(void) { return 0; }"), "it is not the C core of Mica");
  }

  @Test
  void anotherVersionIsAProblem() throws IOException, InterruptedException {
    assertProblem(
        compiled("unsigned mica_abi(void) { return 99; }"),
        "it speaks version 99, this program version " + Library.ABI);
  }

  @Test
  void aMissingFunctionFailsWhenCalled() throws IOException, InterruptedException {
    String abi = "unsigned mica_abi(void) { return " + Library.ABI + "; }";
    Library library = Library.open(compiled(abi));
    assertThat(library.problem()).isEmpty();
    assertThatThrownBy(() -> library.find(Function.SYNC))
        .hasMessageContaining("cannot call mica_sync in " + library.path());
  }

  private static void assertProblem(Path path, String why) {
    assertThat(Library.open(path).problem())
        .hasValueSatisfying(problem ->
            assertThat(problem)
                .hasMessageStartingWith("cannot load the C core " + path + ": ")
                .hasMessageContaining(why));
  }

  private Path compiled(String source) throws IOException, InterruptedException {
    Path file = Files.writeString(scratch.resolve("other.c"), source);
    Path library = scratch.resolve("libother.so");
    Process cc =
        new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), file.toString())
            .inheritIO()
            .start();
    assertThat(cc.waitFor()).isZero();
    return library;
  }
}
