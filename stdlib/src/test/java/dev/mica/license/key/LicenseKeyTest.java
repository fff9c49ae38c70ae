package dev.mica.license.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mica.license.ledger.Share;
import dev.mica.license.ledger.Terms;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that are issued are read; of one bit that is changed, nothing is believed. */
class LicenseKeyTest {
  private static final KeyPair ACME = Ed25519.generate();
  private static final Instant FROM = Instant.ofEpochSecond(1_800_000_000);
  private static final Terms TERMS =
      new Terms(3, 5, Share.group("blue"), Terms.Policy.STICKY, 10, 3600, 86_400, 1_900_000_000L);

  private static Optional<byte[]> known(String issuer) {
    return issuer.equals("acme") ? Optional.of(Ed25519.bytes(ACME.getPublic())) : Optional.empty();
  }

  private static String issued(Terms terms) {
    return LicenseKey.issue("acme", "team-2026", "Acme CAD", terms, true, FROM, ACME.getPrivate());
  }

  private static String refusal(String line) {
    BadKeyException refused =
        assertThrows(BadKeyException.class, () -> LicenseKey.of(line, LicenseKeyTest::known), line);
    return String.valueOf(refused.getMessage());
  }

  @Test
  void whatIsIssuedIsRead() throws BadKeyException {
    String line = issued(TERMS);
    LicenseKey key = LicenseKey.of(" " + line + "\n", LicenseKeyTest::known);
    assertEquals(
        new LicenseKey("team-2026", "acme", "Acme CAD", TERMS, true, 1_800_000_000L, line), key);
    assertThat(key.toString()).doesNotContain(line.substring(line.length() - 20));
  }

  @ParameterizedTest
  @CsvSource({"exclusive, EXCLUSIVE", "user, USER", "network, NETWORK", "anything, EXCLUSIVE"})
  void aSharableLevelThatIsNotKnownIsTheNarrowest(String text, Share.Level level) {
    assertEquals(level, LicenseKey.share(text).level());
  }

  @ParameterizedTest
  @ValueSource(strings = {"group(blue)", "exclusive", "user", "network"})
  void aSharableLevelIsWrittenAsItIsRead(String text) {
    assertEquals(text, LicenseKey.text(LicenseKey.share(text)));
  }

  @Test
  void aKeyOfAnotherIssuerIsNotBelieved() {
    KeyPair other = Ed25519.generate();
    String forged =
        LicenseKey.issue("acme", "team-2026", "Acme CAD", TERMS, true, FROM, other.getPrivate());
    assertEquals("its signature is not that of acme", refusal(forged));
    String unknown =
        LicenseKey.issue("emca", "team-2026", "Acme CAD", TERMS, true, FROM, other.getPrivate());
    assertEquals("its issuer emca is not known here", refusal(unknown));
  }

  @Test
  void moreSeatsThanWereSignedAreNotBelieved() {
    String[] parts = issued(TERMS).split("\\.", -1);
    String content = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
    String more = content.replace("\"seats\":5", "\"seats\":500");
    assertThat(more).isNotEqualTo(content);
    parts[1] = encoded(more);
    assertEquals("its signature is not that of acme", refusal(String.join(".", parts)));
  }

  private static String encoded(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void noChangedCharacterIsBelieved() {
    long seed = Long.getLong("mica.seed", System.nanoTime());
    Random random = new Random(seed);
    String line = issued(TERMS);
    for (int i = 0; i < 2_000; i++) {
      StringBuilder changed = new StringBuilder(line);
      int at = random.nextInt(line.length());
      char before = changed.charAt(at);
      switch (random.nextInt(3)) {
        case 0 -> changed.setCharAt(at, (char) (' ' + random.nextInt(95)));
        case 1 -> changed.deleteCharAt(at);
        default -> changed.insert(at, (char) ('a' + random.nextInt(26)));
      }
      String now = changed.toString().strip();
      if (!now.equals(line)) {
        assertThat(refusal(now)).as("-Dmica.seed=%d, %c at %d", seed, before, at).isNotEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | it has not three parts with dots between them",
        "a.b | it has not three parts with dots between them",
        "a.b.c | its header is no base64url",
        "e30.e30.e30 | its header is not that of a mica-license",
        "W10.e30.e30 | its header is no object",
        "bm8.e30.e30 | its header is no JSON",
      })
  void whatIsNoKeyIsToldWhy(String line, String why) {
    assertEquals(why, refusal(line));
  }

  @Test
  void anAlgorithmThatIsNoneIsNone() {
    String header = encoded("{\"alg\":\"none\",\"typ\":\"mica-license\",\"kid\":\"acme\"}");
    String line = header + "." + issued(TERMS).split("\\.", -1)[1] + ".";
    assertEquals("its header is not that of a mica-license", refusal(line));
    assertThat(refusal("x".repeat(Jws.LONGEST + 1))).contains("longer than 8192");
  }

  private static String signed(Function<String, String> change) {
    String content =
        new String(
            Base64.getUrlDecoder().decode(issued(TERMS).split("\\.", -1)[1]),
            StandardCharsets.UTF_8);
    String signed = issued(TERMS).split("\\.", -1)[0] + "." + encoded(change.apply(content));
    byte[] signature = Ed25519.sign(ACME.getPrivate(), signed.getBytes(StandardCharsets.US_ASCII));
    return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"v\":1 | \"v\":2 | it is of version 2; known is 1",
        "\"v\":1 | \"v\":1,\"cores\":4 | it says cores, which is not known here",
        "\"v\":1 | \"v\":1,\"v\":1 | its content is no JSON",
        "\"seats\":5 | \"seats\":0 | seats of a key cannot be 0",
        "\"seats\":5 | \"seats\":5.5 | its seats is no whole number",
        "\"seats\":5 | \"seats\":\"5\" | its seats is no whole number",
        "\"seats\":5 | \"seats\":99999999999 | integer overflow",
        "\"ttl\":3600 | \"ttl\":-1 | ttl of a key cannot be -1",
        "\"lost\":\"sticky\" | \"lost\":\"kill\" | nothing is known of lost: kill",
        "\"mayForward\":true | \"mayForward\":1 | its mayForward is neither true nor false",
        "\"lid\":\"team-2026\" | \"lid\":\"../x\" | the id of a key cannot be ../x",
      })
  void whatAnIssuerSignsIsCheckedToo(String from, String to, String why) {
    assertThat(refusal(signed(content -> content.replace(from, to)))).isEqualTo(why);
  }

  @Test
  void theSignatureIsThatOfTheStandard() {
    // RFC 8037, appendix A.4: key, input and signature.
    byte[] seed = Base64.getUrlDecoder().decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    byte[] message =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
            .getBytes(StandardCharsets.US_ASCII);
    byte[] signature =
        Base64.getUrlDecoder()
            .decode(
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt"
                    + "9g7sVvpAr_MuM0KAg");
    byte[] publicKey =
        HexFormat.of().parseHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assertThat(Ed25519.sign(Ed25519.privateKey(seed), message)).isEqualTo(signature);
    assertThat(Ed25519.isSigned(publicKey, message, signature)).isTrue();
    assertThat(Ed25519.seed(Ed25519.privateKey(seed))).isEqualTo(seed);
  }

  @Test
  void aSignatureMayBeAnyBytes() {
    Random random = new Random(1);
    for (int length : List.of(0, 1, 63, 64, 65, 200)) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      byte[] key = new byte[Ed25519.KEY];
      random.nextBytes(key);
      assertThat(Ed25519.isSigned(key, bytes, bytes)).isFalse();
    }
  }

  @Test
  void aFleetHasNamesOfItsOwn() throws BadKeyException {
    FleetSecret one = FleetSecret.random();
    FleetSecret two = FleetSecret.random();
    assertThat(one.tag("team")).isEqualTo(one.tag("team")).isNotEqualTo(two.tag("team"));
    assertThat(one.tag("team")).isNotEqualTo(one.tag("team2"));
    String line = issued(TERMS);
    assertThat(one.open(one.seal(line))).isEqualTo(line);
    assertThat(one.seal(line)).isNotEqualTo(one.seal(line));
    assertThatThrownBy(() -> two.open(one.seal(line))).hasMessage("it was sealed by another fleet");
  }
}
