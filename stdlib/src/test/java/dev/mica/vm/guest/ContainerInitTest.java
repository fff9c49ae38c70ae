package dev.mica.vm.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which programs a container can have as its first process. */
final class ContainerInitTest {
  /** Debian's busybox-static and tini-static need no library, and its shell does. */
  @ParameterizedTest
  @CsvSource({
    "/bin/busybox,true",
    "/usr/bin/tini-static,true",
    "/bin/sh,false",
    "/etc/passwd,false"
  })
  void oneThatNeedsLibrariesIsTold(Path program, boolean alone) {
    assertThat(ContainerInit.isStatic(program)).isEqualTo(alone);
  }

  @Test
  void whatIsCutShortIsNoProgram(@TempDir Path temp) throws IOException {
    byte[] whole = Files.readAllBytes(Path.of("/bin/busybox"));
    for (int length : new int[] {0, 4, 63, 64, 100}) {
      Path file = temp.resolve("cut");
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(ContainerInit.isStatic(file)).as("%d bytes", length).isFalse();
    }
  }
}
