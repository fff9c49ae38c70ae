package dev.mica.license.wire;

import dev.mica.license.key.Ed25519;
import dev.mica.license.ledger.BytesIn;
import dev.mica.license.ledger.BytesOut;
import dev.mica.license.ledger.Coded;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.EntryCodec;
import dev.mica.license.ledger.HostId;
import dev.mica.license.ledger.Signature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.util.HexFormat;
import java.util.UUID;

/**
 * An entry with the signature of who answers for it.
 *
 * <pre>
 * version u8 | role u8 | fleet 16 | signer 32, of a voter | length u32 | entry | signature 64
 * </pre>
 *
 * <p>What is signed is all before the signature, after the words "mica seat ledger" and a zero. So
 * it is of one fleet and one role, and cannot be taken for anything else that a host signs.
 *
 * @param signer a voter that speaks as one; a host that asks is named in its entry, and the fleet
 *     has no other name
 */
public record Signed(Role role, UUID fleet, HostId signer, Entry entry, Signature signature) {
  /** As what somebody signs. */
  public enum Role implements Coded {
    /** A host, for itself: requests. */
    HOST(0),
    /** A host that has a vote, for the ledger: what the clock asks for. */
    VOTER(1),
    /** Whoever has the fleet's key: what no host may. */
    OPERATOR(2);

    private final int code;

    Role(int code) {
      this.code = code;
    }

    @Override
    public int code() {
      return code;
    }
  }

  /** The longest that is looked at, in bytes. */
  public static final int LONGEST = 1 << 20;

  private static final int VERSION = 1;
  private static final byte[] CONTEXT = "mica seat ledger\0".getBytes(StandardCharsets.US_ASCII);
  private static final HostId NONE = new HostId("00".repeat(32));

  /** A request, signed by its host. */
  public static Signed request(UUID fleet, Entry.FromHost entry, PrivateKey key) {
    return of(Role.HOST, fleet, entry.host(), entry, key);
  }

  /** What a voter says for the ledger. */
  public static Signed byVoter(UUID fleet, HostId voter, Entry entry, PrivateKey key) {
    return of(Role.VOTER, fleet, voter, entry, key);
  }

  /** What an operator says, with the fleet's key. */
  public static Signed byOperator(UUID fleet, Entry entry, PrivateKey key) {
    return of(Role.OPERATOR, fleet, NONE, entry, key);
  }

  private static Signed of(Role role, UUID fleet, HostId signer, Entry entry, PrivateKey key) {
    byte[] mark = Ed25519.sign(key, signedBytes(role, fleet, signer, entry));
    Signature signature = new Signature(HexFormat.of().formatHex(mark));
    return new Signed(role, fleet, signer, entry, signature);
  }

  private static byte[] signedBytes(Role role, UUID fleet, HostId signer, Entry entry) {
    BytesOut out = new BytesOut().fixed(HexFormat.of().formatHex(CONTEXT));
    write(out, role, fleet, signer, entry);
    return out.toBytes();
  }

  private static void write(BytesOut out, Role role, UUID fleet, HostId signer, Entry entry) {
    out.u8(VERSION).of(role).uuid(fleet);
    if (role == Role.VOTER) {
      out.fixed(signer.hex());
    }
    out.counted(EntryCodec.bytes(entry));
  }

  /** Whether the owner of that key has signed it. */
  public boolean isBy(byte[] publicKey) {
    return Ed25519.isSigned(
        publicKey,
        signedBytes(role, fleet, signer, entry),
        HexFormat.of().parseHex(signature.hex()));
  }

  public byte[] bytes() {
    BytesOut out = new BytesOut();
    write(out);
    return out.toBytes();
  }

  void write(BytesOut out) {
    write(out, role, fleet, signer, entry);
    out.fixed(signature.hex());
  }

  /**
   * What these bytes are, whoever has sent them. Nobody has looked at the signature yet.
   *
   * @throws IOException if they are nothing signed, or not in its one form
   */
  public static Signed of(byte[] bytes) throws IOException {
    if (bytes.length > LONGEST) {
      throw new IOException(bytes.length + " bytes are more than " + LONGEST);
    }
    return BytesIn.whole(bytes, Signed::read);
  }

  static Signed read(BytesIn in) throws IOException {
    int version = in.u8();
    if (version != VERSION) {
      throw new IOException("it is of version " + version + "; known is " + VERSION);
    }
    Role role = in.of(Role.values());
    UUID fleet = in.uuid();
    HostId signer = role == Role.VOTER ? new HostId(in.fixed(32)) : NONE;
    Entry entry = EntryCodec.entry(in.counted(LONGEST));
    if (role == Role.HOST) {
      if (!(entry instanceof Entry.FromHost request)) {
        throw new IOException("a host only asks");
      }
      signer = request.host();
    }
    return new Signed(role, fleet, signer, entry, new Signature(in.fixed(Ed25519.SIGNATURE)));
  }
}
