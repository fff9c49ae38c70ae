package dev.mica.user;

import dev.mica.text.Printable;
import java.net.InetAddress;
import java.nio.BufferUnderflowException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A certificate of OpenSSH (PROTOCOL.certkeys): an authority vouches that a key is of those whom
 * the certificate names. All of it is checked here but the signature of the authority. What is not
 * understood to the last part is no certificate.
 */
public final class Certificate {
  private static final String SUFFIX = "-cert-v01@openssh.com";
  private static final int OF_A_USER = 1;

  /** How much of what its authority calls it is shown, in characters. */
  private static final int LONGEST_ID = 64;

  private final String type;
  private final byte[] key;
  private final long serial;
  private final String id;
  private final List<String> principals;
  private final long after;
  private final long before;
  private final @Nullable String command;
  private final @Nullable Addresses from;
  private final boolean terminal;
  private final byte[] authority;

  private Certificate(String type, Wire wire) {
    this.type = type;
    byte[] _ = wire.bytes(); // a nonce
    this.key = KeyBlob.read(type.substring(0, type.length() - SUFFIX.length()), wire);
    this.serial = wire.u64();
    if (wire.u32() != OF_A_USER) {
      throw new IllegalArgumentException("it is of a host, and not of a user");
    }
    this.id = shortened(Printable.of(wire.bytes()));
    this.principals = names(new Wire(wire.bytes()));
    this.after = wire.u64();
    this.before = wire.u64();
    Map<String, byte[]> critical = options(new Wire(wire.bytes()));
    this.command = text(critical.remove("force-command"));
    String sources = text(critical.remove("source-address"));
    this.from = sources == null ? null : Addresses.ofCertificate(sources);
    critical.keySet().stream().findFirst().ifPresent(Certificate::refuse);
    this.terminal = options(new Wire(wire.bytes())).containsKey("permit-pty");
    byte[] _ = wire.bytes(); // reserved
    this.authority = wire.bytes();
    byte[] _ = wire.bytes(); // the signature
  }

  /** Whether these bytes say that they are a certificate, and not a key. */
  public static boolean isOne(byte[] blob) {
    try {
      return new Wire(blob).name().endsWith(SUFFIX);
    } catch (BufferUnderflowException shorter) {
      return false;
    }
  }

  /** Reads one; fails with an IllegalArgumentException that says why it is none for a user. */
  public static Certificate of(byte[] blob) {
    Wire wire = new Wire(blob);
    try {
      String type = wire.name();
      if (!isAccepted(type)) {
        throw new IllegalArgumentException(
            "certificates of the type '" + Printable.of(bytes(type)) + "' are not accepted");
      }
      Certificate read = new Certificate(type, wire);
      requireKey(read.authority);
      if (wire.hasMore()) {
        throw new IllegalArgumentException("there is something after it");
      }
      return read;
    } catch (BufferUnderflowException shorter) {
      throw new IllegalArgumentException("it is cut short", shorter);
    }
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Those of the keys of tokens are not: the server's library cannot read them. */
  private static boolean isAccepted(String type) {
    return type.endsWith(SUFFIX)
        && KeyBlob.TYPES.contains(type.substring(0, type.length() - SUFFIX.length()));
  }

  private static void requireKey(byte[] authority) {
    String type = new Wire(authority).name();
    if (!KeyBlob.TYPES.contains(type)) {
      throw new IllegalArgumentException("the key of its authority is of no accepted type");
    }
    try {
      KeyBlob.require(type, authority);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(
          "the key of its authority is not accepted: " + wrong.getMessage(), wrong);
    }
  }

  private static String shortened(String text) {
    return text.length() <= LONGEST_ID ? text : text.substring(0, LONGEST_ID) + "…";
  }

  private static List<String> names(Wire wire) {
    List<String> names = new ArrayList<>();
    while (wire.hasMore()) {
      names.add(wire.text());
    }
    return List.copyOf(names);
  }

  private static Map<String, byte[]> options(Wire wire) {
    Map<String, byte[]> options = new LinkedHashMap<>();
    while (wire.hasMore()) {
      if (options.put(wire.text(), wire.bytes()) != null) {
        throw new IllegalArgumentException("an option is there twice");
      }
    }
    return options;
  }

  private static @Nullable String text(byte @Nullable [] value) {
    if (value == null) {
      return null;
    }
    Wire wire = new Wire(value);
    String text = wire.text();
    if (text.isBlank() || wire.hasMore()) {
      throw new IllegalArgumentException("an option of it has no value");
    }
    return text;
  }

  private static void refuse(String option) {
    throw new IllegalArgumentException(
        "its critical option '"
            + Printable.of(option.getBytes(StandardCharsets.UTF_8))
            + "' is not known here");
  }

  /** Its type, for example {@code ssh-ed25519-cert-v01@openssh.com}. */
  public String type() {
    return type;
  }

  /** The key that it vouches for, in base64. */
  public String key() {
    return Base64.getEncoder().encodeToString(key);
  }

  /** The key of its authority, in base64. */
  public String authority() {
    return Base64.getEncoder().encodeToString(authority);
  }

  /** The command that always runs; empty: what the client asks for runs. */
  public Optional<String> command() {
    return Optional.ofNullable(command);
  }

  /** Whether a session that logs in with it may have a terminal. */
  public boolean allowsTerminal() {
    return terminal;
  }

  List<String> principals() {
    return principals;
  }

  /** Why it is not accepted from {@code address} at that time; empty if it is. */
  public Optional<String> refusal(InetAddress address, Instant now) {
    long second = now.getEpochSecond();
    if (second < 0 || Long.compareUnsigned(second, after) < 0) {
      return Optional.of("the certificate is not valid before " + time(after));
    }
    if (Long.compareUnsigned(second, before) >= 0) {
      return Optional.of("the certificate expired at " + time(before));
    }
    Addresses permitted = from;
    return permitted == null || permitted.have(address)
        ? Optional.empty()
        : Optional.of("the certificate may not be used from " + address.getHostAddress());
  }

  private static String time(long second) {
    boolean isKnown = second >= 0 && second <= Instant.MAX.getEpochSecond();
    return isKnown ? Instant.ofEpochSecond(second).toString() : Long.toUnsignedString(second);
  }

  /**
   * The fingerprints of the key and of the authority, the serial number, and the name that the
   * authority gave it. That comes last, because it may be any text.
   */
  @Override
  public String toString() {
    return KeyBlob.fingerprint(key)
        + " by CA "
        + KeyBlob.fingerprint(authority)
        + ", serial "
        + Long.toUnsignedString(serial)
        + ", id "
        + id;
  }
}
