package dev.mica.user;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.EllipticCurve;
import java.util.Arrays;
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

  private final ByteBuffer rest;

  private KeyBlob(byte[] bytes) {
    this.rest = ByteBuffer.wrap(bytes);
  }

  /** Fails with an IllegalArgumentException unless it is a whole key of that type. */
  static void require(String type, byte[] bytes) {
    KeyBlob blob = new KeyBlob(bytes);
    try {
      String own = blob.text();
      if (!own.equals(type)) {
        throw new IllegalArgumentException(
            "its line says that it is of the type " + type + ", and is of another");
      }
      blob.body(type);
    } catch (BufferUnderflowException shorter) {
      throw new IllegalArgumentException("the key is cut short", shorter);
    }
    if (blob.rest.hasRemaining()) {
      throw new IllegalArgumentException("there is something after the key");
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

  private byte[] bytes() {
    int length = rest.getInt();
    if (length < 0 || length > rest.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    rest.get(bytes);
    return bytes;
  }

  private String text() {
    return new String(bytes(), StandardCharsets.ISO_8859_1);
  }

  private void ed25519() {
    if (bytes().length != ED25519_BYTES) {
      throw new IllegalArgumentException("the key does not have the 32 bytes of an Ed25519 key");
    }
  }

  private void application() {
    if (text().isEmpty()) {
      throw new IllegalArgumentException("the key of a token does not say what it is for");
    }
  }

  private void rsa() {
    BigInteger exponent = number();
    BigInteger modulus = number();
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

  private BigInteger number() {
    byte[] bytes = bytes();
    if (bytes.length == 0) {
      throw new BufferUnderflowException();
    }
    BigInteger number = new BigInteger(bytes);
    if (number.signum() <= 0) {
      throw new IllegalArgumentException("a number of the key is not positive");
    }
    return number;
  }

  private void ecdsa(String name) {
    if (!text().equals(name)) {
      throw new IllegalArgumentException("its curve is not the one of its type");
    }
    ECParameterSpec spec = spec(name);
    int width = (spec.getCurve().getField().getFieldSize() + 7) / 8;
    byte[] point = bytes();
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
