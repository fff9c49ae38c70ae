package dev.mica.license.wire;

import dev.mica.license.key.Ed25519;
import dev.mica.license.ledger.BytesOut;
import dev.mica.license.ledger.HostId;
import dev.mica.license.ledger.PublicKey;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Signature;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** What a fleet says of a host: that it is one of its own, whose it is, and in which groups. */
public final class Voucher {
  private static final byte[] CONTEXT = "mica fleet member\0".getBytes(StandardCharsets.US_ASCII);

  private Voucher() {}

  /** The id of the host with that key. */
  public static HostId hostOf(PublicKey key) {
    try {
      byte[] bytes = HexFormat.of().parseHex(key.hex());
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return new HostId(HexFormat.of().formatHex(digest));
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException(missing);
    }
  }

  /** The fleet's signature. */
  public static Signature sign(
      UUID fleet, PublicKey host, String user, Set<String> groups, PrivateKey fleetKey) {
    byte[] mark = Ed25519.sign(fleetKey, bytes(fleet, host, user, groups));
    return new Signature(HexFormat.of().formatHex(mark));
  }

  /** Whether the fleet says that of the host. */
  static boolean holds(UUID fleet, Request.Hello hello, byte[] fleetKey) {
    return Ed25519.isSigned(
        fleetKey,
        bytes(fleet, hello.publicKey(), hello.user(), hello.groups()),
        HexFormat.of().parseHex(hello.voucher().hex()));
  }

  private static byte[] bytes(UUID fleet, PublicKey host, String user, Set<String> groups) {
    BytesOut out = new BytesOut().fixed(HexFormat.of().formatHex(CONTEXT)).uuid(fleet);
    out.fixed(host.hex()).text(user).list(new TreeSet<>(groups), BytesOut::text);
    return out.toBytes();
  }
}
