package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Folders of a host that are reached over the client of OpenSSH; the host is a server of Mica. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class SftpFoldersOverSshTest {
  private SshServers there;
  private Path root;

  @BeforeEach
  void start() {
    there = new SshServers();
    root = there.scratch.dir("root");
    there.user("olga", Role.OPERATOR, "", root.toString());
    there.user("victor", Role.VIEWER, "", root.toString());
    there.scratch.file("root/tree/sub/file", "text\n".repeat(100_000));
    Scratch.run("ln", "-s", "sub/file", there.scratch.path("root/tree/link").toString());
  }

  @AfterEach
  void end() {
    there.close();
  }

  /**
   * The folder at {@code path} of that user, reached by an ssh with these options and variables.
   */
  private Folder folder(String user, String path, String options, Map<String, String> more) {
    String known = "-oUserKnownHostsFile=" + there.scratch.path("known");
    String ssh =
        "#!/bin/sh\nexec ssh -F none " + known + " -oStrictHostKeyChecking=accept-new " + options;
    Path program = there.scratch.file(user + ".ssh", ssh + " \"$@\"\n");
    Scratch.run("chmod", "755", program.toString());
    Map<String, String> variables = new HashMap<>(System.getenv());
    variables.put("MICA_SSH", program.toString());
    variables.putAll(more);
    Caller caller = Caller.of("root", Role.ADMIN, there.scratch.path(""), variables);
    return Mica.open(there.scratch.path("other"))
        .as(caller)
        .folder("sftp://" + user + "@127.0.0.1:" + there.port() + path);
  }

  private Folder folder(String user, String path) {
    return folder(user, path, "-oIdentitiesOnly=yes -i " + there.key(user), Map.of());
  }

  @Test
  void itIsReadAndCopiedBothWays() {
    Folder tree = folder("olga", "/folders/root/tree");
    assertThat(tree.find(any -> true).stream().map(entry -> entry.path().toString()))
        .containsExactly("link", "sub", "sub/file");
    assertThat(tree.resolve("sub/file").text()).startsWith("text\ntext\n").hasSize(500_000);
    Path copy = there.scratch.path("copy");
    Folder here = Folder.of(copy);
    Folder _ = tree.copyTo(here);
    assertThat(here.resolve("sub/file").text()).hasSize(500_000);
    Folder _ = here.copyTo(folder("olga", "/folders/root/back"));
    assertThat(here.diffExact(Folder.of(root.resolve("back"))).toList()).isEmpty();
    assertThat(root).isDirectoryNotContaining("glob:**/.mica-*");
    assertThat(folder("olga", "").list().stream().map(entry -> entry.path().toString()))
        .contains("tree", "back");
  }

  @Test
  void whoMayOnlyLookThereCannotCopyThere() throws IOException {
    Folder here = Folder.of(there.scratch.dir("small"));
    assertThat(folder("victor", "/folders/root/tree").isDirectory()).isTrue();
    assertThatThrownBy(() -> here.copyTo(folder("victor", "/folders/root/back")))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("permission denied");
    try (var left = Files.list(root)) {
      assertThat(left).hasSize(1);
    }
  }

  /** Of a key with a passphrase or on a token nothing is in a file that could be read. */
  @Test
  void aKeyThatOnlyAnAgentHas() throws IOException {
    String socket = there.scratch.path("agent").toString();
    String started = Scratch.run("ssh-agent", "-s", "-a", socket);
    Matcher id = Pattern.compile("SSH_AGENT_PID=(\\d+)").matcher(started);
    assertThat(id.find()).isTrue();
    Map<String, String> agent = Map.of("SSH_AUTH_SOCK", socket, "HOME", "/nonexistent");
    try {
      String add = "SSH_AUTH_SOCK=$1 exec ssh-add -q $2";
      Scratch.run("sh", "-c", add, "sh", socket, there.key("victor").toString());
      Files.delete(there.key("victor"));
      assertThat(folder("victor", "/folders/root/tree", "", agent).exists()).isTrue();
    } finally {
      Scratch.run("kill", id.group(1));
    }
    Folder without = folder("victor", "/folders/root/tree", "-oIdentityAgent=none", agent);
    assertThatThrownBy(without::exists).hasMessageContaining("Permission denied");
  }

  @Test
  void aHostWithAnotherKeyIsNotTrusted() {
    assertThat(folder("victor", "/folders/root").isDirectory()).isTrue();
    Path known = there.scratch.path("known");
    String other = Scratch.read(Path.of(there.key("stranger") + ".pub")).strip();
    String key = other.replaceAll("(\\S+ \\S+).*", "$1");
    there.scratch.file("known", Scratch.read(known).replaceAll("ssh-ed25519 \\S+", key));
    assertThatThrownBy(() -> folder("victor", "/folders/root").list())
        .hasMessageContaining("its key is not the one in known_hosts");
  }
}
