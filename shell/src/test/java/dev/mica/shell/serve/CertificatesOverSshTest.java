package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Role;
import dev.mica.audit.AuditLine;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Users who are known by certificates, made by {@code ssh-keygen} and shown by {@code ssh}. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class CertificatesOverSshTest {
  private static final byte[] NOTHING = {};

  private static SshServers servers;
  private static int users;

  @BeforeAll
  static void start() {
    servers = new SshServers();
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  /** A name that no other case has; so has the address that its client comes from. */
  private static String user() {
    users++;
    return "user" + users;
  }

  /** Adds a user who is known by certificates of {@code ca}, behind {@code options}. */
  private static void add(String name, String ca, String options, String... more) {
    List<String> lines = new ArrayList<>(List.of(more));
    lines.add(options + " " + Scratch.read(Path.of(servers.key(ca) + ".pub")));
    RawClient.addUser(servers, name, Role.VIEWER, List.of(), lines);
  }

  private static void make(String name, String type, int bits) {
    String file = servers.scratch.path(name).toString();
    Scratch.run("ssh-keygen", "-q", "-t", type, "-b", "" + bits, "-N", "", "-f", file);
  }

  /** Has {@code ca} sign the key of a user; {@code options} are those of {@code ssh-keygen}. */
  private static void sign(String ca, String user, String options) {
    List<String> command =
        new ArrayList<>(List.of("ssh-keygen", "-q", "-s", servers.key(ca).toString()));
    command.addAll(List.of("-I", "the id of " + user, "-z", "7"));
    if (!options.isEmpty()) {
      command.addAll(List.of(options.replace("USER", user).split(" ", -1)));
    }
    command.add(servers.key(user) + ".pub");
    String _ = Scratch.run(command.toArray(String[]::new));
  }

  private static List<String> client(String user, String... options) {
    List<String> all = new ArrayList<>(List.of("-b", "127.0.3." + user.substring(4)));
    all.addAll(List.of("-o", "CertificateFile=" + servers.key(user) + "-cert.pub"));
    all.addAll(List.of(options));
    return servers.client(user, all.toArray(String[]::new));
  }

  /** What the audit says of who tried to log in as that user. */
  private static AuditLine attempt(String user) {
    while (true) {
      for (AuditLine line : servers.mica.audit().list()) {
        if (line.what().equals("log in") && line.user().equals(user)) {
          return line;
        }
      }
      Thread.onSpinWait();
    }
  }

  static Stream<Arguments> certificates() {
    String ca = "cert-authority";
    String here = "from=\"127.0.0.0/8\"";
    String elsewhere = "from=\"10.0.0.0/8\"";
    String nobody = "nobody of that name is known by certificates of this authority";
    return Stream.of(
        arguments("valid", ca, "ca", "-n USER", ""),
        arguments("for others, too", ca, "ca", "-n bob,USER,eve", ""),
        arguments("for others", ca, "ca", "-n bob,USER2", "the certificate is for others"),
        arguments("for nobody", ca, "ca", "", "the certificate names nobody"),
        arguments("for a group", ca + ",principals=\"dev,ops\"", "ca", "-n ops", ""),
        arguments(
            "for the user, and not a group",
            ca + ",principals=\"dev,ops\"",
            "ca",
            "-n USER",
            "the certificate is for others, and not for dev, ops"),
        arguments("at this time", ca, "ca", "-n USER -V -1h:+1h", ""),
        arguments("for ever", ca, "ca", "-n USER -V always:forever", ""),
        arguments(
            "expired",
            ca,
            "ca",
            "-n USER -V 20200101:20210101",
            "the certificate expired at 2021-01-01T"),
        arguments(
            "not yet valid",
            ca,
            "ca",
            "-n USER -V 20990101:21000101",
            "the certificate is not valid before 2099-01-01T"),
        arguments("of another authority", ca, "other", "-n USER", nobody),
        arguments("from here", ca, "ca", "-n USER -O source-address=10.0.0.1,127.0.0.0/8", ""),
        arguments(
            "from elsewhere",
            ca,
            "ca",
            "-n USER -O source-address=10.0.0.0/8",
            "the certificate may not be used from 127.0.3."),
        arguments(
            "with an unknown limit",
            ca,
            "ca",
            "-n USER -O critical:limit@example.org=x",
            "the certificate is not accepted: its critical option 'limit@example.org' is not known"),
        arguments("with unknown rights", ca, "ca", "-n USER -O extension:x@example.org=y", ""),
        arguments("of an authority from here", ca + "," + here, "ca", "-n USER", ""),
        arguments(
            "of an authority from elsewhere",
            ca + "," + elsewhere,
            "ca",
            "-n USER",
            "its authority is not accepted: it may not be used from 127.0.3."),
        arguments(
            "from here, of an authority from elsewhere",
            ca + "," + elsewhere,
            "ca",
            "-n USER -O source-address=127.0.0.0/8",
            "its authority is not accepted"),
        arguments(
            "of one command, and the same of its authority",
            ca + ",command=\"version\"",
            "ca",
            "-n USER -O force-command=version",
            ""),
        arguments(
            "of one command, and another of its authority",
            ca + ",command=\"version\"",
            "ca",
            "-n USER -O force-command=doctor",
            "the command of the certificate is not that of its authority"),
        arguments("of one who is no authority", "no-pty", "ca", "-n USER", nobody));
  }

  @ParameterizedTest
  @MethodSource("certificates")
  void whoIsLetIn(String what, String line, String ca, String options, String why) {
    String user = user();
    add(user, "ca", line);
    sign(ca, user, options);
    SshServers.Reply reply = SshServers.run(client(user), NOTHING, "version");
    assertThat(reply.status()).as(what + ": " + reply).isEqualTo(why.isEmpty() ? 0 : 255);
    AuditLine attempt = attempt(user);
    assertThat(attempt.outcome()).isEqualTo(why.isEmpty() ? "ok" : "refused");
    if (why.isEmpty()) {
      assertThat(attempt.key())
          .isEqualTo(
              "%s by CA %s, serial 7, id the id of %s", fingerprint(user), fingerprint(ca), user);
    } else {
      assertThat(attempt.why()).startsWith(why);
    }
  }

  private static String fingerprint(String key) {
    return Scratch.run("ssh-keygen", "-l", "-f", servers.key(key) + ".pub").split(" ", -1)[1];
  }

  @ParameterizedTest
  @CsvSource({
    "ed25519, 256, rsa, 3072, ''",
    "rsa, 3072, ed25519, 256, ''",
    "ecdsa, 256, ecdsa, 384, ''",
    "ecdsa, 521, ecdsa, 521, ''",
    "rsa, 4096, rsa, 3072, ''",
    "rsa, 2048, ed25519, 256, an RSA key has 3072 to 16384 bits",
    "ed25519, 256, rsa, 2048, an RSA key has 3072 to 16384 bits"
  })
  void ofWhichKinds(String type, int bits, String caType, int caBits, String why) {
    String user = user();
    String ca = "ca-of-" + user;
    make(user, type, bits);
    make(ca, caType, caBits);
    // No line may have such a key, and still it is asked for.
    add(user, why.isEmpty() || !caType.equals("rsa") ? ca : "ca", "cert-authority");
    sign(ca, user, "-n USER");
    SshServers.Reply reply = SshServers.run(client(user), NOTHING, "version");
    assertThat(reply.status()).as(reply.err()).isEqualTo(why.isEmpty() ? 0 : 255);
    assertThat(attempt(user).why()).contains(why);
  }

  /** An authority that signs by SHA-1 vouches for nobody. */
  @Test
  void anAuthorityDoesNotSignWithSha1() {
    String user = user();
    make("rsa-ca", "rsa", 3072);
    add(user, "rsa-ca", "cert-authority");
    sign("rsa-ca", user, "-n USER -t ssh-rsa");
    assertThat(SshServers.run(client(user), NOTHING, "version").status()).isEqualTo(255);
    assertThat(attempt(user).why()).isEqualTo("its authority did not sign the certificate");
  }

  @Test
  void anAuthorityIsNoUserItself() {
    String user = user();
    add(user, "ca", "cert-authority");
    List<String> client = servers.clientWith("ca", user, "-b", "127.0.3." + user.substring(4));
    assertThat(SshServers.run(client, NOTHING, "version").status()).isEqualTo(255);
    assertThat(attempt(user).why()).isEqualTo("nobody of that name has this key");
  }

  @Test
  void aUserMayHaveKeysBesides() {
    String user = user();
    String own = Scratch.read(Path.of(servers.key(user) + ".pub")).strip();
    add(user, "ca", "cert-authority", own);
    assertThat(servers.ask(user, "version").status()).isZero();
    assertThat(attempt(user).key()).isEqualTo(fingerprint(user));
  }

  @ParameterizedTest
  @CsvSource({
    "cert-authority, -n USER -O force-command=version",
    "'cert-authority,command=\"version\"', -n USER",
  })
  void aCommandOfEitherRunsAlways(String line, String options) {
    String user = user();
    add(user, "ca", line);
    sign("ca", user, options);
    String said = "mica ";
    for (List<String> words : List.of(List.<String>of("union", "ls"), List.<String>of())) {
      SshServers.Reply reply =
          SshServers.run(client(user, "-T"), NOTHING, words.toArray(String[]::new));
      assertThat(reply.out()).startsWith(said);
    }
    SshServers.Reply files = SshServers.run(client(user, "-s"), NOTHING, "sftp");
    assertThat(files.out()).as("no files").startsWith(said);
  }

  @ParameterizedTest
  @CsvSource({
    "cert-authority, -n USER, true",
    "cert-authority, -n USER -O no-pty, false",
    "cert-authority, -n USER -O clear, false",
    "'cert-authority,no-pty', -n USER, false",
    "'cert-authority,restrict', -n USER -O permit-pty, false",
    "'cert-authority,restrict,pty', -n USER, true"
  })
  void aTerminalMustBeAllowedByBoth(String line, String options, boolean allowed) {
    String user = user();
    add(user, "ca", line);
    sign("ca", user, options);
    String words = "union ls -o json";
    String said = SshServers.run(client(user, "-tt"), NOTHING, words).out();
    if (allowed) {
      assertThat(said).contains("{\"unions\":[]}\r\n");
    } else {
      assertThat(said).doesNotContain("\r");
    }
    assertThat(SshServers.run(client(user), NOTHING, words).out()).isEqualTo("{\"unions\":[]}\n");
  }

  /** Whoever looks at a session learns which certificate it was. */
  @Test
  void theSessionTellsTheCertificate() {
    String user = user();
    add(user, "ca", "cert-authority");
    sign("ca", user, "-n USER");
    SshServers.Reply reply = SshServers.run(client(user), NOTHING, "session ls -o json");
    assertThat(reply.out())
        .contains(
            "\"key\":\"%s by CA %s, serial 7, id the id of %s\""
                .formatted(fingerprint(user), fingerprint("ca"), user));
  }
}
