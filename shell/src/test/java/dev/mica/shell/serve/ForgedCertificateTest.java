package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Role;
import dev.mica.audit.AuditLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Certificates that {@code ssh-keygen} does not make, or {@code ssh} does not show. */
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class ForgedCertificateTest {
  private static final KeyPair CA = RawClient.newKey();
  private static final KeyPair OTHER = RawClient.newKey();
  private static final KeyPair USER = RawClient.newKey();

  private static SshServers servers;
  private static int places;

  @BeforeAll
  static void start() {
    servers = new SshServers(false, visit -> 0);
    String token = Base64.getEncoder().encodeToString(Forged.token(CA));
    RawClient.addUser(
        servers,
        "ann",
        Role.ADMIN,
        List.of(),
        List.of(
            "cert-authority " + RawClient.line(CA),
            "cert-authority " + Forged.TOKEN + " " + token));
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  private static Forged good() {
    return new Forged(CA, USER);
  }

  static Stream<Arguments> forged() {
    String cut = "the certificate is not accepted: it is cut short";
    return Stream.of(
        arguments("as it should be", good(), ""),
        arguments("an authority on a token", good().authority(Forged.token(CA), CA), ""),
        arguments(
            "by a token of another", good().authority(Forged.token(CA), OTHER), "did not sign"),
        arguments("of a host", good().kind(2), "it is of a host, and not of a user"),
        arguments("of nothing", good().kind(0), "it is of a host, and not of a user"),
        arguments("signed by another", good().signer(OTHER), "its authority did not sign"),
        arguments("of another's key", good().client(OTHER), "has not proved that it has the key"),
        arguments("signed by its own key", good().signer(USER), "its authority did not sign"),
        arguments(
            "of another authority",
            good().authority(RawClient.blob(OTHER.getPublic().getEncoded()), OTHER),
            "nobody of that name is known by certificates of this authority"),
        arguments(
            "changed afterwards",
            good().damage(ForgedCertificateTest::renamed),
            "its authority did not sign"),
        arguments(
            "longer", good().damage(bytes -> Arrays.copyOf(bytes, bytes.length + 1)), "after it"),
        arguments("shorter", good().damage(bytes -> Arrays.copyOf(bytes, bytes.length - 1)), cut),
        arguments("nothing else", good().damage(bytes -> Arrays.copyOf(bytes, 4 + 32)), cut),
        arguments("for a name that goes on", good().principal("ann\0"), "is for others"),
        arguments("for a part of the name", good().principal("an"), "is for others"),
        arguments("for another case of it", good().principal("Ann"), "is for others"),
        arguments("for no name", good().principal(""), "is for others"),
        arguments("for a pattern", good().principal("*"), "is for others"),
        arguments(
            "two commands",
            good().critical("force-command", "version", "force-command", "-e 1"),
            "an option is there twice"),
        arguments("no command", good().critical("force-command", ""), "has no value"),
        arguments("no address", good().critical("source-address", "x"), "is no list of addresses"),
        arguments(
            "all but an address",
            good().critical("source-address", "!10.0.0.1,127.0.0.0/8"),
            "is no list of addresses"),
        arguments(
            "addresses with spaces",
            good().critical("source-address", "127.0.0.0/8, ::1"),
            "is no list of addresses"),
        arguments(
            "a token that asks for a person",
            good().critical("verify-required", "x"),
            "is not known"),
        arguments("a command in capitals", good().critical("Force-Command", "x"), "is not known"),
        arguments(
            "an authority that is a certificate",
            good().authority(good().bytes(), CA),
            "the key of its authority is of no accepted type"),
        arguments("signed as a key", good().algorithm("ssh-ed25519"), "it is of another type than"),
        arguments(
            "signed as RSA",
            good().algorithm("rsa-sha2-512-cert-v01@openssh.com"),
            "it is of another type than"),
        arguments("of a token", good().type("sk-ssh-ed25519-cert-v01@openssh.com"), "not accepted"),
        arguments("of DSA", good().type("ssh-dss-cert-v01@openssh.com"), "are not accepted"),
        arguments("of nothing known", good().type("\n-cert-v01@openssh.com"), "'\\x0a-cert"));
  }

  @ParameterizedTest
  @MethodSource("forged")
  void nobodyElseIsLetIn(String what, Forged certificate, String why) throws IOException {
    places++;
    String from = "127.0.4." + places;
    try (RawClient client = new RawClient(servers.port(), from).greeted()) {
      client.send(certificate.login(client));
      client.expect(why.isEmpty() ? SshMessage.USERAUTH_SUCCESS : SshMessage.USERAUTH_FAILURE);
    }
    AuditLine attempt = attempt(from);
    assertThat(attempt.outcome()).as(what).isEqualTo(why.isEmpty() ? "ok" : "refused");
    assertThat(attempt.why()).contains(why).doesNotContain("\n");
  }

  /** In the name of the key, which nothing else depends on. */
  private static byte[] renamed(byte[] bytes) {
    byte[] renamed = bytes.clone();
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("forged");
    renamed[at] = 'F';
    return renamed;
  }

  private static AuditLine attempt(String from) {
    while (true) {
      for (AuditLine line : servers.mica.audit().list()) {
        if (line.what().equals("log in") && line.from().equals(from)) {
          return line;
        }
      }
      Thread.onSpinWait();
    }
  }
}
