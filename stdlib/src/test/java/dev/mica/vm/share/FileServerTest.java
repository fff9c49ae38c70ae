package dev.mica.vm.share;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.vm.qemu.Qmp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both programs of the name virtiofsd. */
final class FileServerTest {
  @TempDir Path scratch;

  private Path write(String path, String text) throws IOException {
    Path file = scratch.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  @Test
  void bothFileServersAreKnown() {
    assertThat(FileServer.Make.of("usage: virtiofsd [options]\n -o source=PATH"))
        .isEqualTo(FileServer.Make.C);
    assertThat(FileServer.Make.of("Usage: virtiofsd\n --shared-dir <SHARED_DIR>"))
        .isEqualTo(FileServer.Make.RUST);
    assertThat(FileServer.options(FileServer.Make.C, Use.LOWER))
        .contains("source=/shared", "--fd=3")
        .anyMatch(word -> word.contains("sandbox=namespace") && word.contains("cache=always"))
        .contains("modcaps=+sys_admin:-chown:-fsetid:-mknod:-setfcap");
    assertThat(FileServer.options(FileServer.Make.RUST, Use.UPPER))
        .contains("--shared-dir=/shared", "--fd=3", "--sandbox=namespace", "--cache=never")
        .contains("--modcaps=+sys_admin");
    for (boolean readOnly : new boolean[] {true, false}) {
      assertThat(FileServer.options(FileServer.Make.C, Use.volume(readOnly)))
          .anyMatch(word -> word.endsWith("cache=auto,timeout=0"))
          .anyMatch(word -> word.matches("modcaps=[^+]*-fsetid:-mknod:-setfcap"));
    }
  }

  @Test
  void aFileServersOpenFilesAreItsSoftLimit() {
    String processes =
        "Max processes             96456                96456                processes\n";
    String files = "Max open files            %-20s 1048576              files\n";
    assertThat(FileServer.limit((processes + files.formatted("1024")).lines())).isEqualTo(1024);
    assertThat(FileServer.limit(files.formatted("unlimited").lines())).isEqualTo(Integer.MAX_VALUE);
    assertThat(FileServer.limit(files.formatted("999999999999").lines()))
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(FileServer.limit(processes.lines())).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void theFileServerInRustDoesNotGoWithEveryQemu() {
    assertThat(FileServer.Make.C.goesWith(new Qmp.Version(7, 2))).isTrue();
    assertThat(FileServer.Make.RUST.goesWith(new Qmp.Version(7, 1))).isTrue();
    assertThat(FileServer.Make.RUST.goesWith(new Qmp.Version(7, 2))).isFalse();
    assertThat(FileServer.Make.RUST.goesWith(new Qmp.Version(8, 1))).isFalse();
    assertThat(FileServer.Make.RUST.goesWith(new Qmp.Version(8, 2))).isTrue();
    assertThat(FileServer.Make.RUST.goesWith(new Qmp.Version(10, 0))).isTrue();
  }

  @Test
  void theNamedFileServerGoesFirst() throws IOException {
    Path mine = write("mine/virtiofsd", "");
    Map<String, String> named = Map.of("MICA_VIRTIOFSD", mine.toString());
    assertThat(FileServer.program(named)).isEmpty();
    assertThat(FileServer.refusal(named).orElseThrow())
        .hasMessageContaining(mine.toString())
        .hasMessageContaining("MICA_VIRTIOFSD");
    assertThat(mine.toFile().setExecutable(true)).isTrue();
    assertThat(FileServer.program(named)).contains(mine);
    assertThat(FileServer.refusal(named)).isEmpty();
  }
}
