package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.files.VirtualRoot;
import dev.mica.test.NeedsRoot;
import dev.mica.test.OpenFiles;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of commits, with the clients that users have. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class CommitsOverSftpTest {
  private static final int LARGE = 8 << 20;

  /** What find says of each file, but sizes of directories and the numbers of devices. */
  private static final String FACTS = "%P|%y|%m|%U|%G|%n|%l|%Ts\\n";

  private SshServers servers;
  private SftpClients clients;
  private Path root;
  private Path here;

  @BeforeEach
  void start() throws IOException {
    servers = new SshServers();
    clients = new SftpClients(servers);
    root = servers.scratch.dir("root");
    here = servers.scratch.dir("here");
    servers.user("vic", Role.VIEWER, "", root.toString());
    servers.user("ann", Role.OPERATOR, "", here.toString());
    servers.user("admin", Role.ADMIN, "");
    makeCommits();
  }

  @AfterEach
  void end() {
    servers.close();
  }

  /** A folder, and two commits over it: one adds and hides, the other hides the rest. */
  private void makeCommits() throws IOException {
    Path lower = servers.scratch.dir("root/lower");
    Files.writeString(lower.resolve("kept"), "lower");
    Files.writeString(lower.resolve("gone"), "gone");
    Files.createDirectories(lower.resolve("opaque/old"));
    Files.createDirectory(lower.resolve("dir"));
    byte[] large = new byte[LARGE];
    new Random(7).nextBytes(large);
    Files.write(lower.resolve("dir/large"), large);
    Path at = root.resolve("at");
    ask("union create --name u --lower " + lower + " --upper " + root + "/upper --at " + at);
    Files.delete(at.resolve("gone"));
    Files.delete(at.resolve("opaque/old"));
    Files.delete(at.resolve("opaque"));
    Files.createDirectory(at.resolve("opaque"));
    Files.writeString(at.resolve("opaque/new"), "new");
    Files.createSymbolicLink(at.resolve("absolute"), Path.of("/etc/hostname"));
    Files.createSymbolicLink(at.resolve("out"), Path.of("../../../../../etc/hostname"));
    Files.createSymbolicLink(at.resolve("inside"), Path.of("dir/../kept"));
    Files.createSymbolicLink(at.resolve("nowhere"), Path.of("nothing"));
    Scratch.run("mkfifo", at + "/fifo");
    Scratch.run("mknod", at + "/null", "c", "1", "3");
    Scratch.run("sh", "-c", "cd '" + at + "' && printf x > \"$(printf '\\377 \\n%%2f:@')\"");
    for (int i = 0; i < 300; i++) {
      Files.writeString(at.resolve("dir/name-" + i), "" + i);
    }
    Scratch.run("chmod", "4750", at + "/dir/name-1");
    Scratch.run("chown", "7:8", at + "/dir/name-2");
    ask("commit create web:v1 --union u");
    Files.writeString(at.resolve("kept"), "second");
    Files.delete(at.resolve("dir/name-3"));
    ask("commit create lib/web:v2 --union u");
    ask("commit create whole:v3 --union u --squash");
  }

  private String ask(String command) {
    SshServers.Reply reply = servers.ask("admin", command);
    assertThat(reply.status()).as("%s: %s", command, reply).isZero();
    return reply.out();
  }

  private String sftp(String user, String... lines) {
    SshServers.Reply reply = clients.sftp(user, lines);
    assertThat(reply.status()).as("%s", reply).isZero();
    return reply.out();
  }

  private String refused(String user, String... lines) {
    SshServers.Reply reply = clients.sftp(user, lines);
    assertThat(reply.status()).as("%s: %s", List.of(lines), reply).isNotZero();
    return reply.err();
  }

  /** For everybody it is what the commit is when it is mounted, and no list of mounts has it. */
  @ParameterizedTest
  @ValueSource(strings = {"vic web:v1", "ann lib/web:v2", "admin web:v1", "vic whole:v3"})
  void theTreeIsThatOfAMount(String who) throws Exception {
    String user = who.substring(0, who.indexOf(' '));
    String name = who.substring(user.length() + 1);
    Path mount = root.resolve("mount");
    ask("commit mount " + name + " --at " + mount);
    long overlays = overlays();
    try (SftpClients.Mounted mounted =
        clients.sshfs(user, "/commits/" + name, here.resolve("m"), "-o", "no_contain_symlinks")) {
      assertThat(facts(mounted.at())).isEqualTo(facts(mount)).contains("dir/name-299|f");
      assertThat(bytesOf(mounted.at())).isEqualTo(bytesOf(mount)).contains("dir/name-299");
      assertThat(Files.getFileStore(mounted.at()).getTotalSpace()).isPositive();
      assertThat(overlays()).isEqualTo(overlays);
    }
  }

  private static String bytesOf(Path tree) {
    return Scratch.run(
        "sh",
        "-c",
        "cd '" + tree + "' && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum");
  }

  private static long overlays() {
    return Scratch.read(Path.of("/proc/self/mountinfo"))
        .lines()
        .filter(line -> line.contains(" - overlay "))
        .count();
  }

  private static String facts(Path tree) {
    return Scratch.run(
        "sh",
        "-c",
        "cd '"
            + tree
            + "' && find . -mindepth 1 ! -type d -printf '"
            + FACTS
            + "' | LC_ALL=C sort;"
            + " find . -mindepth 1 -type d -printf '%P %m %U %G %Ts\\n' | LC_ALL=C sort");
  }

  @Test
  void commitsAreListedByTheirNames() {
    assertThat(sftp("vic", "ls /", "ls -1 /commits", "ls -1 /commits/lib"))
        .containsPattern("/commits +/folders +/unions +/vms")
        .contains("/commits/lib\n/commits/web:v1\n/commits/whole:v3\n")
        .contains("/commits/lib/web:v2\n")
        .doesNotContain("@");
    ask("commit tag lib/web:v2 web:v1");
    String id = servers.mica.commits().list().getLast().id();
    assertThat(sftp("vic", "ls -1 /commits", "cd /commits/@" + id, "ls -1"))
        .contains("/commits/@" + id + "\n/commits/lib\n")
        .contains("kept");
    sftp("vic", "get /commits/web:v1/kept " + here + "/now");
    assertThat(here.resolve("now")).hasContent("second");
    for (String none :
        List.of("web", "lib/web", "no:v1", "lib/no:v1", "@" + id.substring(0, 6), "@", ":", "li")) {
      refused("admin", "cd /commits/" + none);
      refused("admin", "get /commits/" + none + "/kept " + here);
    }
  }

  static Stream<List<String>> changes() {
    return Stream.of(
        List.of("put /etc/hostname new"),
        List.of("put /etc/hostname kept"),
        List.of("rm kept"),
        List.of("rmdir opaque"),
        List.of("mkdir new"),
        List.of("rename kept new"),
        List.of("rename kept /folders/x"),
        List.of("ln kept new"),
        List.of("ln -s kept new"),
        List.of("chmod 777 kept"),
        List.of("chown 7 kept"),
        List.of("cp kept new"),
        List.of("rm /commits/web:v1"),
        List.of("rmdir /commits/web:v1"),
        List.of("rename /commits/web:v1 /commits/web:v9"),
        List.of("mkdir /commits/new"),
        List.of("mkdir /commits/new:v1"));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void nobodyChangesACommit(List<String> lines) throws IOException {
    Path layer = servers.mica.commits().get("web:v1").layer();
    servers.scratch.awaitDigests();
    String before = times(layer);
    for (String user : List.of("vic", "ann", "admin")) {
      String why = refused(user, "cd /commits/web:v1", lines.getFirst());
      assertThat(why).as(user).containsAnyOf("ermission denied", "No such file", "o such file");
    }
    sftp("vic", "get -r /commits/web:v1/opaque " + here);
    assertThat(times(layer)).isEqualTo(before);
    assertThat(servers.mica.commits().get("web:v1").verify()).noneMatch(Commit.Verified::isBad);
  }

  private static String times(Path layer) {
    return Scratch.run("find", layer.toString(), "-type", "f", "-printf", "%p %A@ %C@ %i\\n");
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void symlinksAreFollowedWithinTheTreeOnly(Role role) {
    String user = role == Role.VIEWER ? "vic" : role == Role.OPERATOR ? "ann" : "admin";
    for (String name : List.of("absolute", "out", "nowhere", "fifo", "null")) {
      refused(user, "get /commits/web:v1/" + name + " " + here + "/got");
      assertThat(here.resolve("got")).doesNotExist();
    }
    assertThat(sftp(user, "ls -l /commits/web:v1"))
        .containsPattern("lrwxrwxrwx .* absolute\n")
        .containsPattern("crw.* null\n")
        .containsPattern("prw.* fifo\n")
        .doesNotContain("gone");
    sftp(user, "get /commits/web:v1/inside " + here + "/inside");
    assertThat(here.resolve("inside")).hasContent("lower");
  }

  /** A folder that a commit stands on is not in the store: a viewer reads it as a folder only. */
  @Test
  void aViewerHasTheFoldersBelowACommitOnlyInARoot() {
    servers.user("eve", Role.VIEWER, "", here.toString());
    servers.user("none", Role.VIEWER, "");
    for (String user : List.of("eve", "none")) {
      assertThat(sftp(user, "ls /commits")).contains("web:v1");
      refused(user, "cd /commits/web:v1");
      refused(user, "get /commits/web:v1/kept " + here);
      sftp(user, "get /commits/whole:v3/kept " + here + "/" + user);
      assertThat(here.resolve(user)).hasContent("second");
    }
  }

  /** Nobody waits for those who read; what they have open they read to its end. */
  @Test
  void aCommitCanBeRemovedWhileItIsRead() throws IOException {
    byte[] expected = Files.readAllBytes(root.resolve("lower/dir/large"));
    Path layer = servers.mica.commits().get("whole:v3").layer();
    try (SftpClients.Mounted mounted =
            clients.sshfs("vic", "/commits", here.resolve("m"), "-o", "direct_io");
        InputStream file = Files.newInputStream(mounted.at().resolve("whole:v3/dir/large"))) {
      byte[] first = file.readNBytes(1000);
      ask("commit rm whole:v3");
      assertThat(layer).doesNotExist();
      assertThat(first).isEqualTo(Arrays.copyOf(expected, 1000));
      assertThat(file.readAllBytes()).isEqualTo(Arrays.copyOfRange(expected, 1000, LARGE));
      assertThatThrownBy(() -> Files.readString(mounted.at().resolve("whole:v3/kept")))
          .isInstanceOf(NoSuchFileException.class);
      assertThat(mounted.at().resolve("web:v1/kept")).hasContent("lower");
    }
    refused("vic", "get /commits/whole:v3/kept " + here);
    assertThat(sftp("vic", "ls /commits")).doesNotContain("whole");
  }

  /** However many are read, few stay mounted, and none when the client has gone. */
  @Test
  void fewStayMounted() throws IOException {
    for (int i = 0; i < 20; i++) {
      var _ = servers.mica.commits().importFolder(root + "/lower/opaque", "many:v" + i);
    }
    long before = atNoPlace();
    Caller caller = Caller.of("x", Role.VIEWER, here, java.util.Map.of(), List.of());
    try (VirtualRoot files =
        new VirtualRoot(
            caller,
            servers.mica.unions(),
            servers.mica.commits(),
            servers.mica.vms(),
            servers.mica.home())) {
      for (int i = 0; i < 20; i++) {
        files.list(bytes("/commits/many:v" + i)).close();
      }
      files.list(bytes("/commits/many:v19")).close();
      assertThat(atNoPlace() - before).isEqualTo(8);
      servers.mica.commits().get("many:v19").remove();
      assertThatThrownBy(() -> files.list(bytes("/commits/many:v19")))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("there is nothing of that name");
      assertThat(atNoPlace() - before).isEqualTo(7);
    }
    assertThat(atNoPlace()).isEqualTo(before);
  }

  private static byte[] bytes(String path) {
    return path.getBytes(StandardCharsets.UTF_8);
  }

  /** The descriptors of roots of mounts at no place, which have "/" for a path. */
  private static long atNoPlace() {
    return OpenFiles.that(Path.of("/")::equals).size();
  }

  @Test
  void scpCopiesFromACommit() throws IOException {
    SshServers.Reply reply =
        clients.scp("ann", "-r", "-p", ":/commits/lib/web:v2/dir", here + "/dir");
    assertThat(reply.status()).as("%s", reply).isZero();
    assertThat(Files.mismatch(here.resolve("dir/large"), root.resolve("lower/dir/large")))
        .isEqualTo(-1);
    try (Stream<Path> all = Files.list(here.resolve("dir"))) {
      assertThat(all).hasSize(300);
    }
  }
}
