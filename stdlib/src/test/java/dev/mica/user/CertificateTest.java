package dev.mica.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Certificates that {@code ssh-keygen} makes. */
@SuppressWarnings("NullAway.Init") // set before each
final class CertificateTest extends ScratchTest {
  private static final InetAddress HERE = InetAddress.ofLiteral("10.0.0.1");

  private Path key;
  private String authority;

  @BeforeEach
  void makeKeys() {
    key = key("id");
    authority = Scratch.read(Path.of(key("ca") + ".pub"));
  }

  private Path key(String name) {
    Path file = scratch.path(name);
    Scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file.toString());
    return file;
  }

  private byte[] signed(String... options) {
    String[] command = {
      "ssh-keygen", "-q", "-s", scratch.path("ca").toString(), "-I", "me\t", "-n", "ann"
    };
    String[] all = Arrays.copyOf(command, command.length + options.length + 1);
    System.arraycopy(options, 0, all, command.length, options.length);
    all[all.length - 1] = key + ".pub";
    String _ = Scratch.run(all);
    String line = Scratch.read(Path.of(key + "-cert.pub"));
    return Base64.getDecoder().decode(line.split(" ", -1)[1]);
  }

  @Test
  void itTellsWhatItIs() {
    Certificate read = Certificate.of(signed("-z", "18446744073709551615"));
    String[] own = Scratch.read(Path.of(key + ".pub")).split(" ", -1);
    assertThat(read.key()).isEqualTo(own[1]);
    assertThat(read.authority()).isEqualTo(authority.split(" ", -1)[1]);
    assertThat(read)
        .hasToString(
            "%s by CA %s, serial 18446744073709551615, id me\\x09"
                .formatted(
                    UserKey.of(String.join(" ", own)).fingerprint(),
                    UserKey.of(authority).fingerprint()));
    assertThat(Certificate.of(signed("-I", "x".repeat(1000))).toString()).endsWith("xx…");
  }

  /** Also with a clock that was set back, or one that is before 1970. */
  @ParameterizedTest
  @CsvSource({
    "2027-01-01T00:00:00Z, ''",
    "2027-12-31T23:59:59Z, ''",
    "2028-01-01T00:00:00Z, the certificate expired at 2028-01-01T00:00:00Z",
    "2026-12-31T23:59:59Z, the certificate is not valid before 2027-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z, the certificate is not valid before 2027-01-01T00:00:00Z",
    "3000-01-01T00:00:00Z, the certificate expired at 2028-01-01T00:00:00Z"
  })
  void itCountsWithinItsTime(String now, String why) {
    Certificate read = Certificate.of(signed("-V", "20270101000000Z:20280101000000Z"));
    assertThat(read.refusal(HERE, Instant.parse(now)).orElse("")).isEqualTo(why);
    assertThat(
            UserKey.of("cert-authority " + authority)
                .refusal("ann", read, HERE, Instant.parse(now))
                .orElse(""))
        .isEqualTo(why);
  }

  @ParameterizedTest
  @CsvSource({
    "'expiry-time=\"20270601Z\"', 2027-05-31T23:59:59Z, ''",
    "'expiry-time=\"20270601Z\"', 2027-06-01T00:00:00Z, its authority is not accepted: it expired",
    "'principals=\"bob\"', 2027-05-01T00:00:00Z, 'the certificate is for others, and not for bob'",
  })
  void itsAuthorityHasLimitsToo(String options, String now, String why) {
    UserKey line = UserKey.of("cert-authority," + options + " " + authority);
    Certificate read = Certificate.of(signed("-V", "always:forever"));
    String refusal = line.refusal("ann", read, HERE, Instant.parse(now)).orElse("");
    assertThat(refusal).startsWith(why);
    assertThat(refusal.isEmpty()).isEqualTo(why.isEmpty());
  }

  @Test
  void itIsOfItsAuthorityAlone() {
    Certificate read = Certificate.of(signed());
    Instant now = Instant.now();
    for (String line :
        new String[] {authority, "cert-authority " + Scratch.read(Path.of(key + ".pub"))}) {
      assertThat(UserKey.of(line).refusal("ann", read, HERE, now))
          .contains("it is not of this authority");
    }
  }

  @Test
  void aPartOfOneIsNone() {
    byte[] whole = signed("-O", "force-command=version", "-O", "source-address=10.0.0.0/8");
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> Certificate.of(part))
          .as("%d bytes", length)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> Certificate.of(Arrays.copyOf(whole, whole.length + 1)))
        .hasMessage("there is something after it");
  }

  /** Whatever it is, it is read or refused. */
  @Test
  void aDamagedOneIsReadOrRefused() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    byte[] whole = signed("-O", "force-command=version", "-O", "source-address=10.0.0.0/8");
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = whole.clone();
      for (int i = 0; i <= round % 4; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        assertThat(Certificate.of(damaged).toString()).doesNotContain("\n");
      } catch (IllegalArgumentException refused) {
        assertThat(refused).as("seed %d", seed).message().isNotEmpty().doesNotContain("\n");
      }
    }
  }
}
