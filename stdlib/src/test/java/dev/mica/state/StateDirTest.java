package dev.mica.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where the state is, who may have it, and what its records are. */
@Timeout(300)
final class StateDirTest {
  @TempDir private Path temporary;

  private Path home() {
    return temporary.resolve("home");
  }

  @Test
  void theEnvironmentNamesIt() {
    String user = System.getProperty("user.name");
    Path ofNothing =
        user.equals("root")
            ? Path.of("/var/lib/mica")
            : Path.of(System.getProperty("user.home"), ".local/state/mica");
    assertThat(StateDir.ofEnvironment(Map.of()).path()).isEqualTo(ofNothing);
    assertThat(StateDir.ofEnvironment(Map.of("MICA_HOME", home().toString())).path())
        .isEqualTo(home());
    assertThatThrownBy(() -> StateDir.ofEnvironment(Map.of("MICA_LOCK_WAIT", "soon")))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("MICA_LOCK_WAIT")
        .hasMessageContaining("soon");
  }

  @Test
  void itIsMadeAtTheFirstWriteForItsOwnerOnly() throws IOException {
    StateDir state = StateDir.at(home());
    assertThat(state.read(() -> state.records("unions").names())).isEmpty();
    assertThat(home()).doesNotExist();
    state.lock("test").close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home())))
        .isEqualTo("rwx------");
  }

  @Test
  void reachedThroughASymlinkItIsTheSame() throws IOException {
    Path link = Files.createSymbolicLink(temporary.resolve("link"), temporary);
    assertThat(StateDir.at(link.resolve("home")).path()).isEqualTo(StateDir.at(home()).path());
  }

  @Test
  void aRecordComesBackAsItWas() {
    Records records = StateDir.at(home()).records("things");
    try (var _ = StateDir.at(home()).lock("test")) {
      records.put("a", Records.object().put("text", "ä\n\"").put("number", 1L << 40));
    }
    assertThat(records.names()).containsExactly("a");
    assertThat(records.find("a").orElseThrow().toString())
        .isEqualTo("{\"text\":\"ä\\n\\\"\",\"number\":1099511627776}");
    assertThat(records.find("b")).isEmpty();
  }

  @Test
  void aRecordOfAProcessIsOneLikeOthers() {
    StateDir state = StateDir.at(home());
    Records records = state.records("things");
    try (var _ = state.lock("test")) {
      records.put("a", Records.object().put("n", 1));
      records.ofProcesses().put("a", Records.object().put("n", 2));
      records.ofProcesses().put("b", Records.object().put("n", 3));
    }
    assertThat(records.names()).containsExactly("a", "b");
    assertThat(number(records, "a")).isEqualTo(2);
    records.ofProcesses().remove("a");
    records.ofProcesses().remove("a");
    assertThat(records.names()).containsExactly("b");
  }

  @Test
  void aDamagedRecordIsNamed() throws IOException {
    Path file = home().resolve("things/a.json");
    Files.createDirectories(file.getParent());
    Records records = StateDir.at(home()).records("things");
    for (String damage : List.of("", "{\"text\": \"cut of", "[]", "{}x")) {
      Files.writeString(file, damage);
      assertThatThrownBy(() -> records.find("a"))
          .as("content '%s'", damage)
          .isInstanceOf(MicaException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("damaged");
    }
  }

  @Test
  void oneThatOthersMayLookIntoIsClosedAndOneTheyMayWriteIsRefused() throws IOException {
    Files.createDirectory(home());
    Files.setPosixFilePermissions(home(), PosixFilePermissions.fromString("rwxr-xr-x"));
    StateDir.at(home()).lock("test").close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home())))
        .isEqualTo("rwx------");
    Files.setPosixFilePermissions(home(), PosixFilePermissions.fromString("rwxrwx---"));
    assertThatThrownBy(() -> StateDir.at(home()).lock("test"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("chmod 700 " + home());
  }

  @Test
  @NeedsRoot
  void oneThatAnotherHasOrCouldReplaceIsRefused() throws IOException {
    Files.createDirectory(home());
    Files.setAttribute(home(), "unix:uid", 65534);
    StateDir taken = StateDir.at(home());
    assertThatThrownBy(() -> taken.records("unions").names()).hasMessageContaining("belongs to");
    Files.setAttribute(home(), "unix:uid", 0);
    Files.setAttribute(temporary, "unix:uid", 65534);
    assertThatThrownBy(() -> StateDir.at(home()).read(() -> 1))
        .hasMessageContaining("others may put another one in its place");
    Files.setAttribute(temporary, "unix:uid", 0);
  }

  @Test
  void aNameThatLeadsElsewhereIsNoRecord() throws IOException {
    StateDir.at(home()).lock("test").close();
    Records records = StateDir.at(home()).records("things");
    Files.writeString(home().resolve("other.json"), "{}");
    assertThat(records.find("../other")).isEmpty();
    assertThatThrownBy(() -> records.put("../other", Records.object()))
        .isInstanceOf(MicaException.class);
  }

  static int number(Records records, String name) {
    return records.find(name).orElseThrow().get("n").asInt();
  }
}
