package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commits that go from one Mica to another over the client of OpenSSH. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class BetweenOverSshTest {
  private SshServers there;
  private Mica here;

  @BeforeEach
  void start() {
    there = new SshServers();
    there.user("olga", Role.OPERATOR, "");
    there.user("victor", Role.VIEWER, "");
    here = here("olga");
  }

  @AfterEach
  void end() {
    there.close();
  }

  /** Another state directory of an admin, whose ssh has the key of that user. */
  private Mica here(String user) {
    List<String> client = there.client(user);
    String options = String.join(" ", client.subList(0, client.size() - 2));
    Path ssh = there.scratch.file(user + ".ssh", "#!/bin/sh\nexec " + options + " \"$@\"\n");
    Scratch.run("chmod", "755", ssh.toString());
    Map<String, String> variables = new HashMap<>(System.getenv());
    variables.put("MICA_SSH", ssh.toString());
    Caller caller = Caller.of("root", Role.ADMIN, there.scratch.path(""), variables);
    return Mica.open(there.scratch.path("other")).as(caller);
  }

  private String place(String user, String ref) {
    return "ssh://" + user + "@127.0.0.1:" + there.port() + "/" + ref;
  }

  private Commit commit() {
    there.scratch.file("tree/large", "some lines\n".repeat(100_000));
    there.scratch.file("tree/etc/name", "here");
    return here.commits()
        .importFolder(there.scratch.path("tree").toString(), "web:v1")
        .commits()
        .getFirst();
  }

  @Test
  void itIsThereWithTheSameDigestAndComesBack() {
    Commit commit = commit();
    commit.push(place("olga", "team/web:v1"));
    Commit arrived = there.mica.commits().get("team/web:v1");
    assertThat(arrived.digest()).isEqualTo(commit.digest());
    commit.push(place("olga", "team/web:v1"));
    assertThat(there.mica.commits().list()).hasSize(1);
    commit.remove();
    Commit back = here("victor").commits().pull(place("victor", "team/web:v1"));
    assertThat(back.digest()).isEqualTo(arrived.digest());
    assertThat(Files.exists(back.layer().resolve("large"))).isTrue();
    assertThat(there.ask("olga", "session ls").out()).doesNotContain("commit receive");
  }

  /** As {@code mica commit save web:v1 - | ssh web2 mica commit load -} does, and back. */
  @Test
  void anArchiveGoesByAPipeToo() {
    Commit commit = commit();
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    String manifest = commit.save(archive, "oci", "gzip").manifest();
    List<String> client = there.client("olga");
    SshServers.Reply loaded =
        SshServers.run(client, archive.toByteArray(), "commit load - --as team/web:v1");
    assertThat(loaded.status()).as("%s", loaded).isZero();
    Commit arrived = there.mica.commits().get("team/web:v1");
    assertThat(arrived.manifest()).contains(manifest);
    SshServers.Reply saved = there.ask("olga", "commit save team/web:v1 - --format docker");
    assertThat(saved.status()).as("%s", saved.err()).isZero();
    byte[] bytes = saved.out().getBytes(StandardCharsets.ISO_8859_1);
    InputStream back = new ByteArrayInputStream(bytes);
    Commit same =
        here.commits().load(back, Optional.of("back:v1"), Optional.empty()).commits().getFirst();
    assertThat(same.digest()).isEqualTo(commit.digest());
    assertThat(there.ask("victor", "commit load -").status()).isEqualTo(3);
  }

  @Test
  void whoMayOnlyLookMayOnlyPull() {
    String id = commit().id();
    Commit commit = here("victor").commits().get(id);
    assertThatThrownBy(() -> commit.push(place("victor", "web:v1")))
        .isInstanceOfSatisfying(
            MicaException.class,
            failure -> assertThat(failure.exitStatus()).as("%s", failure).isEqualTo(3))
        .hasMessageContaining("the other Mica says: ");
    assertThat(there.mica.commits().list()).isEmpty();
  }

  @Test
  void whatIsNotThereIsToldByTheOtherSide() {
    assertThatThrownBy(() -> here.commits().pull(place("olga", "none:v1")))
        .hasMessageContaining("the other Mica says: cannot find the commit none:v1");
    assertThat(here.commits().list()).isEmpty();
  }

  @Test
  void aServerWithAnotherKeyIsNotTrusted() {
    commit().push(place("olga", "web:v1"));
    String known = Scratch.read(there.scratch.path("known"));
    String other = Scratch.read(Path.of(there.key("stranger") + ".pub"));
    there.scratch.file(
        "known", known.replaceAll("ssh-ed25519 \\S+", other.replaceAll("(\\S+ \\S+).*\\s*", "$1")));
    assertThatThrownBy(() -> here.commits().pull(place("olga", "web:v1")))
        .hasMessageContaining("its key is not the one in known_hosts");
  }

  /** Where nobody listens. */
  @Test
  void whereNoServerIsSshSaysSo() {
    int port = there.port();
    there.server.close();
    assertThatThrownBy(() -> here.commits().pull("ssh://olga@127.0.0.1:" + port + "/web:v1"))
        .hasMessageContaining("ssh says: ")
        .hasMessageContaining("refused");
  }
}
