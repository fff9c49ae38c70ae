package dev.mica.license.ledger;

import java.io.IOException;
import java.util.List;
import java.util.UUID;

/** The bytes of all that is known of the seats: for snapshots, and to compare two hosts. */
public final class SeatsCodec {
  private static final int VERSION = 1;
  private static final int MOST = 1_000_000;

  private SeatsCodec() {}

  /** The same for all who have applied the same entries. */
  public static byte[] bytes(Seats seats) {
    BytesOut out = new BytesOut().u8(VERSION);
    EntryCodec.writeHosts(out, seats.voters());
    out.i32(seats.epoch()).flag(seats.isFrozen()).i64(seats.index());
    out.i64(seats.wall()).i64(seats.fence());
    out.list(
        seats.hosts.entrySet(),
        (to, host) -> write(to.fixed(host.getKey().hex()), host.getValue()));
    out.list(
        seats.leases.keys.entrySet(),
        (to, key) -> write(to.fixed(key.getKey().hex()), key.getValue()));
    return out.toBytes();
  }

  /**
   * What was known when these bytes were made.
   *
   * @throws IOException if the bytes are not of {@link #bytes}
   */
  public static Seats seats(byte[] bytes) throws IOException {
    return BytesIn.whole(bytes, SeatsCodec::seats);
  }

  private static Seats seats(BytesIn in) throws IOException {
    int version = in.u8();
    if (version != VERSION) {
      throw new IOException("a snapshot of version " + version + "; known is " + VERSION);
    }
    Seats seats = new Seats();
    seats.restore(EntryCodec.hosts(in), in.i32(), in.flag(), in.i64(), in.i64(), in.i64());
    in.list(MOST, from -> seats.hosts.put(EntryCodec.host(from), host(from)));
    in.list(
        MOST,
        from -> {
          KeyTag tag = EntryCodec.key(from);
          return seats.leases.keys.put(tag, key(from, tag, seats.leases));
        });
    return seats;
  }

  private static void write(BytesOut out, Host host) {
    EntryCodec.write(out, host.hello());
    out.uuid(host.boot()).i64(host.bootSeq()).i32(host.epoch());
    out.i64(host.floor()).flag(host.isFrozen()).flag(host.isGone());
    out.list(host.pastBoots, BytesOut::uuid);
    out.list(
        host.slots.entrySet(),
        (to, slot) -> {
          to.i64(slot.getKey()).uuid(slot.getValue().id());
          write(to, slot.getValue().answer());
        });
  }

  private static Host host(BytesIn in) throws IOException {
    Host host = new Host(EntryCodec.hello(in), in.uuid(), in.i64(), in.i32());
    host.restore(in.i64(), in.flag(), in.flag());
    host.pastBoots.addAll(in.list(Host.BOOTS, BytesIn::uuid));
    in.list(
        Host.WINDOW + 1,
        from -> {
          host.answered(from.i64(), from.uuid(), answer(from));
          return host;
        });
    return host;
  }

  private static void write(BytesOut out, KeySeats key) {
    EntryCodec.write(out.fixed(key.home.hex()), key.terms());
    EntryCodec.write(out, key.sealed());
    out.flag(key.isRevoked());
    out.list(key.leases.values(), SeatsCodec::write);
    out.list(
        key.pockets.entrySet(),
        (to, pocket) ->
            to.fixed(pocket.getKey().hex())
                .i32(pocket.getValue().seats())
                .i64(pocket.getValue().until()));
    out.list(
        key.queue,
        (to, waiting) ->
            to.uuid(waiting.vm())
                .fixed(waiting.host().hex())
                .i32(waiting.want())
                .i64(waiting.since())
                .i64(waiting.turn()));
  }

  private static KeySeats key(BytesIn in, KeyTag tag, Leases leases) throws IOException {
    KeySeats key = new KeySeats(EntryCodec.host(in), EntryCodec.terms(in), EntryCodec.sealed(in));
    if (in.flag()) {
      key.revoke();
    }
    for (Lease lease : in.list(MOST, from -> lease(from, tag))) {
      leases.put(key, lease);
    }
    in.list(
        MOST, from -> key.pockets.put(EntryCodec.host(from), new Pocket(from.i32(), from.i64())));
    key.queue.addAll(
        in.list(
            MOST,
            from ->
                new Waiting(
                    from.uuid(), EntryCodec.host(from), from.i32(), from.i64(), from.i64())));
    return key;
  }

  private static void write(BytesOut out, Lease lease) {
    out.uuid(lease.vm()).fixed(lease.host().hex()).uuid(lease.boot()).i32(lease.want());
    out.i64(lease.fence()).i64(lease.renewed()).i32(lease.ttl());
  }

  private static Lease lease(BytesIn in, KeyTag key) throws IOException {
    UUID vm = in.uuid();
    return new Lease(
        vm, key, EntryCodec.host(in), in.uuid(), in.i32(), in.i64(), in.i64(), in.i32());
  }

  /** As answers are on the wire, too. */
  public static void write(BytesOut out, Answer answer) {
    out.of(answer.verdict()).i64(answer.fence()).i32(answer.ttl()).i32(answer.used());
    out.i32(answer.capacity()).i32(answer.place()).list(answer.lost(), BytesOut::uuid);
  }

  public static Answer answer(BytesIn in) throws IOException {
    Verdict verdict = in.of(Verdict.values());
    long fence = in.i64();
    int ttl = in.i32();
    int used = in.i32();
    int capacity = in.i32();
    int place = in.i32();
    List<UUID> lost = in.list(Request.MOST, BytesIn::uuid);
    return new Answer(verdict, fence, ttl, used, capacity, place, lost);
  }
}
