package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of users over SSH, with the clients that they have. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class FilesOverSshTest {
  private static final int LARGE = 100 << 20;

  private SshServers servers;
  private SftpClients clients;
  private Path root;
  private Path here;

  @BeforeEach
  void start() {
    servers = new SshServers();
    clients = new SftpClients(servers);
    root = servers.scratch.dir("root");
    here = servers.scratch.dir("here");
    servers.user("ann", Role.OPERATOR, "", root.toString());
    servers.user("vic", Role.VIEWER, "", root.toString());
  }

  @AfterEach
  void end() {
    servers.close();
  }

  private SshServers.Reply done(SshServers.Reply reply) {
    assertThat(reply.status()).as("%s", reply).isZero();
    return reply;
  }

  private String sftp(String user, String... lines) {
    return done(clients.sftp(user, lines)).out();
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  @Test
  void aLargeFileComesAndGoesAsItIs() throws IOException {
    Path large = here.resolve("large");
    Files.write(large, random(LARGE));
    sftp("ann", "put " + large + " large", "get large " + here + "/back");
    assertThat(Files.mismatch(large, root.resolve("large"))).isEqualTo(-1);
    assertThat(Files.mismatch(large, here.resolve("back"))).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWasCutShortGoesOn(boolean up) throws IOException {
    byte[] bytes = random(3 << 20);
    Path from = (up ? here : root).resolve("f");
    Path to = (up ? root : here).resolve("f");
    Files.write(from, bytes);
    Files.write(to, Arrays.copyOf(bytes, 1 << 20));
    sftp("ann", up ? "reput " + from + " f" : "reget f " + to);
    assertThat(Files.mismatch(from, to)).isEqualTo(-1);
  }

  @Test
  void namesAreMadeChangedAndRemoved() throws IOException {
    Files.writeString(here.resolve("one"), "one");
    Files.writeString(here.resolve("two"), "two");
    sftp(
        "ann",
        "mkdir d",
        "put " + here + "/one d/one",
        "put " + here + "/two d/two",
        "rename d/one d/two",
        "ln d/two d/hard",
        "ln -s two d/soft",
        "chmod 600 d/two",
        "cp d/soft d/copy");
    Path d = root.resolve("d");
    assertThat(d.resolve("two")).hasContent("one");
    assertThat(d.resolve("one")).doesNotExist();
    assertThat(Files.isSameFile(d.resolve("two"), d.resolve("hard"))).isTrue();
    assertThat(Files.readSymbolicLink(d.resolve("soft"))).hasToString("two");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(d.resolve("hard"))))
        .isEqualTo("rw-------");
    assertThat(d.resolve("copy")).hasContent("one");
    assertThat(clients.sftp("ann", "rmdir d").status()).isNotZero();
    sftp("ann", "rm d/*", "rmdir d");
    assertThat(d).doesNotExist();
  }

  @Test
  void filesAreListedWithWhatTheyAre() throws IOException {
    Files.writeString(root.resolve("file"), "12345");
    Files.setPosixFilePermissions(
        root.resolve("file"), PosixFilePermissions.fromString("rw-r-----"));
    Files.createSymbolicLink(root.resolve("link"), Path.of("file"));
    String out = sftp("vic", "pwd", "ls -l", "ls /", "ls /folders", "df");
    assertThat(out)
        .contains("Remote working directory: /folders/root\n")
        .containsPattern("-rw-r----- +1 0 +0 +5 .* file\n")
        .containsPattern("lrwxrwxrwx +1 0 +0 +4 .* link\n")
        .containsPattern("/commits +/folders +/unions +/vms")
        .contains("/folders/root")
        .containsPattern("Size +Used +Avail");
  }

  static Stream<List<String>> changes() {
    return Stream.of(
        List.of("put /etc/hostname new"),
        List.of("put /etc/hostname file"),
        List.of("rm file"),
        List.of("rmdir dir"),
        List.of("mkdir new"),
        List.of("rename file new"),
        List.of("ln file new"),
        List.of("ln -s file new"),
        List.of("chmod 777 file"),
        List.of("chown 7 file"),
        List.of("chgrp 7 file"),
        List.of("cp file new"));
  }

  /** Each change by each who may not make it; an operator may. */
  @ParameterizedTest
  @MethodSource("changes")
  void aViewerOnlyReads(List<String> lines) throws IOException {
    Files.writeString(root.resolve("file"), "text");
    Files.createDirectory(root.resolve("dir"));
    SshServers.Reply reply = clients.sftp("vic", lines.toArray(String[]::new));
    assertThat(reply.status()).as("%s", reply).isNotZero();
    assertThat(reply.err()).containsIgnoringCase("permission denied");
    try (Stream<Path> all = Files.list(root)) {
      assertThat(all).containsOnly(root.resolve("file"), root.resolve("dir"));
    }
    assertThat(root.resolve("file")).hasContent("text");
    assertThat(Files.getAttribute(root.resolve("file"), "unix:mode")).isEqualTo(0100644);
    assertThat(Files.getAttribute(root.resolve("file"), "unix:uid")).isEqualTo(0);
    sftp("vic", "get file " + here + "/file");
    assertThat(here.resolve("file")).hasContent("text");
    sftp("ann", lines.toArray(String[]::new));
  }

  /** Whoever has no folder has nothing; an admin without one has the whole host. */
  @Test
  void whoHasNoRootHasNoFolder() {
    servers.user("none", Role.OPERATOR, "");
    assertThat(sftp("none", "pwd", "ls /folders"))
        .contains("Remote working directory: /\n")
        .doesNotContain("root");
    assertThat(clients.sftp("none", "get /folders/root/x").status()).isNotZero();
    servers.user("admin", Role.ADMIN, "");
    assertThat(sftp("admin", "ls /folders/root" + root.getParent())).contains("/here");
  }

  @Test
  void rootsOfOneNameHaveNumbers() throws IOException {
    Path one = Files.createDirectories(servers.scratch.path("one/data"));
    Path two = Files.createDirectories(servers.scratch.path("two/data"));
    Files.createFile(two.resolve("there"));
    servers.user("both", Role.VIEWER, "", one.toString(), two.toString());
    assertThat(sftp("both", "ls /folders", "ls /folders/data-2"))
        .containsPattern("/folders/data +/folders/data-2")
        .contains("/folders/data-2/there");
  }

  static Stream<String> ways() {
    return Stream.of("absolute", "dots", "chain", "deep/up", "inside/../absolute");
  }

  /**
   * What was planted in a folder leads nowhere else: nothing is read there, and nothing changed.
   */
  @ParameterizedTest
  @MethodSource("ways")
  void noSymlinkLeadsOut(String way) throws IOException {
    Path out = servers.scratch.dir("out");
    Files.writeString(out.resolve("secret"), "outside");
    Files.writeString(root.resolve("file"), "inside");
    Files.createDirectory(root.resolve("deep"));
    Files.createDirectory(root.resolve("inside"));
    Files.createSymbolicLink(root.resolve("absolute"), out);
    Files.createSymbolicLink(root.resolve("dots"), Path.of("../out"));
    Files.createSymbolicLink(root.resolve("chain"), Path.of("deep/next"));
    Files.createSymbolicLink(root.resolve("deep/next"), Path.of("up"));
    Files.createSymbolicLink(root.resolve("deep/up"), Path.of("../../out"));
    for (String line :
        List.of(
            "get " + way + "/secret " + here + "/got",
            "put /etc/hostname " + way + "/secret",
            "put /etc/hostname " + way + "/new",
            "ls " + way + "/secret",
            "cd " + way,
            "rm " + way + "/secret",
            "mkdir " + way + "/new",
            "rename " + way + "/secret taken",
            "rename file " + way + "/new",
            "ln " + way + "/secret taken",
            "ln -s x " + way + "/new",
            "chmod 777 " + way + "/secret",
            "chmod 777 " + way,
            "df " + way)) {
      SshServers.Reply reply = clients.sftp("ann", line);
      assertThat(reply.status()).as("%s: %s", line, reply).isNotZero();
    }
    assertThat(here.resolve("got")).doesNotExist();
    assertThat(root.resolve("taken")).doesNotExist();
    assertThat(root.resolve("file")).hasContent("inside");
    assertThat(out.resolve("secret")).hasContent("outside");
    assertThat(Files.getAttribute(out, "unix:mode")).isEqualTo(040755);
    assertThat(Files.getAttribute(out.resolve("secret"), "unix:mode")).isEqualTo(0100644);
    try (Stream<Path> all = Files.list(out)) {
      assertThat(all).containsOnly(out.resolve("secret"));
    }
  }

  @Test
  void aRootThatBecameASymlinkLeadsNowhere() throws IOException {
    Files.createFile(servers.scratch.dir("out").resolve("secret"));
    Path above = servers.scratch.dir("above");
    Files.createDirectory(above.resolve("root"));
    servers.user("eve", Role.VIEWER, "", above + "/root");
    Files.move(above, servers.scratch.path("moved"));
    Files.createDirectories(servers.scratch.path("out/root"));
    Files.createSymbolicLink(above, servers.scratch.path("out"));
    assertThat(clients.sftp("eve", "ls /folders/root/").status()).isNotZero();
  }

  /** A program that sets its user would be a right on this host. */
  @Test
  void onlyAnAdminMakesProgramsThatSetTheirUser() throws IOException {
    Files.createFile(root.resolve("program"));
    assertThat(clients.sftp("ann", "chmod 4755 program").err()).contains("ermission denied");
    Scratch.run("chmod", "4755", root.resolve("program").toString());
    assertThat(clients.sftp("ann", "put /etc/hostname program").err()).contains("ermission denied");
    assertThat(root.resolve("program")).isEmptyFile();
    servers.user("admin", Role.ADMIN, "", root.toString());
    sftp("admin", "put /etc/hostname program", "chmod 4711 program");
    assertThat(Files.getAttribute(root.resolve("program"), "unix:mode")).isEqualTo(0104711);
  }

  /**
   * What is no file is not opened: a fifo would block, and a device is not a file of the folder.
   */
  @Test
  void onlyFilesAreOpened() {
    Scratch.run("mkfifo", root.resolve("fifo").toString());
    Scratch.run("mknod", root.resolve("null").toString(), "c", "1", "3");
    for (String name : List.of("fifo", "null")) {
      assertThat(clients.sftp("ann", "get " + name + " " + here).status()).isNotZero();
      assertThat(clients.sftp("ann", "put /etc/hostname " + name).status()).isNotZero();
    }
  }

  @Test
  void aKeyForOneCommandHasNoFiles() {
    servers.user("one", Role.OPERATOR, "command=\"version\"", root.toString());
    assertThat(clients.sftp("one", "ls").status()).isNotZero();
  }

  @Test
  void scpCopiesBothWays() throws IOException {
    Files.createDirectories(here.resolve("tree/below"));
    Files.write(here.resolve("tree/below/file"), random(1 << 20));
    done(clients.scp("ann", "-r", "-p", here + "/tree", ":"));
    assertThat(Files.mismatch(here.resolve("tree/below/file"), root.resolve("tree/below/file")))
        .isEqualTo(-1);
    done(clients.scp("vic", "-r", ":/folders/root/tree", here + "/back"));
    assertThat(Files.mismatch(here.resolve("tree/below/file"), here.resolve("back/below/file")))
        .isEqualTo(-1);
    assertThat(clients.scp("vic", here + "/tree/below/file", ":new").status()).isNotZero();
  }

  @Test
  void sshfsMountsAFolder() throws Exception {
    byte[] bytes = random(5 << 20);
    try (SftpClients.Mounted mounted = clients.sshfs("ann", "", here.resolve("mount"))) {
      Path at = mounted.at();
      Files.write(at.resolve("file"), bytes);
      Files.move(at.resolve("file"), at.resolve("moved"));
      Files.createDirectory(at.resolve("d"));
      Files.createSymbolicLink(at.resolve("link"), Path.of("moved"));
      try (OutputStream more =
          Files.newOutputStream(at.resolve("moved"), java.nio.file.StandardOpenOption.APPEND)) {
        more.write("end".getBytes(StandardCharsets.UTF_8));
      }
      assertThat(Files.size(at.resolve("link"))).isEqualTo(bytes.length + 3L);
      assertThat(Files.getFileStore(at).getTotalSpace()).isPositive();
      assertThat(Files.mismatch(at.resolve("moved"), root.resolve("moved"))).isEqualTo(-1);
    }
    assertThat(Files.isSymbolicLink(root.resolve("link"))).isTrue();
    assertThat(root.resolve("d")).isDirectory();
  }

  /** It speaks to a program of its own on the other side, which is not there; so over sshfs. */
  @Test
  void rsyncGoesOverSshfs() throws Exception {
    Path tree = here.resolve("tree");
    Files.createDirectories(tree.resolve("below"));
    Files.write(tree.resolve("below/file"), random(1 << 20));
    Files.createSymbolicLink(tree.resolve("link"), Path.of("below/file"));
    try (SftpClients.Mounted mounted = clients.sshfs("ann", "", here.resolve("mount"))) {
      Scratch.run("rsync", "-rlptJ", tree + "/", mounted.at() + "/tree/");
      assertThat(Scratch.run("rsync", "-rlptJcni", "--delete", tree + "/", mounted.at() + "/tree/"))
          .isEmpty();
    }
    assertThat(Files.mismatch(tree.resolve("below/file"), root.resolve("tree/below/file")))
        .isEqualTo(-1);
    assertThat(Files.readSymbolicLink(root.resolve("tree/link"))).hasToString("below/file");
  }

  @Test
  void manyNamesAreListed() throws IOException {
    for (int i = 0; i < 5000; i++) {
      Files.createFile(root.resolve("name-" + i));
    }
    assertThat(sftp("vic", "ls -1").lines().filter(line -> line.startsWith("name-")))
        .doesNotHaveDuplicates()
        .hasSize(5000);
  }

  /** A union that is mounted in a folder of theirs; for an operator also to write. */
  @Test
  void unionsAreFilesToo() throws IOException {
    Path lower = servers.scratch.dir("lower");
    Files.writeString(lower.resolve("file"), "lower");
    Files.createSymbolicLink(lower.resolve("leads"), root);
    servers.user("maker", Role.OPERATOR, "", servers.scratch.path("").toString());
    Path upper = servers.scratch.dir("upper");
    Path at = root.resolve("at");
    SshServers.Reply made =
        servers.ask(
            "maker",
            "union create --name u --lower " + lower + " --upper " + upper + " --at " + at);
    done(made);
    try {
      sftp("vic", "cd /unions/u", "get file " + here + "/file");
      assertThat(here.resolve("file")).hasContent("lower");
      assertThat(sftp("vic", "ls /unions")).contains("/unions/u");
      assertThat(clients.sftp("vic", "put /etc/hostname /unions/u/file").status()).isNotZero();
      assertThat(clients.sftp("vic", "cd /unions/u/leads").status()).isNotZero();
      servers.user("none", Role.OPERATOR, "");
      servers.user("other", Role.OPERATOR, "", here.toString());
      servers.user("admin", Role.ADMIN, "");
      for (String stranger : List.of("none", "other")) {
        assertThat(sftp(stranger, "ls /unions")).doesNotContain("/unions/u");
        assertThat(clients.sftp(stranger, "get /unions/u/file").status()).isNotZero();
        assertThat(clients.sftp(stranger, "put /etc/hostname /unions/u/n").status()).isNotZero();
      }
      assertThat(sftp("admin", "ls /unions/u")).contains("/unions/u/file");
      sftp("ann", "put /etc/hostname /unions/u/new", "rm /unions/u/file");
      assertThat(upper.resolve("new")).hasSameBinaryContentAs(Path.of("/etc/hostname"));
      assertThat(Files.exists(at.resolve("file"), LinkOption.NOFOLLOW_LINKS)).isFalse();
      assertThat(lower.resolve("file")).hasContent("lower");
    } finally {
      done(servers.ask("maker", "union rm u"));
    }
    assertThat(clients.sftp("ann", "ls /unions/u").status()).isNotZero();
    assertThat(clients.sftp("ann", "put /etc/hostname /unions/u/new").status()).isNotZero();
  }
}
