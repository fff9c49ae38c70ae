package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.commit.Commit;
import dev.mica.test.ScratchTest;
import java.util.List;
import org.junit.jupiter.api.Test;

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

  @Test
  void anImageThatSaysNothingIsRefusedInOneLine() {
    Commit image = image();
    assertThatThrownBy(() -> filled(image))
        .hasMessageContaining("neither you nor the image web:v1 say what to run");
  }
}
