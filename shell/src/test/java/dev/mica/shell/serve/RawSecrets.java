package dev.mica.shell.serve;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KEM;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** One direction of a connection of {@link RawClient}: the cipher, the code, and the numbers. */
final class RawSecrets {
  /** Before keys are exchanged. */
  static final RawSecrets NONE = new RawSecrets();

  private static final int BLOCK = 16;
  private static final int LEAST_PADDING = 4;

  /** Packets before and behind one whose code is wrong that are tried. */
  private static final int NEAR = 50;

  private final @Nullable Cipher cipher;
  private final @Nullable Mac code;

  /** Begins at 0 with each key, because both sides say {@code kex-strict}. */
  private int number;

  /** What a key exchange has come to. */
  static final class Secrets {
    private final byte[] secret;
    private final byte[] hash;
    private final byte[] session;

    /** Of a shared secret, the hash of the exchange, and that of the connection's first one. */
    Secrets(byte[] secret, byte[] hash, byte[] session) {
      this.secret = secret.clone();
      this.hash = hash.clone();
      this.session = session.clone();
    }

    private byte[] derive(char what, int length) throws GeneralSecurityException {
      byte[] start = SshMessage.empty().string(secret).raw(hash).u8(what).raw(session).bytes();
      return Arrays.copyOf(RawSecrets.hash(start), length);
    }
  }

  private RawSecrets() {
    cipher = null;
    code = null;
  }

  /** The secrets of the client ('A') or of the server ('B') of that exchange. */
  RawSecrets(Secrets secrets, char iv, boolean seals) throws GeneralSecurityException {
    byte[] key = secrets.derive((char) (iv + 2), 32);
    cipher = Cipher.getInstance("AES/CTR/NoPadding", "SunJCE");
    cipher.init(
        seals ? Cipher.ENCRYPT_MODE : Cipher.DECRYPT_MODE,
        new SecretKeySpec(key, "AES"),
        new IvParameterSpec(secrets.derive(iv, BLOCK)));
    code = Mac.getInstance("HmacSHA256", "SunJCE");
    code.init(new SecretKeySpec(secrets.derive((char) (iv + 4), 32), "HmacSHA256"));
  }

  static byte[] hash(byte[] bytes) throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-256").digest(bytes);
  }

  int codeLength() {
    return code == null ? 0 : code.getMacLength();
  }

  /** The packet of that payload. */
  byte[] seal(byte[] payload) {
    int clear = cipher == null ? Integer.BYTES : 0; // with this code the length is not encrypted
    int padding = BLOCK - (clear + 1 + payload.length) % BLOCK;
    padding += padding < LEAST_PADDING ? BLOCK : 0;
    byte[] head = SshMessage.empty().u32(1 + payload.length + padding).bytes();
    byte[] body = SshMessage.empty().u8(padding).raw(payload).raw(new byte[padding]).bytes();
    ByteArrayOutputStream packet = new ByteArrayOutputStream();
    packet.writeBytes(head);
    if (cipher == null || code == null) {
      packet.writeBytes(body);
      return packet.toByteArray();
    }
    byte[] hidden = cipher.update(body);
    packet.writeBytes(hidden);
    packet.writeBytes(code(head, hidden));
    return packet.toByteArray();
  }

  /** The payload of a packet whose length is in {@code head}. */
  byte[] open(byte[] head, byte[] rest) throws IOException {
    byte[] body = rest;
    if (cipher != null) {
      byte[] hidden = Arrays.copyOf(rest, rest.length - codeLength());
      byte[] code = Arrays.copyOfRange(rest, hidden.length, rest.length);
      if (!MessageDigest.isEqual(code(head, hidden), code)) {
        throw wrong(head, hidden, code);
      }
      body = cipher.update(hidden);
    }
    return Arrays.copyOfRange(body, 1, body.length - body[0]);
  }

  private byte[] code(byte[] head, byte[] hidden) {
    Mac mac = java.util.Objects.requireNonNull(code);
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(number).array());
    number++;
    mac.update(head);
    return mac.doFinal(hidden);
  }

  /** Packets were lost, or this one is damaged. */
  private AssertionError wrong(byte[] head, byte[] hidden, byte[] code) {
    int due = number - 1;
    for (number = Math.max(0, due - NEAR); number <= due + NEAR; ) {
      int tried = number;
      if (MessageDigest.isEqual(code(head, hidden), code)) {
        String which = "a packet is the " + tried + "th, and the " + due + "th is due";
        return tried > due ? new LostPacket(which) : new AssertionError(which);
      }
    }
    return new AssertionError("packet " + due + " of " + hidden.length + " bytes is damaged");
  }

  /** The server has encoded packets that did not come, and a later one did. */
  static final class LostPacket extends AssertionError {
    private static final long serialVersionUID = 1L;

    LostPacket(String which) {
      super(which);
    }
  }

  /** The client's side of mlkem768x25519-sha256. */
  static final class Exchange {
    private static final int ML_KEM_KEY = 1184;
    private static final int ML_KEM_TEXT = 1088;
    private static final int X25519_KEY = 32;

    private final KeyPair lattice = KeyPairGenerator.getInstance("ML-KEM-768").generateKeyPair();
    private final KeyPair curve = KeyPairGenerator.getInstance("X25519").generateKeyPair();

    Exchange() throws GeneralSecurityException {}

    byte[] init() {
      byte[] one = lattice.getPublic().getEncoded();
      byte[] two = curve.getPublic().getEncoded();
      return SshMessage.empty()
          .raw(Arrays.copyOfRange(one, one.length - ML_KEM_KEY, one.length))
          .raw(Arrays.copyOfRange(two, two.length - X25519_KEY, two.length))
          .bytes();
    }

    byte[] secret(byte[] reply) throws GeneralSecurityException {
      byte[] text = Arrays.copyOf(reply, ML_KEM_TEXT);
      byte[] first =
          KEM.getInstance("ML-KEM")
              .newDecapsulator(lattice.getPrivate())
              .decapsulate(text)
              .getEncoded();
      byte[] encoded = curve.getPublic().getEncoded();
      System.arraycopy(reply, ML_KEM_TEXT, encoded, encoded.length - X25519_KEY, X25519_KEY);
      KeyAgreement agreement = KeyAgreement.getInstance("X25519");
      agreement.init(curve.getPrivate());
      agreement.doPhase(
          KeyFactory.getInstance("X25519").generatePublic(new X509EncodedKeySpec(encoded)), true);
      return hash(SshMessage.empty().raw(first).raw(agreement.generateSecret()).bytes());
    }
  }
}
