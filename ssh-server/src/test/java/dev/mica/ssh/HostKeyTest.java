package dev.mica.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mica.failure.MicaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class HostKeyTest {
  @TempDir Path folder;

  private Path file() {
    return folder.resolve("ssh_host_ed25519_key");
  }

  @Test
  void itIsMadeOnceForItsOwnerAlone() throws Exception {
    PublicKey made = HostKey.of(folder).getPublic();
    assertThat(HostKey.of(folder).getPublic()).isEqualTo(made);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(Files.readString(file())).startsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    try (Stream<Path> all = Files.list(folder)) {
      assertThat(all).containsExactly(file());
    }
  }

  @Test
  void ofManyThatMakeItAtOnceAllHaveTheSame() throws Exception {
    Callable<KeyPair> one = () -> HostKey.of(folder);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(threads.invokeAll(Collections.nCopies(16, one)))
          .extracting(Future::resultNow)
          .extracting(KeyPair::getPublic)
          .containsOnly(HostKey.of(folder).getPublic());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----"})
  void oneThatOthersMayUseIsRefused(String mode) throws Exception {
    PublicKey made = HostKey.of(folder).getPublic();
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString(mode));
    assertThatThrownBy(() -> HostKey.of(folder))
        .isInstanceOf(MicaException.class)
        .hasMessage(
            "cannot use the host key %s: others may use it (mode %s); if nobody has read it, run:"
                + " chmod 600 %s",
            file(), mode, file());
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    assertThat(HostKey.of(folder).getPublic()).isEqualTo(made);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
      })
  void whatIsNoKeyIsToldAndStays(String content) throws Exception {
    Files.writeString(file(), content);
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    assertThatThrownBy(() -> HostKey.of(folder))
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot read the host key " + file())
        .hasMessageContaining("put it back from a backup");
    assertThat(Files.readString(file())).isEqualTo(content);
  }

  /** Whoever owns it can change it. */
  @Test
  void oneOfAnotherUserIsRefused() throws Exception {
    boolean root = System.getProperty("user.name").equals("root");
    assumeTrue(root || "1".equals(System.getenv("MICA_MUST_WORK")), "giving files away needs root");
    PublicKey made = HostKey.of(folder).getPublic();
    Files.setAttribute(file(), "unix:uid", 65_534);
    assertThatThrownBy(() -> HostKey.of(folder))
        .isInstanceOf(MicaException.class)
        .hasMessageMatching("cannot use the host key \\S+: it belongs to \\S+; chown it, or .*");
    Files.setAttribute(file(), "unix:uid", 0);
    assertThat(HostKey.of(folder).getPublic()).isEqualTo(made);
  }

  @Test
  void aSymlinkIsNoKey() throws Exception {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    PublicKey _ = HostKey.of(elsewhere).getPublic();
    Files.createSymbolicLink(file(), elsewhere.resolve("ssh_host_ed25519_key"));
    assertThatThrownBy(() -> HostKey.of(folder)).hasMessageContaining("it is not a key file");
  }

  @Test
  void oneServesAtATime() {
    try (OnlyServer _ = OnlyServer.of(folder)) {
      assertThatThrownBy(() -> OnlyServer.of(folder))
          .hasMessageContaining("the process " + ProcessHandle.current().pid() + " does");
    }
    OnlyServer.of(folder).close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "2222",
        "localhost:2222",
        ":2222",
        "127.0.0.1:",
        "127.0.0.1:70000",
        "::1:22",
        "[::1]",
        "[127.0.0.1:22",
        "1.2.3:22222222"
      })
  void whereToListenIsAnAddressAndAPort(String listen) {
    assertThatThrownBy(() -> Settings.of(listen, false))
        .isInstanceOfSatisfying(
            MicaException.class,
            wrong -> assertThat(wrong.kind()).isEqualTo(MicaException.Kind.USAGE))
        .hasMessageStartingWith("cannot listen at");
    for (String right : List.of("127.0.0.1:2222", "[::1]:0", "0.0.0.0:65535")) {
      assertThat(Settings.of(right, true).listen().isUnresolved()).isFalse();
    }
  }
}
