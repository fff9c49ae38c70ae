package dev.mica.license.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.HostId;
import dev.mica.license.ledger.KeyTag;
import dev.mica.license.ledger.PublicKey;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Sealed;
import dev.mica.license.ledger.Seats;
import dev.mica.license.ledger.SeatsCodec;
import dev.mica.license.ledger.Share;
import dev.mica.license.ledger.Signature;
import dev.mica.license.ledger.Terms;
import dev.mica.license.ledger.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A good history has no fault; one that was spoilt in one place has that one. */
class WitnessCheckerTest {
  private static final KeyTag KEY = new KeyTag("aa".repeat(32));
  private static final HostId HOST = new HostId("01".repeat(32));
  private static final Signature NOBODY = new Signature("00".repeat(64));
  private static final UUID BOOT = new UUID(1, 1);

  private final List<Operation> history = new ArrayList<>();
  private final List<Replica.Applied> log = new ArrayList<>();
  private final Seats seats = new Seats();
  private long seq;
  private long time;

  private Entry.FromHost says(Request body) {
    seq++;
    return new Entry.FromHost(1, HOST, BOOT, seq, 0, new UUID(2, seq), body);
  }

  /** Is decided between two moments. */
  private List<Answer> decided(Entry entry) {
    long began = ++time;
    long index = log.size() + 10L;
    List<Answer> answers = seats.apply(index, 0, entry);
    String state = String.valueOf(Arrays.hashCode(SeatsCodec.bytes(seats)));
    log.add(new Replica.Applied(index, 0, entry, state));
    history.add(Operation.answered("one", began, ++time, entry, index, answers));
    return answers;
  }

  private Request ask(int vm) {
    return new Request.Acquire(new UUID(0, vm), KEY, 1, Share.NETWORK, 1, 60, false);
  }

  private void good() {
    decided(says(new Request.Hello(new PublicKey("01".repeat(32)), "", Set.of(), 0, NOBODY)));
    Terms terms = new Terms(0, 1, Share.NETWORK, Terms.Policy.LEASE, 0, 60, 0, 0);
    decided(says(new Request.Install(KEY, terms, new Sealed(""))));
    Answer granted = decided(says(ask(1))).getFirst();
    assertEquals(Verdict.GRANT, granted.verdict());
    assertEquals(Verdict.DENY_FULL, decided(says(ask(2))).getFirst().verdict());
    Request.Held held = new Request.Held(new UUID(0, 1), granted.fence());
    decided(new Entry.Renewals(List.of(says(new Request.Renew(List.of(held))))));
    decided(says(new Request.Release(held)));
    decided(says(ask(2)));
  }

  private List<String> faults(List<Replica.Applied> other) {
    return WitnessChecker.faults(
        history, List.of(new Replica("one", log), new Replica("two", other)));
  }

  private void hasOne(String words, List<Replica.Applied> other) {
    List<String> faults = faults(other);
    assertEquals(1, faults.size(), faults.toString());
    assertTrue(faults.getFirst().contains(words), faults.toString());
  }

  @Test
  void aGoodHistoryHasNone() {
    good();
    assertEquals(List.of(), faults(log.subList(0, 4)));
    history.add(Operation.lost("two", 1, says(ask(5))));
    assertEquals(List.of(), faults(List.of()));
  }

  @Test
  void anAnswerThatNoReplicaKnows() {
    good();
    Replica.Applied gone = log.remove(3); // what was denied: the state after it says so, too
    assertTrue(faults(List.of()).stream().anyMatch(one -> one.contains("is lost")), gone + "");
  }

  @Test
  void anAnswerThatTheLogDoesNotGive() {
    good();
    Operation full = history.get(3);
    Answer granted = new Answer(Verdict.GRANT, 99, 60, 1, 1, 0, List.of());
    history.set(
        3,
        Operation.answered("one", full.began(), full.ended(), full.entry(), 13, List.of(granted)));
    hasOne("was answered otherwise at 13", List.of());
  }

  @Test
  void anOrderThatTimeForbids() {
    good();
    Operation last = history.removeLast();
    history.add(
        Operation.answered(
            "one", 1_000, 1_001, says(ask(9)), 900, last.decided().orElseThrow().answers()));
    history.add(
        Operation.answered(
            "one", 2_000, 2_001, last.entry(), 16, last.decided().orElseThrow().answers()));
    hasOne("began after 900 had ended, and stands at 16", List.of());
  }

  @Test
  void twoEntriesWithOneIndex() {
    good();
    List<Replica.Applied> other = new ArrayList<>(log);
    Replica.Applied fifth = other.get(4);
    other.set(4, new Replica.Applied(fifth.index(), 0, says(ask(7)), fifth.state()));
    hasOne("at 14 are two", other);
  }

  @Test
  void twoStatesAfterOneIndex() {
    good();
    List<Replica.Applied> other = new ArrayList<>(log);
    Replica.Applied fifth = other.get(4);
    other.set(4, new Replica.Applied(fifth.index(), 0, fifth.entry(), "another"));
    hasOne("after 14 two has another state", other);
  }

  @Test
  void aReplicaThatGoesBack() {
    good();
    List<Replica.Applied> other = new ArrayList<>(log);
    other.add(log.get(2));
    hasOne("two applied 12 after 16", other);
  }

  @Test
  void moreSeatsThanThereAre() {
    good();
    Terms none = new Terms(1, 1, Share.NETWORK, Terms.Policy.LEASE, 0, 60, 0, 0);
    Terms two = new Terms(2, 2, Share.NETWORK, Terms.Policy.LEASE, 0, 60, 0, 0);
    decided(says(new Request.Install(KEY, two, new Sealed(""))));
    Request more = new Request.Acquire(new UUID(0, 8), KEY, 2, Share.NETWORK, 1, 60, false);
    decided(says(more));
    Terms fewer = new Terms(3, none.seats(), none.share(), none.policy(), 0, 60, 0, 0);
    decided(says(new Request.Install(KEY, fewer, new Sealed(""))));
    hasOne("leased=2, pocketed=0, capacity=1", List.of());
  }
}
