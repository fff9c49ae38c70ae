package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.mica.access.Role;
import dev.mica.audit.AuditLine;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.user.UserKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What users of the SSH server leave in the audit, with the client of OpenSSH. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class AuditOverSshTest {
  private SshServers servers;
  private Path root;

  @BeforeEach
  void start() {
    servers = new SshServers();
    root = servers.scratch.dir("root");
    servers.user("ann", Role.ADMIN, "");
    servers.user("olga", Role.OPERATOR, "", root.toString());
    servers.user("victor", Role.VIEWER, "", root.toString());
  }

  @AfterEach
  void end() {
    servers.close();
  }

  private String fingerprint(String user) {
    return servers.mica.users().get(user).keys().stream()
        .map(UserKey::fingerprint)
        .findFirst()
        .orElseThrow();
  }

  /** Of those who came over SSH. The server writes of a client that failed after it has gone. */
  private List<AuditLine> lines(int atLeast) {
    while (true) {
      List<AuditLine> lines =
          servers.mica.audit().list().stream().filter(line -> line.door().equals("ssh")).toList();
      if (lines.size() >= atLeast) {
        return lines;
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void aLoginAndWhatWasDone() {
    assertThat(servers.ask("olga", "union rm web").status()).isEqualTo(1);
    assertThat(lines(2))
        .extracting(
            AuditLine::user,
            AuditLine::role,
            AuditLine::from,
            AuditLine::key,
            AuditLine::command,
            AuditLine::what,
            AuditLine::outcome)
        .containsExactly(
            tuple("olga", "operator", "127.0.0.1", fingerprint("olga"), "", "log in", "ok"),
            tuple(
                "olga",
                "operator",
                "127.0.0.1",
                fingerprint("olga"),
                "union rm",
                "use the command union rm",
                "failed"));
    assertThat(servers.mica.audit().verify().problem()).isEmpty();
  }

  @Test
  void whatIsRefused() {
    assertThat(servers.ask("victor", "union rm web").status()).isEqualTo(3);
    assertThat(servers.ask("victor", "diff / /").status()).isEqualTo(3);
    assertThat(servers.ask("olga", "-e 1").status()).isEqualTo(3);
    assertThat(servers.ask("victor", "union ls").status()).isZero();
    assertThat(lines(7))
        .extracting(AuditLine::user, AuditLine::command, AuditLine::what, AuditLine::outcome)
        .containsExactly(
            tuple("victor", "", "log in", "ok"),
            tuple("victor", "", "use the command union rm", "refused"),
            tuple("victor", "", "log in", "ok"),
            tuple("victor", "diff", "use the command diff", "refused"),
            tuple("olga", "", "log in", "ok"),
            tuple("olga", "", "use the command -e", "refused"),
            tuple("victor", "", "log in", "ok"));
    assertThat(lines(7).get(3).why()).contains("cannot use /: victor may only use what is in");
  }

  /** By a command, by the lines of a pipe, and as a script. */
  @Test
  void aScriptIsALineAndEachChangeInIt() {
    String code = "folder('" + root + "/x').create(); 1";
    String ran = "make the directory " + root + "/x";
    byte[] script = code.getBytes(StandardCharsets.UTF_8);
    assertThat(servers.ask("ann", "-e \"" + code + "\"").status()).isZero();
    assertThat(SshServers.run(servers.client("ann"), script, "run -").status()).isZero();
    byte[] line = (code + "\n").getBytes(StandardCharsets.UTF_8);
    assertThat(SshServers.run(servers.client("ann", "-T"), line).status()).isZero();
    assertThat(lines(9))
        .extracting(AuditLine::what)
        .containsExactly(
            "log in",
            ran,
            "run a line of the language",
            "log in",
            ran,
            "run a script of the standard input",
            "log in",
            ran,
            "run a line of the language");
  }

  @ParameterizedTest
  @CsvSource({
    "another's key, ann, olga, nobody of that name has this key",
    "a key of nobody's, ann, stranger, nobody of that name has this key",
    "nobody, nobody, olga, nobody of that name has this key",
    "a key of another address, far, far, the key is not accepted: ",
    "a damaged record, damaged, damaged, nobody can log in as that user: "
  })
  void whoIsNotLetIn(String what, String user, String key, String why) throws IOException {
    if (user.equals("far")) {
      servers.user(user, Role.ADMIN, "from=\"10.0.0.0/8\"");
    }
    if (user.equals("damaged")) {
      servers.user(user, Role.ADMIN, "");
      Files.writeString(servers.scratch.path("home/users/damaged.json"), "{}");
    }
    List<String> client = servers.clientWith(key, user);
    assertThat(SshServers.run(client, new byte[0], "version").status()).as(what).isEqualTo(255);
    AuditLine line = lines(1).getFirst();
    assertThat(line.user()).isEqualTo(user);
    assertThat(line.role()).isEmpty();
    assertThat(line.what()).isEqualTo("log in");
    assertThat(line.outcome()).isEqualTo("refused");
    assertThat(line.why()).startsWith(why);
    assertThat(Scratch.run("ssh-keygen", "-l", "-f", servers.key(key) + ".pub"))
        .contains(line.key());
    assertThat(lines(1)).hasSize(1);
  }
}
