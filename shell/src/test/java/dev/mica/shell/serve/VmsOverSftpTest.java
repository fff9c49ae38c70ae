package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.container.Vm;
import dev.mica.failure.MicaException;
import dev.mica.files.VirtualRoot;
import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of a VM, with the clients that users have. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class VmsOverSftpTest {
  private static SshServers servers;
  private static SftpClients clients;
  private static Path here;

  @BeforeAll
  static void start() throws IOException {
    servers = new SshServers();
    clients = new SftpClients(servers);
    here = servers.scratch.dir("here");
    Path root = servers.scratch.dir("root");
    for (String folder : List.of("bin", "dev", "proc", "sys", "tmp", "root")) {
      Files.createDirectory(root.resolve(folder));
    }
    Files.copy(
        Path.of("/bin/busybox"), root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    Files.createSymbolicLink(root.resolve("bin/sh"), Path.of("busybox"));
    Files.writeString(root.resolve("below"), "below");
    servers.user("ann", Role.OPERATOR, "", root.toString());
    servers.user("vic", Role.VIEWER, "", root.toString());
    servers.user("admin", Role.ADMIN, "");
    ask("vm run -d --name web --from . -- busybox sleep 100000");
    inside(
        "cd /tmp && echo in > in && mkdir dir && ln -s in inside && ln -s /tmp/in absolute"
            + " && ln -s ../../../../../shares out && ln -s /proc/1/root proc && mkfifo fifo"
            + " && printf x > \"$(printf '\\377 \\n%%:@')\""
            + " && i=0 && while [ $i -lt 300 ]; do echo $i > dir/name-$i; i=$((i+1)); done");
  }

  @AfterAll
  static void end() {
    servers.mica.vms().list().forEach(Vm::kill);
    assertThat(servers.ask("ann", "vm rm --force --all").status()).isZero();
    servers.close();
  }

  private static String ask(String command) {
    SshServers.Reply reply = servers.ask("ann", command);
    assertThat(reply.status()).as("%s: %s", command, reply).isZero();
    return reply.out();
  }

  /** What a shell in the container says. */
  private static String inside(String script) {
    String all = "for a in $(busybox --list); do alias $a=\"busybox $a\"; done; " + script;
    var ran = servers.mica.vms().get("web").exec("sh", "-c", all);
    assertThat(ran.status()).as("%s: %s", script, ran).isZero();
    return ran.output();
  }

  private static String sftp(String user, String... lines) {
    SshServers.Reply reply = clients.sftp(user, lines);
    assertThat(reply.status()).as("%s: %s", List.of(lines), reply).isZero();
    return reply.out();
  }

  private static String refused(String user, String... lines) {
    SshServers.Reply reply = clients.sftp(user, lines);
    assertThat(reply.status()).as("%s: %s", List.of(lines), reply).isNotZero();
    return reply.err();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ann", "admin"})
  void aLargeFileComesAndGoesAsItIs(String user) throws IOException {
    byte[] bytes = new byte[20 << 20];
    new Random(7).nextBytes(bytes);
    Path large = here.resolve("large");
    Files.write(large, bytes);
    sftp(user, "put " + large + " /vms/web/tmp/large", "get /vms/web/tmp/large " + here + "/back");
    assertThat(Files.mismatch(large, here.resolve("back"))).isEqualTo(-1);
    assertThat(inside("wc -c < /tmp/large")).isEqualTo((20 << 20) + "\n");
    sftp(user, "rm /vms/web/tmp/large");
    assertThat(inside("ls /tmp")).doesNotContain("large");
  }

  @Test
  void namesAreMadeChangedAndRemoved() throws IOException {
    Files.writeString(here.resolve("one"), "one");
    Files.writeString(here.resolve("two"), "two");
    sftp(
        "ann",
        "cd /vms/web/root",
        "mkdir d",
        "put -p " + here + "/one d/one",
        "put " + here + "/two d/two",
        "rename d/one d/two",
        "ln d/two d/hard",
        "ln -s two d/soft",
        "chmod 4711 d/two",
        "chown 7 d/two",
        "cp d/soft d/copy");
    assertThat(inside("cd /root/d && cat two copy && readlink soft && stat -c '%h %u' two && ls"))
        .isEqualTo("oneonetwo\n2 7\ncopy\nhard\nsoft\ntwo\n");
    refused("ann", "rmdir /vms/web/root/d");
    sftp("ann", "rm /vms/web/root/d/*", "rmdir /vms/web/root/d");
    assertThat(inside("ls /root")).isEmpty();
  }

  @Test
  void filesAreListedWithWhatTheyAre() {
    assertThat(sftp("ann", "ls /vms", "cd /vms/web/tmp", "pwd", "ls -l", "df"))
        .contains("/vms/web")
        .contains("Remote working directory: /vms/web/tmp\n")
        .containsPattern("-rw-r--r-- +1 0 +0 +3 .* in\n")
        .containsPattern("lrwxrwxrwx .* absolute\n")
        .containsPattern("prw.* fifo\n")
        .containsPattern("Size +Used +Avail");
    assertThat(sftp("ann", "ls -1 /vms/web/tmp/dir").lines().filter(name -> name.contains("name-")))
        .doesNotHaveDuplicates()
        .hasSize(300);
  }

  /** What a program in the container has planted leads neither into the guest nor to this host. */
  @ParameterizedTest
  @ValueSource(strings = {"absolute", "out", "proc", "fifo", "proc/etc", "out/x"})
  void noSymlinkLeadsOutAndOnlyFilesAreOpened(String name) {
    for (String user : List.of("ann", "admin")) {
      refused(user, "get /vms/web/tmp/" + name + " " + here + "/got");
      refused(user, "put /etc/hostname /vms/web/tmp/" + name);
      refused(user, "cd /vms/web/tmp/" + name);
    }
    assertThat(here.resolve("got")).doesNotExist();
    sftp("ann", "get /vms/web/tmp/inside " + here + "/inside");
    assertThat(here.resolve("inside")).hasContent("in");
    for (String magic : List.of("proc/1/root/tmp/in", "proc/1/cwd/below", "proc/1/exe")) {
      refused("ann", "get /vms/web/" + magic + " " + here + "/got");
    }
    refused("ann", "put /etc/hostname /vms/web/proc/1/mem");
  }

  static Stream<List<String>> requests() {
    return Stream.of(
        List.of("cd /vms/web"),
        List.of("get /vms/web/tmp/in /dev/null"),
        List.of("put /etc/hostname /vms/web/tmp/new"),
        List.of("rm /vms/web/tmp/in"),
        List.of("mkdir /vms/web/new"),
        List.of("rename /vms/web/tmp/in /folders/root/in"),
        List.of("chmod 777 /vms/web/tmp/in"));
  }

  /** Who may not run programs in a VM, or copy from it, has no files of it. */
  @ParameterizedTest
  @MethodSource("requests")
  void aViewerHasNoFilesOfVms(List<String> lines) {
    assertThat(sftp("vic", "ls /vms")).doesNotContain("web");
    refused("vic", lines.getFirst());
    assertThat(inside("cat /tmp/in")).isEqualTo("in\n");
  }

  @Test
  void whatIsInAVmStaysThere() {
    refused("ann", "rename /vms/web/tmp/in /folders/root/in");
    refused("ann", "rename /folders/root/below /vms/web/tmp/below");
    refused("ann", "ln /vms/web/tmp/in /folders/root/in");
    for (String line : List.of("rm /vms/web", "rmdir /vms/web", "mkdir /vms/new", "cd /vms/no")) {
      refused("ann", line);
    }
    assertThat(inside("cat /tmp/in /below")).isEqualTo("in\nbelow");
  }

  @Test
  void sshfsMountsAVm() throws Exception {
    byte[] bytes = new byte[3 << 20];
    new Random(7).nextBytes(bytes);
    try (SftpClients.Mounted mounted = clients.sshfs("ann", "/vms/web", here.resolve("m"))) {
      Path at = mounted.at();
      Files.write(at.resolve("tmp/file"), bytes);
      Files.move(at.resolve("tmp/file"), at.resolve("tmp/moved"));
      assertThat(Files.readAllBytes(at.resolve("tmp/moved"))).isEqualTo(bytes);
      Files.delete(at.resolve("tmp/moved"));
      try (Stream<Path> names = Files.list(at.resolve("tmp/dir"))) {
        assertThat(names).hasSize(300);
      }
      assertThat(at.resolve("tmp/dir/name-299")).hasContent("299");
    }
  }

  /** A VM that has ended has no files; one that was started again has, for the same client. */
  @Test
  void itsFilesEndWithTheVm() {
    ask("vm run -d --name other --from . -- busybox sleep 100000");
    Caller caller =
        Caller.of("x", Role.OPERATOR, servers.scratch.path("root"), java.util.Map.of(), List.of());
    try (VirtualRoot files =
        new VirtualRoot(
            caller,
            servers.mica.unions(),
            servers.mica.commits(),
            servers.mica.as(caller).vms(),
            servers.mica.home())) {
      byte[] path = "/vms/other/below".getBytes(StandardCharsets.UTF_8);
      assertThat(files.status(path, true).size()).isEqualTo(5);
      ask("vm kill other");
      assertThatThrownBy(() -> files.status(path, true))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("other");
      assertThatThrownBy(() -> files.status(path, true))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("start it with mica vm start other");
      ask("vm start other");
      assertThat(files.status(path, true).size()).isEqualTo(5);
      ask("vm stop other");
    }
    ask("vm rm other");
  }
}
