package dev.mica.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may log in, and with what. */
final class UsersTest extends ScratchTest {
  private static final String ED25519 = line("ssh-ed25519", text("ssh-ed25519"), new byte[32]);
  private static final byte[] ON_CURVE = point("secp256r1");

  /** The parts of a key as they go over the wire, each behind its length. */
  private static String line(String word, byte[]... parts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (byte[] part : parts) {
        out.writeInt(part.length);
        out.write(part);
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return word + " " + Base64.getEncoder().encodeToString(bytes.toByteArray()) + " ann@home";
  }

  private static byte[] text(String word) {
    return word.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] number(int bits) {
    return BigInteger.ONE.shiftLeft(bits - 1).add(BigInteger.ONE).toByteArray();
  }

  private static String rsa(int bits) {
    return line("ssh-rsa", text("ssh-rsa"), number(17), number(bits));
  }

  private static byte[] point(String curve) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(curve));
      ECPublicKey key = (ECPublicKey) generator.generateKeyPair().getPublic();
      byte[] point = new byte[65];
      point[0] = 4;
      copy(key.getW().getAffineX(), point, 1);
      copy(key.getW().getAffineY(), point, 33);
      return point;
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException(absent);
    }
  }

  private static void copy(BigInteger number, byte[] to, int at) {
    byte[] bytes = number.toByteArray();
    int length = Math.min(bytes.length, 32);
    System.arraycopy(bytes, bytes.length - length, to, at + 32 - length, length);
  }

  private Path key(String content) {
    return scratch.file("key.pub", content);
  }

  private User add(String name, String content) {
    return mica.users().add(name, Role.OPERATOR, key(content).toString(), List.of());
  }

  static Stream<Arguments> kinds() {
    return Stream.of(
        arguments("ed25519", "256", "ssh-ed25519"),
        arguments("rsa", "3072", "ssh-rsa"),
        arguments("ecdsa", "256", "ecdsa-sha2-nistp256"),
        arguments("ecdsa", "384", "ecdsa-sha2-nistp384"),
        arguments("ecdsa", "521", "ecdsa-sha2-nistp521"));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aKeyIsKeptAsOpensshKnowsIt(String kind, String bits, String type) {
    Path file = scratch.path("id");
    Scratch.run(
        "ssh-keygen",
        "-q",
        "-t",
        kind,
        "-b",
        bits,
        "-N",
        "",
        "-C",
        "two words",
        "-f",
        file.toString());
    User _ =
        mica.users()
            .add("ann", Role.VIEWER, file + ".pub", List.of(scratch.dir("root").toString()));
    User kept = mica.users().get("ann");
    assertThat(kept.role()).isEqualTo(Role.VIEWER);
    assertThat(kept.roots()).containsExactly(scratch.path("root"));
    UserKey key = kept.keys().getFirst();
    assertThat(key.type()).isEqualTo(type);
    assertThat(key.comment()).isEqualTo("two words");
    assertThat(key.options()).isEmpty();
    assertThat(Scratch.run("ssh-keygen", "-l", "-f", file + ".pub"))
        .contains(" " + key.fingerprint() + " ");
    assertThatThrownBy(() -> mica.users().add("bob", Role.ADMIN, file.toString(), List.of()))
        .hasMessageContaining("it is a private key")
        .hasMessageContaining("give the public key");
  }

  static Stream<String> others() {
    return Stream.of(
        line(
            "sk-ssh-ed25519@openssh.com",
            text("sk-ssh-ed25519@openssh.com"),
            new byte[32],
            text("ssh:")),
        line(
            "sk-ecdsa-sha2-nistp256@openssh.com",
            text("sk-ecdsa-sha2-nistp256@openssh.com"),
            text("nistp256"),
            ON_CURVE,
            text("ssh:")),
        "# a file\n\n" + ED25519 + "\r\n  " + rsa(4096) + "\n",
        "restrict,command=\"vm ls \\\"a b\\\"\",from=\"10.0.0.0/8,!10.0.0.1,::1\" " + ED25519,
        "cert-authority,principals=\"ops,dev\",from=\"10.0.0.0/8\" " + ED25519,
        "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-user-rc\t" + ED25519);
  }

  @ParameterizedTest
  @MethodSource("others")
  void aLineIsKeptAsItIs(String content) {
    List<UserKey> added = add("ann", content).keys();
    List<UserKey> kept = mica.users().get("ann").keys();
    assertThat(kept).hasSameSizeAs(added);
    assertThat(kept).extracting(UserKey::line).isEqualTo(lines(content));
  }

  private static List<String> lines(String content) {
    return content
        .lines()
        .map(line -> line.strip().replace('\t', ' '))
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  static Stream<Arguments> refusals() {
    byte[] ed25519 = text("ssh-ed25519");
    byte[] ecdsa = text("ecdsa-sha2-nistp256");
    byte[] off = ON_CURVE.clone();
    off[64] ^= 1;
    return Stream.of(
        arguments("", "there is no key in it"),
        arguments("# nothing\n", "there is no key in it"),
        arguments("hello", "line 1: the option 'hello' is not supported"),
        arguments(ED25519 + "\nssh-ed25519", "line 2: it is no public key"),
        arguments("ssh-ed25519 @@@@ x", "the key is not written in base64"),
        arguments(line("ssh-dss", text("ssh-dss")), "keys of the type 'ssh-dss' are not accepted"),
        arguments(
            line("ssh-ed25519-cert-v01@openssh.com", ed25519),
            "keys of the type 'ssh-ed25519-cert-v01@openssh.com' are not accepted"),
        arguments(line("ssh-rsa", ed25519, new byte[32]), "says that it is of the type ssh-rsa"),
        arguments(line("ssh-ed25519", ed25519, new byte[31]), "not have the 32 bytes"),
        arguments(line("ssh-ed25519", ed25519), "the key is cut short"),
        arguments(
            line("ssh-ed25519", ed25519, new byte[32], ed25519),
            "there is something after the key"),
        arguments(rsa(2048), "an RSA key has 3072 to 16384 bits, and it has 2048"),
        arguments(rsa(16385), "it has 16385"),
        arguments(line("ssh-rsa", text("ssh-rsa"), number(1), number(3072)), "its exponent"),
        arguments(line("ssh-rsa", text("ssh-rsa"), number(17), new byte[] {-1}), "is not positive"),
        arguments(
            line("ecdsa-sha2-nistp256", ecdsa, text("nistp384"), ON_CURVE),
            "its curve is not the one of its type"),
        arguments(line("ecdsa-sha2-nistp256", ecdsa, text("nistp256"), off), "is not on the curve"),
        arguments(
            line("ecdsa-sha2-nistp256", ecdsa, text("nistp256"), Arrays.copyOf(ON_CURVE, 33)),
            "its point is compressed"),
        arguments("principals=\"a\" " + ED25519, "principals is one of a cert-authority"),
        arguments("cert-authority=\"a\" " + ED25519, "cert-authority takes no value"),
        arguments("cert-authority,principals=\"\" " + ED25519, "principals has no value"),
        arguments("cert-authority,principals=\"a, b\" " + ED25519, "'a, b' is no list of names"),
        arguments("cert-authority,principals=\"a,,b\" " + ED25519, "is no list of names"),
        arguments("cert-authority " + rsa(2048), "an RSA key has 3072 to 16384 bits"),
        arguments("cert-authority,tunnel=\"0\" " + ED25519, "the option 'tunnel' is not supported"),
        arguments("permitopen=\"a:1\" " + ED25519, "the option 'permitopen' is not supported"),
        arguments("environment=\"A=b\" " + ED25519, "the option 'environment' is not supported"),
        arguments("verify-required " + ED25519, "the option 'verify-required' is not supported"),
        arguments("restrict=\"yes\" " + ED25519, "the option restrict takes no value"),
        arguments("command=ls " + ED25519, "its options cannot be read from 'command=ls' on"),
        arguments("command=\"\" " + ED25519, "the option command has no value in quotes"),
        arguments("restrict, " + ED25519, "its options end with a comma"),
        arguments("from=\"10.0.0.1\",from=\"::1\" " + ED25519, "the option from is there twice"),
        arguments("from=\"example.org\" " + ED25519, "takes addresses and networks"),
        arguments("from=\"10.0.0.1/8\" " + ED25519, "is no network"),
        arguments("from=\"10.0.0.0/33\" " + ED25519, "is no network"),
        arguments("from=\"300.0.0.1\" " + ED25519, "is no address"),
        arguments("expiry-time=\"tomorrow\" " + ED25519, "is no time"),
        arguments("expiry-time=\"20261341\" " + ED25519, "is no time"),
        arguments("expiry-time=\"20200101Z\" " + ED25519, "the key has expired"),
        arguments("-----BEGIN OPENSSH PRIVATE KEY-----\n", "it is a private key"),
        arguments("PuTTY-User-Key-File-3: ssh-ed25519\n", "it is a private key"),
        arguments("---- BEGIN SSH2 PUBLIC KEY ----\n", "it is not in the format of OpenSSH"),
        arguments("#".repeat(70_000), "it is larger than 65536 bytes"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatIsNoKeyChangesNothing(String content, String why) {
    assertThatThrownBy(() -> add("ann", content))
        .isInstanceOfSatisfying(
            MicaException.class,
            wrong -> assertThat(wrong.kind()).isEqualTo(MicaException.Kind.USAGE))
        .hasMessageStartingWith("cannot add the user ann with the key file " + key(content) + ": ")
        .hasMessageContaining(why)
        .message()
        .doesNotContain("\n");
    assertThat(mica.users().list()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "-x", "a b", "../x", "a/b", "ä", "x234567890123456789012345678901234"})
  void aNameIsAName(String name) {
    assertThatThrownBy(() -> add(name, ED25519)).hasMessageStartingWith("cannot name a user");
    assertThat(mica.users().list()).isEmpty();
  }

  @Test
  void whatIsNotThereIsTold() {
    assertThatThrownBy(() -> mica.users().add("ann", Role.VIEWER, "/no/such", List.of()))
        .hasMessage("cannot add the user ann with the key file /no/such: it does not exist");
    assertThatThrownBy(() -> mica.users().add("ann", Role.VIEWER, "/dev/zero", List.of()))
        .hasMessageContaining("it is no file");
    String key = key(ED25519).toString();
    assertThatThrownBy(() -> mica.users().add("ann", Role.VIEWER, key, List.of("/", key)))
        .hasMessage(
            "cannot add the user ann with the root %s: it is no directory; make it first", key);
    assertThat(mica.users().list()).isEmpty();
    User _ = add("ann", ED25519);
    assertThatThrownBy(() -> mica.users().get("anm")).hasMessageContaining("did you mean ann?");
    assertThatThrownBy(() -> mica.users().remove("anm")).hasMessageContaining("did you mean ann?");
  }

  @Test
  void aUserIsAddedOnce() {
    User first = add("ann", ED25519);
    assertThatThrownBy(() -> add("ann", rsa(3072)))
        .hasMessageContaining("one of that name already");
    assertThat(mica.users().get("ann").keys())
        .extracting(UserKey::line)
        .isEqualTo(first.keys().stream().map(UserKey::line).toList());
    first.remove();
    assertThat(mica.users().find("ann")).isEmpty();
    User _ = add("ann", rsa(3072));
    User _ = add("bob", ED25519);
    assertThat(mica.users().removeAll()).containsExactly("ann", "bob");
    assertThat(mica.users().list()).isEmpty();
  }

  @Test
  void ofTwoThatAddOneUserOneDoes() throws Exception {
    String key = key(ED25519).toString();
    List<Callable<User>> both =
        IntStream.range(0, 8)
            .mapToObj(
                i -> (Callable<User>) () -> mica.users().add("ann", Role.VIEWER, key, List.of()))
            .toList();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(threads.invokeAll(both))
          .filteredOn(done -> done.state() == Future.State.SUCCESS)
          .hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{}", "{\"name\":\"bob\"}", "no json"})
  void aDamagedRecordIsOfOneUser(String record) throws IOException {
    User _ = add("ann", ED25519);
    Path file = scratch.path("home/users/bob.json");
    Files.writeString(file, record);
    assertThat(mica.users().list()).extracting(User::name).containsExactly("ann");
    assertThat(mica.users().damaged())
        .singleElement()
        .satisfies(bad -> assertThat(bad).hasMessageContaining(file.toString()));
    assertThatThrownBy(() -> mica.users().get("bob")).hasMessageContaining(file.toString());
    mica.users().remove("bob");
    assertThat(file).doesNotExist();
  }

  @Test
  void aRecordOfAKeyThatIsNoneIsDamaged() throws IOException {
    User _ = add("ann", ED25519);
    Path file = scratch.path("home/users/ann.json");
    Files.writeString(file, Files.readString(file).replace("ssh-ed25519", "ssh-dss"));
    assertThatThrownBy(() -> mica.users().get("ann")).hasMessageContaining("'ssh-dss'");
  }

  static Stream<Arguments> uses() {
    return Stream.of(
        arguments("", "203.0.113.9", true),
        arguments("from=\"10.0.0.0/8\"", "10.255.0.1", true),
        arguments("from=\"10.0.0.0/8\"", "11.0.0.1", false),
        arguments("from=\"10.0.0.0/8\"", "::ffff:10.0.0.1", true),
        arguments("from=\"10.0.0.0/8,!10.0.0.1\"", "10.0.0.1", false),
        arguments("from=\"10.0.0.0/8,!10.0.0.1\"", "10.0.0.2", true),
        arguments("from=\"!10.0.0.1\"", "10.0.0.2", false),
        arguments("from=\"*,!10.0.0.?\"", "10.0.0.2", false),
        arguments("from=\"*,!10.0.0.?\"", "10.0.0.20", true),
        arguments("from=\"192.168.*\"", "192.168.1.1", true),
        arguments("from=\"192.168.*\"", "192.169.1.1", false),
        arguments("from=\"192.168.*\"", "fe80::1", false),
        arguments("from=\"*\"", "fe80::1", true),
        arguments("from=\"2001:db8::/33\"", "2001:db8:7fff::1", true),
        arguments("from=\"2001:db8::/33\"", "2001:db8:8000::1", false),
        arguments("from=\"0.0.0.0/0\"", "2001:db8::1", false),
        arguments("from=\"::1\"", "::1", true),
        arguments("expiry-time=\"20300101Z\"", "::1", true),
        arguments("expiry-time=\"202912312359Z\"", "::1", true),
        arguments("EXPIRY-TIME=\"20291231235958Z\"", "::1", false),
        arguments("expiry-time=\"20200101Z\"", "::1", false));
  }

  /** At a second before 2030. */
  @ParameterizedTest
  @MethodSource("uses")
  void whatStandsBeforeAKeyHolds(String options, String from, boolean counts) {
    Instant now = Instant.parse("2029-12-31T23:59:59Z");
    now = options.contains("2359Z") ? now.minusSeconds(60) : now;
    assertThat(
            UserKey.of(options + " " + ED25519).refusal(InetAddress.ofLiteral(from), now).isEmpty())
        .isEqualTo(counts);
  }

  /** A record that was written before there were recordings says nothing of them. */
  @ParameterizedTest
  @CsvSource({"true, true", "false, false", "absent, false"})
  void aUserIsRecordedIfTheRecordSaysSo(String written, boolean recorded) throws IOException {
    boolean asked = written.equals("true");
    User _ = mica.users().add("ann", Role.VIEWER, key(ED25519).toString(), List.of(), asked);
    Path record = scratch.path("home/users/ann.json");
    if (written.equals("absent")) {
      String before = Files.readString(record);
      Files.writeString(record, before.replaceFirst(",\\s*\"recorded\"\\s*:\\s*false", ""));
      assertThat(record).content().isNotEqualTo(before);
    }
    assertThat(mica.users().get("ann").recorded()).isEqualTo(recorded);
  }

  @Test
  void theLastWordOnTerminalsCounts() {
    assertThat(UserKey.of(ED25519).allowsTerminal()).isTrue();
    assertThat(UserKey.of("no-pty " + ED25519).allowsTerminal()).isFalse();
    assertThat(UserKey.of("restrict " + ED25519).allowsTerminal()).isFalse();
    assertThat(UserKey.of("restrict,pty " + ED25519).allowsTerminal()).isTrue();
    assertThat(UserKey.of("command=\"vm ls \\\"a\\\"\" " + ED25519).command())
        .contains("vm ls \"a\"");
  }
}
