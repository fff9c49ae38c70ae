package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What people are told of a path by descriptor. */
final class OpenDirectoryTest {
  @TempDir Path temp;

  /**
   * @ is the path that was opened; before, it stands for the path by descriptor.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "@ | @",
        "@/. | @",
        "@/./a | @/a",
        "cannot open @/.: it is gone | cannot open @: it is gone",
        "@/a | @/a",
        "@/.hidden | @/.hidden",
        "@/.. | @/..",
        "\"@/.\", @/.a | \"@\", @/.a",
        "/proc/self/fd/999999/a | /proc/self/fd/999999/a"
      })
  void isThePathThatWasOpened(String text, String shown) {
    try (OpenDirectory directory = OpenDirectory.of(temp)) {
      assertThat(OpenDirectory.show(text.replace("@", directory.path().toString())))
          .isEqualTo(shown.replace("@", temp.toString()));
    }
  }
}
