package dev.mica.license.key;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;

/** Signatures of the JDK's own Ed25519 (RFC 8032), with keys as their 32 bytes. */
public final class Ed25519 {
  /** Of a public key or the seed of a private one, in bytes. */
  public static final int KEY = 32;

  /** Of a signature, in bytes. */
  public static final int SIGNATURE = 64;

  private static final String NAME = "Ed25519";

  // What stands before the 32 bytes in the one encoding that each key has (RFC 8410).
  private static final byte[] PUBLIC = HexFormat.of().parseHex("302a300506032b6570032100");
  private static final byte[] PRIVATE = HexFormat.of().parseHex("302e020100300506032b657004220420");

  private Ed25519() {}

  /** A new key pair. */
  public static KeyPair generate() {
    try {
      return KeyPairGenerator.getInstance(NAME).generateKeyPair();
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }

  /** The 32 bytes of a public key. */
  public static byte[] bytes(java.security.PublicKey key) {
    return after(PUBLIC, key.getEncoded());
  }

  /** The 32 bytes from which a private key is made. */
  public static byte[] seed(PrivateKey key) {
    return after(PRIVATE, key.getEncoded());
  }

  private static byte[] after(byte[] prefix, byte[] encoded) {
    if (encoded.length != prefix.length + KEY
        || !Arrays.equals(encoded, 0, prefix.length, prefix, 0, prefix.length)) {
      throw new IllegalArgumentException("no Ed25519 key");
    }
    return Arrays.copyOfRange(encoded, prefix.length, encoded.length);
  }

  private static byte[] with(byte[] prefix, byte[] key) {
    if (key.length != KEY) {
      throw new IllegalArgumentException(key.length + " bytes are no Ed25519 key");
    }
    byte[] encoded = Arrays.copyOf(prefix, prefix.length + KEY);
    System.arraycopy(key, 0, encoded, prefix.length, KEY);
    return encoded;
  }

  /** The private key that is made from 32 bytes. */
  public static PrivateKey privateKey(byte[] seed) {
    try {
      return KeyFactory.getInstance(NAME)
          .generatePrivate(new PKCS8EncodedKeySpec(with(PRIVATE, seed)));
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }

  /** The signature of {@code message}, {@value #SIGNATURE} bytes. */
  public static byte[] sign(PrivateKey key, byte[] message) {
    try {
      Signature signature = Signature.getInstance(NAME);
      signature.initSign(key);
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException broken) {
      throw new IllegalStateException(broken);
    }
  }

  /** Whether the owner of the public key has signed {@code message}; any bytes may be given. */
  public static boolean isSigned(byte[] publicKey, byte[] message, byte[] signature) {
    try {
      Signature check = Signature.getInstance(NAME);
      check.initVerify(
          KeyFactory.getInstance(NAME)
              .generatePublic(new X509EncodedKeySpec(with(PUBLIC, publicKey))));
      check.update(message);
      return check.verify(signature);
    } catch (SignatureException | InvalidKeyException | InvalidKeySpecException bad) {
      return false; // neither is a point of the curve, or the length is wrong
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }
}
