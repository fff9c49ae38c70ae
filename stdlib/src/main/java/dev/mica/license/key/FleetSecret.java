package dev.mica.license.key;

import dev.mica.license.ledger.KeyTag;
import dev.mica.license.ledger.Sealed;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * What all hosts of a fleet know and nobody else: by it a licence key has a name on the wire that
 * says nothing of it, and is kept where only they can read it.
 */
public final class FleetSecret {
  /** How many bytes it has. */
  public static final int LENGTH = 32;

  private static final int NONCE = 12;
  private static final int TAG_BITS = 128;

  private final byte[] secret;

  /** Of {@value #LENGTH} bytes, which are copied. */
  public FleetSecret(byte[] secret) {
    if (secret.length != LENGTH) {
      throw new IllegalArgumentException(secret.length + " bytes are no secret of a fleet");
    }
    this.secret = secret.clone();
  }

  /** A new one. */
  public static FleetSecret random() {
    byte[] secret = new byte[LENGTH];
    new SecureRandom().nextBytes(secret);
    return new FleetSecret(secret);
  }

  /** What a licence is called between hosts. */
  public KeyTag tag(String licenseId) {
    return new KeyTag(HexFormat.of().formatHex(mac("lic", licenseId)));
  }

  private byte[] mac(String purpose, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      mac.update(purpose.getBytes(StandardCharsets.UTF_8));
      mac.update((byte) 0);
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }

  private Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode, new SecretKeySpec(mac("seal", ""), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    return cipher;
  }

  /** A text that only hosts of the fleet can read. */
  public Sealed seal(String text) {
    byte[] nonce = new byte[NONCE];
    new SecureRandom().nextBytes(nonce);
    try {
      byte[] hidden =
          cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(text.getBytes(StandardCharsets.UTF_8));
      byte[] all = Arrays.copyOf(nonce, NONCE + hidden.length);
      System.arraycopy(hidden, 0, all, NONCE, hidden.length);
      return new Sealed(HexFormat.of().formatHex(all));
    } catch (GeneralSecurityException broken) {
      throw new IllegalStateException(broken);
    }
  }

  /** The text in it, if it was sealed with this secret. */
  public String open(Sealed sealed) throws BadKeyException {
    byte[] all = HexFormat.of().parseHex(sealed.hex());
    if (all.length < NONCE) {
      throw new BadKeyException("it is not sealed");
    }
    try {
      byte[] text =
          cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(all, NONCE))
              .doFinal(all, NONCE, all.length - NONCE);
      return new String(text, StandardCharsets.UTF_8);
    } catch (AEADBadTagException other) {
      throw new BadKeyException("it was sealed by another fleet", other);
    } catch (GeneralSecurityException broken) {
      throw new IllegalStateException(broken);
    }
  }
}
