package dev.mica.license.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * The seats beside a naive twin, entry by entry: the same answers, the same seats, and never more
 * than the key has. A second replica takes each entry from its bytes, and begins anew from a
 * snapshot now and then: it has the same bytes at the same index. {@code -Dmica.seed=N} plays one
 * log again; {@code MICA_FULL=1} plays a million entries.
 */
class SeatsModelTest {
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final int LOG = 2_000;
  private static final int LOGS = FULL ? 500 : 30;

  @Test
  void theSameAsANaiveTwin() throws IOException {
    Long one = Long.getLong("mica.seed");
    long first = one == null ? System.nanoTime() & 0xffff_ffffL : one;
    Map<Verdict, Integer> seen = new EnumMap<>(Verdict.class);
    long given = 0;
    for (long seed = first; seed < first + (one == null ? LOGS : 1); seed++) {
      try {
        given += play(seed, seen);
      } catch (AssertionError | RuntimeException wrong) {
        throw new AssertionError("-Dmica.seed=" + seed + ": " + wrong.getMessage(), wrong);
      }
    }
    if (one == null) {
      Set<Verdict> others = EnumSet.complementOf(EnumSet.of(Verdict.DENY_FORGED));
      assertEquals(others, seen.keySet(), "each verdict was given: " + seen);
      assertTrue(given > LOGS * LOG / 50, "seats were given: " + given);
    }
  }

  private static long play(long seed, Map<Verdict, Integer> seen) throws IOException {
    RandomEntries entries = new RandomEntries(seed);
    Seats seats = new Seats();
    Seats replica = new Seats();
    NaiveSeats naive = new NaiveSeats();
    Set<Long> fences = new HashSet<>();
    for (long at = 1; at <= LOG; at++) {
      Entry entry = entries.next(seats);
      long clock = entries.clock();
      byte[] bytes = EntryCodec.bytes(entry);
      Entry again = EntryCodec.entry(bytes);
      assertEquals(entry, again, "its bytes");
      List<Answer> expected = naive.apply(at, clock, entry);
      List<Answer> answers = seats.apply(at, clock, entry);
      String when = "entry " + at + ", " + entry;
      assertEquals(expected, answers, when);
      assertEquals(answers, replica.apply(at, clock, again), when);
      entries.learn(entry, answers);
      agree(naive, seats, when);
      for (Answer answer : answers) {
        seen.merge(answer.verdict(), 1, Integer::sum);
        assertEquals(answer, BytesIn.whole(written(answer), SeatsCodec::answer));
      }
      fences.addAll(seats.leases().stream().map(Lease::fence).toList());
      if (at % 97 == 0) {
        byte[] snapshot = SeatsCodec.bytes(seats);
        assertArrayEquals(snapshot, SeatsCodec.bytes(replica), when);
        replica = SeatsCodec.seats(snapshot);
        assertArrayEquals(snapshot, SeatsCodec.bytes(replica), when);
      }
    }
    return fences.size();
  }

  private static byte[] written(Answer answer) {
    BytesOut out = new BytesOut();
    SeatsCodec.write(out, answer);
    return out.toBytes();
  }

  private static void agree(NaiveSeats naive, Seats seats, String when) {
    Set<UUID> vms = new HashSet<>();
    assertEquals(naive.voters, seats.voters(), when);
    assertEquals(naive.seats.size(), seats.leases().size(), when);
    for (NaiveSeats.Seat seat : naive.seats) {
      Lease lease = seats.leases.of(seat.vm()).orElseThrow();
      assertEquals(seat.fence(), lease.fence(), when);
      assertEquals(seat.renewed(), lease.renewed(), when);
      assertEquals(seat.host(), lease.host(), when);
      assertTrue(vms.add(seat.vm()), "two seats of one VM: " + when);
    }
    for (NaiveSeats.Key key : naive.keys) {
      int used = naive.used(key.tag());
      assertEquals(used, seats.leases.key(key.tag()).orElseThrow().used(), when);
      assertEquals(
          naive.queue.stream()
              .filter(one -> one.key().equals(key.tag()))
              .map(one -> one.vm() + " " + one.turn())
              .toList(),
          seats.queue(key.tag()).stream().map(one -> one.vm() + " " + one.turn()).toList(),
          when);
      // A version with fewer seats takes none away; it only gives none.
      if (key.terms().serial() == 0) {
        assertTrue(used <= key.terms().capacity(), used + " seats of " + key + ": " + when);
      }
    }
  }
}
