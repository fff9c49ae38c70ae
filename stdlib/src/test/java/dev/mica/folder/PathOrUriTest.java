package dev.mica.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathOrUriTest {
  @ParameterizedTest
  @CsvSource({
    "/a/b,                    /a/b",
    "/a/../b/./c/,            /b/c",
    "/a b/c:d,                /a b/c:d",
    "/tar:x,                  /tar:x",
    "~,                       HOME",
    "~/x,                     HOME/x",
    "~root/x,                 ROOT/x",
    "~no such user/x,         CWD/~no such user/x",
    "./~/x,                   CWD/~/x",
    "x/~,                     CWD/x/~",
    "file:~/x,                HOME/x",
    "tar:~/x.tar!/~,          tar:HOME/x.tar!/~",
    "a,                       CWD/a",
    "notes:2026,              CWD/notes:2026",
    "12:30,                   CWD/12:30",
    "./tar:x,                 CWD/tar:x",
    "file:/a/b,               /a/b",
    "file:///a/b%20c,         /a/b c",
    "file:///a/b c,           /a/b c",
    "file://localhost/a,      /a",
    "FILE:///a,               /a",
    "file:a,                  CWD/a",
    "file:a%20b,              CWD/a b",
    "tar:/x.tar,              tar:/x.tar!/",
    "tar:/x.tar!/,            tar:/x.tar!/",
    "tar:x.tar!/a/b,          tar:CWD/x.tar!/a/b",
    "tar:file:///x%20y.tar!/a,tar:/x y.tar!/a",
    "zip:/x:y.zip!/a/../b,    zip:/x:y.zip!/b",
    "tgz:/x.tgz!/a/,          tgz:/x.tgz!/a",
  })
  void textsNamePlaces(String text, String location) {
    String here = Path.of("").toAbsolutePath().toString();
    String expected =
        location
            .replace("CWD", here)
            .replace("HOME", System.getenv("HOME"))
            .replace("ROOT", Core.home("root").orElseThrow());
    assertThat(Folder.of(text).location()).isEqualTo(expected);
  }

  @Test
  void aHomeIsThatOfTheUsersDatabase() {
    assertThat(Core.home(System.getProperty("user.name")))
        .contains(System.getProperty("user.home"));
    assertThat(Core.home("no such user")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "ftp://host/x,       'no provider for ftp:; use a local path, or one of file: sftp: tar:'",
    "http://host/x,      no provider for http:",
    "file://host/x,      a file: URI names this host",
    "file:///a%2,        a % in a URI is followed by two digits",
    "file:///a%zz,       a % in a URI is followed by two digits",
    "file:///a%00,       a % in a URI is followed by two digits",
    "'',                 its path is empty",
    "tar:,               its path is empty",
    "zip:/x.zip!/../y,   leads out of it",
  })
  void whatNamesNoneIsRefused(String text, String why) {
    assertThatThrownBy(() -> Folder.of(text))
        .isInstanceOfSatisfying(
            MicaException.class, e -> assertThat(e.kind()).isEqualTo(MicaException.Kind.USAGE))
        .hasMessageContaining(why);
  }

  @Test
  void nulIsRefused() {
    assertThatThrownBy(() -> Folder.of("/a\0b"))
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot look up /a\\x00b")
        .hasMessageNotContaining("\0");
  }

  @Test
  void aUriKeepsBytesThatAreNoText() {
    Path path = Folder.of("file:///a/%FF%0A").path();
    assertThat(PathBytes.of(path)).containsExactly('/', 'a', '/', 0xff, '\n');
    assertThat(Folder.of(path).name()).isEqualTo("\\xff\\x0a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "b/../..", "../a", "/etc", "b/../../a/c"})
  void belowStaysBelow(String relative) {
    for (Folder folder : new Folder[] {Folder.of("/x/a"), Folder.of("tar:/x.tar!/a")}) {
      assertThatThrownBy(() -> folder.resolve(relative))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("leads out of it");
    }
  }

  @ParameterizedTest
  @CsvSource({"b/c, b/c", "b/../c, c", "., ''", "./b c, b c"})
  void belowIsResolved(String relative, String expected) {
    String tail = expected.isEmpty() ? "" : "/" + expected;
    assertThat(Folder.of("/x/a").resolve(relative).location()).isEqualTo("/x/a" + tail);
    assertThat(Folder.of("tar:/x.tar!/a").resolve(relative).location())
        .isEqualTo("tar:/x.tar!/a" + tail);
  }

  @Test
  void whatOnlyLocalFoldersCanDoSaysSo() {
    Folder archive = Folder.of("tar:/x.tar");
    assertThatThrownBy(archive::path).hasMessageContaining("only a local folder");
    assertThatThrownBy(archive::digest).hasMessageContaining("copy it to one first");
    assertThatThrownBy(() -> archive.diff(Folder.of("/a"))).isInstanceOf(MicaException.class);
    assertThatThrownBy(() -> archive.write("x")).hasMessageContaining("archives are only read");
    assertThatThrownBy(() -> Folder.of("/etc").diff(archive)).isInstanceOf(MicaException.class);
    assertThatThrownBy(() -> Folder.of("/etc").copyTo(archive)).isInstanceOf(MicaException.class);
  }
}
