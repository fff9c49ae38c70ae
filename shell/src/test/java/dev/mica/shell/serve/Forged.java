package dev.mica.shell.serve;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/** A certificate of a user called ann, each part of which may be another one. */
final class Forged {
  static final String TOKEN = "sk-ssh-ed25519@openssh.com";
  private static final String TYPE = "ssh-ed25519-cert-v01@openssh.com";

  private final byte[] key;
  private String algorithm = TYPE;
  private String type = TYPE;
  private int kind = 1;
  private String principal = "ann";
  private byte[] critical = {};
  private byte[] authority;
  private KeyPair signer;
  private KeyPair client;
  private UnaryOperator<byte[]> damage = UnaryOperator.identity();

  /** A good one, by which {@code authority} vouches for {@code user}. */
  Forged(KeyPair authority, KeyPair user) {
    this.key = point(user);
    this.authority = RawClient.blob(authority.getPublic().getEncoded());
    this.signer = authority;
    this.client = user;
  }

  Forged algorithm(String other) {
    algorithm = other;
    return this;
  }

  Forged type(String other) {
    type = other;
    return algorithm(other);
  }

  Forged kind(int other) {
    kind = other;
    return this;
  }

  Forged principal(String other) {
    principal = other;
    return this;
  }

  Forged critical(String... namesAndValues) {
    SshMessage all = SshMessage.empty();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      byte[] value = SshMessage.empty().string(namesAndValues[i + 1]).bytes();
      all.string(namesAndValues[i]).string(value);
    }
    critical = all.bytes();
    return this;
  }

  Forged authority(byte[] other, KeyPair signs) {
    authority = other;
    return signer(signs);
  }

  Forged signer(KeyPair other) {
    signer = other;
    return this;
  }

  /** Who shows it. */
  Forged client(KeyPair other) {
    client = other;
    return this;
  }

  /** What becomes of it once it is signed. */
  Forged damage(UnaryOperator<byte[]> how) {
    damage = how;
    return this;
  }

  /** Has it shown to the server. */
  byte[] login(RawClient by) {
    return by.login("ann", algorithm, bytes(), client);
  }

  byte[] bytes() {
    byte[] content =
        SshMessage.empty()
            .string(type)
            .string(new byte[32])
            .string(key)
            .u64(0)
            .u32(kind)
            .string("forged")
            .string(SshMessage.empty().string(principal).bytes())
            .u64(0)
            .u64(-1)
            .string(critical)
            .string("")
            .string("")
            .string(authority)
            .bytes();
    return damage.apply(SshMessage.empty().raw(content).string(signature(content)).bytes());
  }

  private byte[] signature(byte[] content) {
    boolean token = new String(authority, StandardCharsets.ISO_8859_1).contains(TOKEN);
    try {
      byte[] by = RawClient.sign(signer, token ? ofToken(content) : content);
      SshMessage signature = SshMessage.empty().string(token ? TOKEN : "ssh-ed25519").string(by);
      return (token ? signature.u8(1).u32(5) : signature).bytes();
    } catch (GeneralSecurityException broken) {
      throw new AssertionError(broken);
    }
  }

  private static byte[] point(KeyPair key) {
    byte[] encoded = key.getPublic().getEncoded();
    return Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
  }

  /** The key as that of an authority on a token, which a person has to touch. */
  static byte[] token(KeyPair key) {
    return SshMessage.empty().string(TOKEN).string(point(key)).string("ssh:").bytes();
  }

  /** What such a token signs: that it was touched, and how often it has signed. */
  private static byte[] ofToken(byte[] content) throws GeneralSecurityException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] application = digest.digest("ssh:".getBytes(StandardCharsets.US_ASCII));
    return SshMessage.empty().raw(application).u8(1).u32(5).raw(digest.digest(content)).bytes();
  }
}
