package dev.mica.license.ledger;

import java.io.IOException;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** The bytes of entries: on the wire, in the log and under signatures. Each entry has one form. */
public final class EntryCodec {
  private static final int MOST_TEXT = 256;
  private static final long HIGHEST_FENCE = 1L << 62;

  private EntryCodec() {}

  public static byte[] bytes(Entry entry) {
    BytesOut out = new BytesOut();
    write(out, entry);
    return out.toBytes();
  }

  /**
   * The entry that has these bytes.
   *
   * @throws IOException if the bytes are no entry, or not in its one form
   */
  public static Entry entry(byte[] bytes) throws IOException {
    return BytesIn.whole(bytes, EntryCodec::entry);
  }

  private static void write(BytesOut out, Entry entry) {
    switch (entry) {
      case Entry.FromHost from -> writeRequest(out.u8(0), from);
      case Entry.Renewals many -> out.u8(1).list(many.requests(), EntryCodec::writeRequest);
      case Entry.Expire(UUID vm, long fence, long renewed) ->
          out.u8(2).uuid(vm).i64(fence).i64(renewed);
      case Entry.Pass(KeyTag key, UUID vm, long turn) ->
          out.u8(3).fixed(key.hex()).uuid(vm).i64(turn);
      case Entry.Thaw(int epoch) -> out.u8(4).i32(epoch);
      case Entry.Revoke(KeyTag key) -> out.u8(5).fixed(key.hex());
      case Entry.Reclaim(UUID vm, long fence) -> out.u8(6).uuid(vm).i64(fence);
      case Entry.ReclaimPocket(KeyTag key, HostId host) ->
          out.u8(7).fixed(key.hex()).fixed(host.hex());
      case Entry.Unfreeze(HostId host, UUID boot) -> out.u8(8).fixed(host.hex()).uuid(boot);
      case Entry.Remove(HostId host) -> out.u8(9).fixed(host.hex());
      case Entry.NewEpoch(int epoch) -> out.u8(10).i32(epoch);
      case Entry.Voters(Set<HostId> hosts) -> writeHosts(out.u8(11), hosts);
    }
  }

  private static Entry entry(BytesIn in) throws IOException {
    int type = in.u8();
    return switch (type) {
      case 0 -> request(in);
      case 1 -> new Entry.Renewals(in.list(Request.MOST, EntryCodec::request));
      case 2 -> new Entry.Expire(in.uuid(), in.i64(), in.i64());
      case 3 -> new Entry.Pass(key(in), in.uuid(), in.i64());
      case 4 -> new Entry.Thaw(in.i32());
      case 5 -> new Entry.Revoke(key(in));
      case 6 -> new Entry.Reclaim(in.uuid(), in.i64());
      case 7 -> new Entry.ReclaimPocket(key(in), host(in));
      case 8 -> new Entry.Unfreeze(host(in), in.uuid());
      case 9 -> new Entry.Remove(host(in));
      case 10 -> new Entry.NewEpoch(in.i32());
      case 11 -> new Entry.Voters(hosts(in));
      default -> throw new IOException("no entry has the type " + type);
    };
  }

  static void writeHosts(BytesOut out, Set<HostId> hosts) {
    out.list(new TreeSet<>(hosts), (to, host) -> to.fixed(host.hex()));
  }

  static Set<HostId> hosts(BytesIn in) throws IOException {
    return Set.copyOf(in.sorted(Request.MOST, EntryCodec::host));
  }

  private static void writeRequest(BytesOut out, Entry.FromHost from) {
    out.i32(from.epoch()).fixed(from.host().hex()).uuid(from.boot());
    out.i64(from.seq()).i64(from.settled()).uuid(from.id());
    write(out, from.body());
  }

  private static Entry.FromHost request(BytesIn in) throws IOException {
    return new Entry.FromHost(
        in.i32(), host(in), in.uuid(), in.i64(), in.i64(), in.uuid(), body(in));
  }

  private static void write(BytesOut out, Request body) {
    switch (body) {
      case Request.Hello hello -> write(out.u8(0), hello);
      case Request.Install install -> {
        write(out.u8(1).fixed(install.key().hex()), install.terms());
        write(out, install.sealed());
      }
      case Request.Acquire ask -> {
        write(out.u8(2).uuid(ask.vm()).fixed(ask.key().hex()).i32(ask.seats()), ask.share());
        out.i32(ask.want()).i32(ask.ttl()).flag(ask.queue());
      }
      case Request.Renew renew -> out.u8(3).list(renew.leases(), EntryCodec::write);
      case Request.Release release -> write(out.u8(4), release.lease());
      case Request.Cancel cancel -> out.u8(5).i64(cancel.seq()).uuid(cancel.request());
      case Request.Unqueue unqueue -> out.u8(6).uuid(unqueue.vm()).fixed(unqueue.key().hex());
      case Request.Pocket more ->
          out.u8(7).fixed(more.key().hex()).i32(more.seats()).i64(more.until());
      case Request.Unpocket less -> out.u8(8).fixed(less.key().hex()).i32(less.seats());
    }
  }

  private static Request body(BytesIn in) throws IOException {
    int type = in.u8();
    return switch (type) {
      case 0 -> hello(in);
      case 1 -> new Request.Install(key(in), terms(in), sealed(in));
      case 2 ->
          new Request.Acquire(
              in.uuid(), key(in), in.i32(), share(in), in.i32(), in.i32(), in.flag());
      case 3 -> new Request.Renew(in.list(Request.MOST, EntryCodec::held));
      case 4 -> new Request.Release(held(in));
      case 5 -> new Request.Cancel(in.i64(), in.uuid());
      case 6 -> new Request.Unqueue(in.uuid(), key(in));
      case 7 -> new Request.Pocket(key(in), in.i32(), in.i64());
      case 8 -> new Request.Unpocket(key(in), in.i32());
      default -> throw new IOException("no request has the type " + type);
    };
  }

  static void write(BytesOut out, Request.Hello hello) {
    out.fixed(hello.publicKey().hex()).text(hello.user());
    out.list(new TreeSet<>(hello.groups()), BytesOut::text).i64(hello.fence());
    out.fixed(hello.voucher().hex());
  }

  static Request.Hello hello(BytesIn in) throws IOException {
    PublicKey key = new PublicKey(in.fixed(32));
    String user = in.text(MOST_TEXT);
    Set<String> groups = Set.copyOf(in.sorted(Request.MOST, one -> one.text(MOST_TEXT)));
    long fence = in.i64();
    if (fence < 0 || fence > HIGHEST_FENCE) {
      throw new IOException("no fence is " + fence);
    }
    return new Request.Hello(key, user, groups, fence, new Signature(in.fixed(64)));
  }

  private static void write(BytesOut out, Request.Held held) {
    out.uuid(held.vm()).i64(held.fence());
  }

  private static Request.Held held(BytesIn in) throws IOException {
    return new Request.Held(in.uuid(), in.i64());
  }

  static void write(BytesOut out, Share share) {
    out.of(share.level()).text(share.group());
  }

  static Share share(BytesIn in) throws IOException {
    return new Share(in.of(Share.Level.values()), in.text(MOST_TEXT));
  }

  static void write(BytesOut out, Terms terms) {
    write(out.i64(terms.serial()).i32(terms.seats()), terms.share());
    out.of(terms.policy()).i32(terms.overage()).i32(terms.ttl());
    out.i32(terms.offline()).i64(terms.expires());
  }

  static Terms terms(BytesIn in) throws IOException {
    return new Terms(
        in.i64(),
        in.i32(),
        share(in),
        in.of(Terms.Policy.values()),
        in.i32(),
        in.i32(),
        in.i32(),
        in.i64());
  }

  static void write(BytesOut out, Sealed sealed) {
    out.i32(sealed.hex().length() / 2).fixed(sealed.hex());
  }

  static Sealed sealed(BytesIn in) throws IOException {
    return new Sealed(HexFormat.of().formatHex(in.counted(Sealed.MOST)));
  }

  static KeyTag key(BytesIn in) throws IOException {
    return new KeyTag(in.fixed(32));
  }

  static HostId host(BytesIn in) throws IOException {
    return new HostId(in.fixed(32));
  }
}
