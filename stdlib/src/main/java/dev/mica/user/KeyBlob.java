package dev.mica.user;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.EllipticCurve;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Set;

/** A public key in the form of the wire (RFC 4253, 5656, 8709), every part of which is checked. */
final class KeyBlob {
  static final String ED25519 = "ssh-ed25519";
  static final String RSA = "ssh-rsa";
  private static final String SK_ED25519 = "sk-ssh-ed25519@openssh.com";
  private static final String SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com";
  private static final String ECDSA = "ecdsa-sha2-";

  /** The curves by their SSH names, with the names that Java has for them. */
  private static final Map<String, String> CURVES =
      Map.of("nistp256", "secp256r1", "nistp384", "secp384r1", "nistp521", "secp521r1");

  static final Set<String> TYPES =
      Set.of(
          ED25519,
          SK_ED25519,
          SK_ECDSA,
          RSA,
          ECDSA + "nistp256",
          ECDSA + "nistp384",
          ECDSA + "nistp521");

  private static final int LEAST_RSA_BITS = 3072;

  /** The largest RSA key, in bits: a larger one only costs time. */
  private static final int MOST_RSA_BITS = 16384;

  private static final int ED25519_BYTES = 32;

  private final Wire wire;

  private KeyBlob(Wire wire) {
    this.wire = wire;
  }

  /** Fails with an IllegalArgumentException unless it is a whole key of that type. */
  static void require(String type, byte[] bytes) {
    Wire wire = new Wire(bytes);
    try {
      if (!wire.name().equals(type)) {
        throw new IllegalArgumentException(
            "its line says that it is of the type " + type + ", and is of another");
      }
      new KeyBlob(wire).body(type);
    } catch (BufferUnderflowException shorter) {
      throw new IllegalArgumentException("the key is cut short", shorter);
    }
    if (wire.hasMore()) {
      throw new IllegalArgumentException("there is something after the key");
    }
  }

  /** Reads a key of that type from where its type does not stand before it; the whole key. */
  static byte[] read(String type, Wire wire) {
    int begin = wire.position();
    new KeyBlob(wire).body(type);
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    byte[] fields = wire.since(begin);
    return ByteBuffer.allocate(Integer.BYTES + name.length + fields.length)
        .putInt(name.length)
        .put(name)
        .put(fields)
        .array();
  }

  /** Its SHA-256 fingerprint, as {@code ssh-keygen -l} prints it. */
  static String fingerprint(byte[] blob) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(blob);
      return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest);
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException(absent); // each Java has it
    }
  }

  private void body(String type) {
    switch (type) {
      case ED25519 -> ed25519();
      case SK_ED25519 -> {
        ed25519();
        application();
      }
      case RSA -> rsa();
      case SK_ECDSA -> {
        ecdsa("nistp256");
        application();
      }
      default -> ecdsa(type.substring(ECDSA.length()));
    }
  }

  private void ed25519() {
    if (wire.bytes().length != ED25519_BYTES) {
      throw new IllegalArgumentException("the key does not have the 32 bytes of an Ed25519 key");
    }
  }

  private void application() {
    if (wire.name().isEmpty()) {
      throw new IllegalArgumentException("the key of a token does not say what it is for");
    }
  }

  private void rsa() {
    BigInteger exponent = wire.number();
    BigInteger modulus = wire.number();
    if (exponent.compareTo(BigInteger.valueOf(3)) < 0 || !exponent.testBit(0)) {
      throw new IllegalArgumentException("its exponent is not that of an RSA key");
    }
    int bits = modulus.bitLength();
    if (bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS) {
      throw new IllegalArgumentException(
          "an RSA key has "
              + LEAST_RSA_BITS
              + " to "
              + MOST_RSA_BITS
              + " bits, and it has "
              + bits);
    }
  }

  private void ecdsa(String name) {
    if (!wire.name().equals(name)) {
      throw new IllegalArgumentException("its curve is not the one of its type");
    }
    ECParameterSpec spec = spec(name);
    int width = (spec.getCurve().getField().getFieldSize() + 7) / 8;
    byte[] point = wire.bytes();
    if (point.length != 1 + 2 * width || point[0] != 4) {
      throw new IllegalArgumentException("its point is compressed");
    }
    BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 1 + width));
    BigInteger y = new BigInteger(1, Arrays.copyOfRange(point, 1 + width, point.length));
    if (!isOn(spec.getCurve(), x, y)) {
      throw new IllegalArgumentException("its point is not on the curve");
    }
  }

  private static ECParameterSpec spec(String name) {
    try {
      AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
      parameters.init(new ECGenParameterSpec(CURVES.getOrDefault(name, name)));
      return parameters.getParameterSpec(ECParameterSpec.class);
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException(absent);
    }
  }

  private static boolean isOn(EllipticCurve curve, BigInteger x, BigInteger y) {
    BigInteger p = ((ECFieldFp) curve.getField()).getP();
    BigInteger right = x.multiply(x).add(curve.getA()).multiply(x).add(curve.getB());
    return x.compareTo(p) < 0
        && y.compareTo(p) < 0
        && y.multiply(y).subtract(right).mod(p).signum() == 0;
  }
}
