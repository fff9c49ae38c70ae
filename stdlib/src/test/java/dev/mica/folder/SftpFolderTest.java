package dev.mica.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders of another host, by the SFTP server of OpenSSH without a network in between. */
@Timeout(300)
final class SftpFolderTest extends ScratchTest {
  private static final String SERVER = "exec /usr/lib/openssh/sftp-server";
  private static final int LARGE = 3_000_001;

  private Mica with(Role role, String ssh) {
    Path script = scratch.file("ssh-of-mine", "#!/bin/bash\n" + ssh + "\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    Map<String, String> variables = new HashMap<>(System.getenv());
    variables.put("MICA_SSH", script.toString());
    variables.put("SCRATCH", scratch.path("").toString());
    return mica.as(Caller.of("joe", role, scratch.path(""), variables));
  }

  private Folder remote(String path) {
    return with(Role.ADMIN, SERVER).folder("sftp://host" + scratch.path(path));
  }

  /** A tree of which SFTP can tell all: owners are the test's, and times have no fractions. */
  private Path tree() throws IOException {
    String made =
        """
        set -eu; cd "$1"; mkdir -p tree/sub/deep tree/empty "tree/a b%20c"; cd tree
        echo text > file; : > nothing; ln -s ../file sub/link; ln -s /no/where dangling
        printf x > $'sub/\\xe9\\n'; printf y > 'a b%20c/ä'; chmod 0640 file; chmod 1777 empty
        chmod 0400 sub/deep
        find . -exec touch -h -d @1700000000 {} +
        """;
    String _ = Scratch.run("bash", "-c", made, "bash", scratch.path("").toString());
    byte[] large = new byte[LARGE];
    new Random(1).nextBytes(large);
    Path file = Files.write(scratch.path("tree/large"), large);
    String _ =
        Scratch.run("touch", "-d", "@1700000000", file.toString(), scratch.path("tree").toString());
    return scratch.path("tree");
  }

  private static List<String> shown(List<Entry> entries) {
    return entries.stream().map(Entry::toString).toList();
  }

  @Test
  void itShowsWhatALocalFolderShows() throws IOException {
    Folder local = mica.folder(tree().toString());
    Folder remote = remote("tree");
    assertThat(shown(remote.list())).isEqualTo(shown(local.list()));
    assertThat(shown(remote.find(any -> true))).isEqualTo(shown(local.find(any -> true)));
    assertThat(remote.find(entry -> entry.type() == Type.SYMLINK)).hasSize(2);
    assertThat(remote.tree(2).lines().skip(1)).isEqualTo(local.tree(2).lines().skip(1).toList());
    assertThat(remote.resolve("file").text()).isEqualTo("text\n");
    assertThat(remote.resolve("sub").name()).isEqualTo("sub");
    assertThat(remote.isLocal()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "tree, true, true", "tree/file, true, false", "tree/dangling, true, false",
    "tree/sub/link, true, false", "tree/none, false, false", "none/none, false, false"
  })
  void whatIsThere(String path, boolean exists, boolean directory) throws IOException {
    Path _ = tree();
    assertThat(remote(path).exists()).isEqualTo(exists);
    assertThat(remote(path).isDirectory()).isEqualTo(directory);
  }

  @Test
  void aCopyIsTheSameHereAndThere() throws IOException {
    Folder local = mica.folder(tree().toString());
    Folder here = mica.folder(scratch.path("here").toString());
    assertThat(remote("tree").copyTo(here)).isSameAs(here);
    assertThat(here.digest()).isEqualTo(local.digest());
    Folder there = remote("there");
    assertThat(local.copyTo(there)).isSameAs(there);
    assertThat(mica.folder(scratch.path("there").toString()).digest()).isEqualTo(local.digest());
    assertThat(names()).containsExactly("here", "ssh-of-mine", "there", "tree");
  }

  private List<String> names() {
    try (Stream<Path> all = Files.list(scratch.path(""))) {
      return all.map(each -> String.valueOf(each.getFileName()))
          .filter(name -> !name.equals("home"))
          .sorted()
          .toList();
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
  }

  /** A file, a symlink, and one by a name that is no UTF-8. */
  @ParameterizedTest
  @ValueSource(strings = {"file", "dangling", "sub/%E9%0A", "a b%2520c/ä"})
  void oneFileIsCopiedToo(String name) throws IOException {
    Path _ = tree();
    Folder from =
        with(Role.ADMIN, SERVER).folder("sftp://host" + scratch.path("tree") + "/" + name);
    Folder here = mica.folder(scratch.path("one").toString());
    Folder _ = from.copyTo(here);
    Folder _ = here.copyTo(remote("two"));
    Folder again = mica.folder(scratch.path("two").toString());
    assertThat(again.exists()).isTrue();
    assertThat(
            shown(mica.folder(scratch.path("").toString()).list()).stream()
                .filter(line -> line.contains("one"))
                .map(line -> line.replace("one", "two")))
        .allMatch(line -> shown(mica.folder(scratch.path("").toString()).list()).contains(line));
  }

  /** What would run as root here although another owned it there, or the other way round. */
  @Test
  void nothingKeepsARightToRunAsItsOwner() throws IOException {
    Path _ = tree();
    String _ = Scratch.run("chmod", "6755", scratch.path("tree/file").toString());
    Folder _ = remote("tree").copyTo(mica.folder(scratch.path("here").toString()));
    Folder _ = mica.folder(scratch.path("tree").toString()).copyTo(remote("there"));
    for (String copy : List.of("here", "there")) {
      assertThat(Files.getAttribute(scratch.path(copy + "/file"), "unix:mode")).isEqualTo(0100755);
    }
  }

  /** A folder in it becomes a symlink to one beside it while its first file is sent. */
  @Test
  void whatIsBesideItIsNeverSent() throws IOException {
    Files.write(scratch.dir("mine/sub").resolve("a"), new byte[20 * LARGE]);
    scratch.file("mine/sub/b", "mine");
    scratch.file("theirs/b", "theirs");
    Files.createSymbolicLink(scratch.path("mine/link"), Path.of("../theirs"));
    String exchange =
        """
        cd "$SCRATCH"
        { until ls .mica-*/sub/a; do :; done; mv mine/sub mine/aside; mv mine/link mine/sub; } \
            < /dev/null > /dev/null 2>&1 &
        """;
    Folder there =
        with(Role.ADMIN, exchange + SERVER).folder("sftp://host" + scratch.path("there"));
    assertThatThrownBy(() -> mica.folder(scratch.path("mine").toString()).copyTo(there))
        .isInstanceOf(MicaException.class);
    assertThat(scratch.path("mine/sub")).isSymbolicLink();
    assertThat(names()).containsExactly("mine", "ssh-of-mine", "theirs");
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        arguments("there is something", "tree", "taken", "something is there already"),
        arguments("no directory for it", "tree", "none/there", "no such file"),
        arguments("nothing to copy", "none", "there", "no such file"),
        arguments("a pipe", "pipe", "there", "it is a device or a pipe"));
  }

  /** Of what cannot be copied whole nothing is left. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void whatCannotBeCopiedLeavesNothing(String what, String from, String to, String why)
      throws IOException {
    Path _ = tree();
    scratch.file("taken", "mine");
    String _ = Scratch.run("mkfifo", scratch.dir("pipe").resolve("fifo").toString());
    Folder _ = remote("x"); // makes the script
    List<String> before = names();
    Folder local = mica.folder(scratch.path(from).toString());
    assertThatThrownBy(() -> local.copyTo(remote(to)))
        .isInstanceOf(MicaException.class)
        .hasMessageMatching("(?is).*" + why + ".*");
    assertThatThrownBy(() -> remote(from).copyTo(mica.folder(scratch.path(to).toString())))
        .isInstanceOf(MicaException.class)
        .hasMessageMatching("(?is).*" + why + ".*");
    assertThat(names()).isEqualTo(before);
    assertThat(Scratch.read(scratch.path("taken"))).isEqualTo("mine");
  }

  @Test
  void aServerThatIsKilledLeavesNothingHere() throws IOException {
    Path _ = tree();
    // Killed, for a server that can no longer answer may go on: it is told only when it writes.
    String cut =
        "exec setsid --wait sh -c"
            + " '/usr/lib/openssh/sftp-server | { stdbuf -o0 head -c 500000; kill -9 0; }'";
    Folder remote = with(Role.ADMIN, cut).folder("sftp://host" + scratch.path("tree"));
    assertThatThrownBy(() -> remote.copyTo(mica.folder(scratch.path("here").toString())))
        .hasMessageContaining("the connection was closed");
    assertThat(names()).containsExactly("ssh-of-mine", "tree");
  }

  static Stream<Arguments> endings() {
    return Stream.of(
        arguments("echo 'Host key verification failed.' >&2; exit 255", "compare the key"),
        arguments(
            "echo 'subsystem request failed on channel 0' >&2; exit 255", "ssh says: subsyst"),
        arguments("echo 'Welcome!'; exec cat > /dev/null", "no SFTP server"),
        arguments("exit 0", "the connection was closed"),
        arguments("exec sleep 0", "the connection was closed"));
  }

  @ParameterizedTest
  @MethodSource("endings")
  void oneLineSaysWhyThereIsNoServer(String ssh, String why) {
    Folder folder = with(Role.ADMIN, ssh).folder("sftp://ann@host/x");
    assertThatThrownBy(folder::list)
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot list sftp://ann@host/x: ")
        .hasMessageContaining(why);
  }

  /** The others are told at once, and no ssh is started. */
  @ParameterizedTest
  @ValueSource(strings = {"VIEWER", "OPERATOR"})
  void theKeysAreForAdmins(Role role) {
    Folder folder = with(role, "touch \"$SCRATCH/ran\"").folder("sftp://host/x");
    Folder here = mica.folder(scratch.path("here").toString());
    for (Runnable each :
        List.<Runnable>of(folder::list, folder::exists, folder::text, () -> folder.copyTo(here))) {
      assertThatThrownBy(each::run)
          .isInstanceOfSatisfying(
              MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(3));
    }
    assertThat(scratch.path("ran")).doesNotExist();
  }

  /** A server that is silent does not keep anybody. */
  @Test
  void itCanBeCancelled() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Folder folder = with(Role.ADMIN, "exec sleep 1000").folder("sftp://host/x");
    Throwable[] thrown = new Throwable[1];
    Thread asking =
        Thread.ofPlatform()
            .start(() -> {
              begun.countDown();
              try {
                folder.list();
              } catch (CancellationException | MicaException cancelled) {
                thrown[0] = cancelled;
              }
            });
    begun.await();
    while (Activity.current(asking).isEmpty() && asking.isAlive()) {
      Thread.onSpinWait();
    }
    Activity.interrupt(asking);
    asking.join();
    assertThat(thrown[0]).isInstanceOf(CancellationException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "sftp://host, sftp://host/~",
    "sftp://host/, sftp://host/",
    "sftp://host/~, sftp://host/~",
    "sftp://host/~/, sftp://host/~",
    "sftp://host/~/a/./b, sftp://host/~/a/b",
    "sftp://host/~x, sftp://host/~x",
    "sftp://ann@host:22/a//b/, sftp://ann@host:22/a/b",
    "sftp://[::1]:22/a, sftp://[::1]:22/a",
    "sftp://host/a/../b, sftp://host/b",
    "sftp://host/%25%E9%C3%A9 x, sftp://host/%25%E9é x",
    "SFTP://host/a, sftp://host/a"
  })
  void itIsNamedByAUri(String text, String location) {
    Folder folder = mica.folder(text);
    assertThat(folder.location()).isEqualTo(location);
    assertThat(mica.folder(location)).isEqualTo(folder);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sftp:/x",
        "sftp:x",
        "sftp:///x",
        "sftp://-oProxyCommand=x/y",
        "sftp://ho st/x",
        "sftp://host:0/x",
        "sftp://host:x/y",
        "sftp://ann:hunter2@host/x",
        "sftp://host/~/../x",
        "sftp://host/%zz",
        "sftp://host/%00"
      })
  void whatNamesNoPlaceIsRefused(String text) {
    assertThatThrownBy(() -> mica.folder(text))
        .isInstanceOfSatisfying(
            MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(2))
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void whatNeedsALocalFolderSaysSo() {
    Folder folder = mica.folder("sftp://host/x");
    for (Runnable each :
        List.<Runnable>of(
            folder::path,
            folder::digest,
            () -> folder.diff(folder),
            folder::layers,
            folder::delete,
            folder::create,
            () -> folder.write("x"))) {
      assertThatThrownBy(each::run)
          .isInstanceOfSatisfying(
              MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(2));
    }
  }
}
