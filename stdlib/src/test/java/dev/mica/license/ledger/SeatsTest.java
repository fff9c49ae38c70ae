package dev.mica.license.ledger;

import static dev.mica.license.ledger.Verdict.DENY_DUPLICATE_HOST;
import static dev.mica.license.ledger.Verdict.DENY_EXPIRED;
import static dev.mica.license.ledger.Verdict.DENY_FROZEN;
import static dev.mica.license.ledger.Verdict.DENY_FULL;
import static dev.mica.license.ledger.Verdict.DENY_MISMATCH;
import static dev.mica.license.ledger.Verdict.DENY_NOT_HELD;
import static dev.mica.license.ledger.Verdict.DENY_NOT_SHARABLE;
import static dev.mica.license.ledger.Verdict.DENY_REVOKED;
import static dev.mica.license.ledger.Verdict.DENY_STALE;
import static dev.mica.license.ledger.Verdict.DENY_UNKNOWN_HOST;
import static dev.mica.license.ledger.Verdict.DENY_UNKNOWN_KEY;
import static dev.mica.license.ledger.Verdict.DENY_VM_ELSEWHERE;
import static dev.mica.license.ledger.Verdict.GRANT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each row of what may happen between hosts, as entries of the log. */
class SeatsTest {
  private static final KeyTag KEY = new KeyTag("aa".repeat(32));
  private static final Signature NOBODY = new Signature("00".repeat(64));
  private static final int SEATS = 2;
  private static final int TTL = 60;

  private final Seats seats = new Seats();
  private final Machine ann = new Machine(1, "ann", Set.of("blue"));
  private final Machine bob = new Machine(2, "bob", Set.of("red"));
  private final Machine ann2 = new Machine(3, "ann", Set.of("red"));
  private long index;
  private long clock = 1_000;
  private int epoch = 1;

  private Answer enter(Entry entry) {
    return seats.apply(++index, clock, entry).getFirst();
  }

  private final class Machine {
    private final HostId id;
    private final Request.Hello hello;
    private UUID boot = UUID.randomUUID();
    private long seq;

    private Machine(int number, String user, Set<String> groups) {
      String hex = String.format("%064x", number);
      id = new HostId(hex);
      hello = new Request.Hello(new PublicKey(hex), user, groups, 0, NOBODY);
    }

    private Entry.FromHost says(Request body) {
      seq++;
      return new Entry.FromHost(epoch, id, boot, seq, 0, UUID.randomUUID(), body);
    }

    private Answer asks(Request body) {
      return enter(says(body));
    }

    private void reboots() {
      boot = UUID.randomUUID();
      assertEquals(GRANT, asks(hello).verdict());
    }
  }

  private static UUID vm(int number) {
    return new UUID(0, number);
  }

  private static Terms terms(Share share) {
    return new Terms(0, SEATS, share, Terms.Policy.LEASE, 0, TTL, 500, 0);
  }

  private void begin(Terms terms) {
    for (Machine one : List.of(ann, bob, ann2)) {
      assertEquals(GRANT, one.asks(one.hello).verdict());
    }
    assertEquals(GRANT, ann.asks(new Request.Install(KEY, terms, new Sealed(""))).verdict());
  }

  private void begin() {
    begin(terms(Share.NETWORK));
  }

  private static Request.Acquire ask(int vm) {
    return new Request.Acquire(vm(vm), KEY, SEATS, Share.NETWORK, 1, TTL, false);
  }

  private static Request.Acquire wait(int vm, int want) {
    return new Request.Acquire(vm(vm), KEY, SEATS, Share.NETWORK, want, TTL, true);
  }

  private static Request.Release release(int vm, Answer granted) {
    return new Request.Release(new Request.Held(vm(vm), granted.fence()));
  }

  private static Request.Renew renew(int vm, Answer granted) {
    return new Request.Renew(List.of(new Request.Held(vm(vm), granted.fence())));
  }

  @Test
  void theEarlierEntryHasTheLastSeat() {
    begin();
    Answer first = ann.asks(ask(1));
    Answer second = bob.asks(ask(2));
    Answer third = ann2.asks(ask(3));
    assertEquals(List.of(GRANT, GRANT, DENY_FULL), verdicts(first, second, third));
    assertTrue(second.fence() > first.fence());
    assertEquals(SEATS, third.used());
    assertEquals(TTL, first.ttl());
  }

  private static List<Verdict> verdicts(Answer... answers) {
    return List.of(answers).stream().map(Answer::verdict).toList();
  }

  @Test
  void anAnswerThatWasLostIsGivenAgain() {
    begin();
    Entry request = ann.says(ask(1));
    Answer answer = enter(request);
    ann.asks(renew(1, answer));
    assertEquals(answer, enter(request));
    assertEquals(1, seats.leases().size());
    assertEquals(answer.fence(), seats.leases().getFirst().fence());
  }

  @Test
  void aRequestThatComesAfterItWasGivenUpTakesNothing() {
    begin();
    Entry.FromHost late = ann.says(ask(1));
    assertEquals(GRANT, ann.asks(new Request.Cancel(late.seq(), late.id())).verdict());
    assertEquals(DENY_STALE, enter(late).verdict());
    assertEquals(List.of(), seats.leases());
  }

  @Test
  void aRequestThatWasGrantedAndIsGivenUpLeavesNothing() {
    begin();
    Entry.FromHost lost = ann.says(ask(1));
    enter(lost);
    assertEquals(GRANT, ann.asks(new Request.Cancel(lost.seq(), lost.id())).verdict());
    assertEquals(List.of(), seats.leases());
    assertEquals(DENY_STALE, enter(lost).verdict());
  }

  @Test
  void aReleaseOfAnEarlierLeaseEndsNoLaterOne() {
    begin();
    Answer before = ann.asks(ask(1));
    Answer after = ann.asks(ask(1));
    assertTrue(after.fence() > before.fence());
    assertEquals(1, after.used());
    assertEquals(DENY_NOT_HELD, ann.asks(release(1, before)).verdict());
    assertEquals(DENY_NOT_HELD, bob.asks(release(1, after)).verdict());
    assertEquals(GRANT, ann.asks(release(1, after)).verdict());
  }

  @Test
  void aLeaseThatWasRenewedDoesNotExpire() {
    begin();
    Answer granted = ann.asks(ask(1));
    long first = seats.leases().getFirst().renewed();
    assertEquals(List.of(), ann.asks(renew(1, granted)).lost());
    Entry early = new Entry.Expire(vm(1), granted.fence(), first);
    assertEquals(DENY_NOT_HELD, enter(early).verdict());
    long last = seats.leases().getFirst().renewed();
    Entry due = new Entry.Expire(vm(1), granted.fence(), last);
    assertEquals(GRANT, enter(due).verdict());
    assertEquals(List.of(vm(1)), ann.asks(renew(1, granted)).lost());
  }

  @Test
  void aStickySeatStaysUntilAnOperatorTakesIt() {
    begin(new Terms(0, SEATS, Share.NETWORK, Terms.Policy.STICKY, 0, TTL, 0, 0));
    Answer granted = ann.asks(ask(1));
    Lease lease = seats.leases().getFirst();
    Entry due = new Entry.Expire(lease.vm(), lease.fence(), lease.renewed());
    assertEquals(DENY_NOT_HELD, enter(due).verdict());
    Entry other = new Entry.Reclaim(lease.vm(), granted.fence() + 1);
    assertEquals(DENY_NOT_HELD, enter(other).verdict());
    assertEquals(GRANT, enter(new Entry.Reclaim(lease.vm(), granted.fence())).verdict());
    assertEquals(List.of(), seats.leases());
  }

  @Test
  void aBootEndsWhatWasBefore() {
    begin();
    Answer granted = ann.asks(ask(1));
    bob.asks(ask(2));
    assertEquals(1, bob.asks(wait(3, 1)).place());
    Entry.FromHost delayed = ann.says(ask(4));
    ann.reboots();
    assertEquals(DENY_STALE, enter(delayed).verdict());
    assertEquals(List.of(vm(1)), ann.asks(renew(1, granted)).lost());
    assertEquals(List.of(vm(2)), seats.leases().stream().map(Lease::vm).toList());
    assertEquals(GRANT, bob.asks(wait(3, 1)).verdict());
  }

  @Test
  void aCloneOfAnEarlierBootFreezesBoth() {
    begin();
    UUID before = ann.boot;
    ann.reboots();
    ann.boot = before; // and it has gone on counting
    assertEquals(DENY_DUPLICATE_HOST, ann.asks(ask(1)).verdict());
    ann.boot = UUID.randomUUID();
    assertEquals(DENY_DUPLICATE_HOST, ann.asks(ann.hello).verdict());
    assertEquals(GRANT, bob.asks(ask(2)).verdict());
    assertEquals(GRANT, enter(new Entry.Unfreeze(ann.id, before)).verdict());
    ann.boot = before;
    assertEquals(GRANT, ann.asks(ask(1)).verdict());
  }

  @Test
  void aCloneOfTheSameBootIsKnownByItsNumbers() {
    begin();
    ann.asks(ask(1));
    ann.seq--;
    assertEquals(DENY_DUPLICATE_HOST, ann.asks(ask(2)).verdict());
    assertEquals(DENY_DUPLICATE_HOST, ann.asks(ask(3)).verdict());
  }

  @Test
  void aVmHasOneSeatInTheWholeFleet() {
    begin();
    ann.asks(ask(1));
    assertEquals(DENY_VM_ELSEWHERE, bob.asks(ask(1)).verdict());
    KeyTag other = new KeyTag("bb".repeat(32));
    ann.asks(new Request.Install(other, terms(Share.NETWORK), new Sealed("")));
    Request otherKey = new Request.Acquire(vm(1), other, SEATS, Share.NETWORK, 1, TTL, false);
    assertEquals(DENY_VM_ELSEWHERE, ann.asks(otherKey).verdict());
  }

  @ParameterizedTest
  @EnumSource(Share.Level.class)
  void theSharableLevelSaysWhoMay(Share.Level level) {
    Share share = new Share(level, level == Share.Level.GROUP ? "blue" : "");
    begin(terms(share));
    Request.Acquire one = new Request.Acquire(vm(1), KEY, SEATS, share, 1, TTL, false);
    Request.Acquire two = new Request.Acquire(vm(2), KEY, SEATS, share, 1, TTL, false);
    assertEquals(GRANT, ann.asks(one).verdict());
    ann.asks(new Request.Cancel(ann.seq, UUID.randomUUID()));
    boolean same = level == Share.Level.USER || level == Share.Level.NETWORK;
    assertEquals(level == Share.Level.NETWORK ? GRANT : DENY_NOT_SHARABLE, bob.asks(two).verdict());
    Verdict other = same ? (level == Share.Level.USER ? GRANT : DENY_FULL) : DENY_NOT_SHARABLE;
    Request.Acquire three = new Request.Acquire(vm(3), KEY, SEATS, share, 1, TTL, false);
    assertEquals(other, ann2.asks(three).verdict());
  }

  @Test
  void aHostThatBelievesSomethingElseOfTheKeyGetsNothing() {
    begin();
    Request more = new Request.Acquire(vm(1), KEY, SEATS + 1, Share.NETWORK, 1, TTL, false);
    Request narrower = new Request.Acquire(vm(1), KEY, SEATS, Share.USER, 1, TTL, false);
    assertEquals(DENY_MISMATCH, ann.asks(more).verdict());
    assertEquals(DENY_MISMATCH, ann.asks(narrower).verdict());
  }

  @Test
  void anExpiredKeyGivesNothingAndItsLeasesGoOn() {
    begin(new Terms(0, SEATS, Share.NETWORK, Terms.Policy.LEASE, 0, TTL, 500, clock + 10));
    Answer granted = ann.asks(ask(1));
    clock += 10;
    assertEquals(DENY_EXPIRED, bob.asks(ask(2)).verdict());
    clock -= 500; // a clock that is set back opens nothing
    assertEquals(DENY_EXPIRED, bob.asks(ask(2)).verdict());
    assertEquals(List.of(), ann.asks(renew(1, granted)).lost());
    assertEquals(DENY_EXPIRED, ann.asks(new Request.Pocket(KEY, 1, clock)).verdict());
  }

  @Test
  void aRevokedKeyEndsWithItsLeases() {
    begin();
    Answer granted = ann.asks(ask(1));
    assertEquals(GRANT, enter(new Entry.Revoke(KEY)).verdict());
    assertEquals(DENY_REVOKED, bob.asks(ask(2)).verdict());
    assertEquals(List.of(vm(1)), ann.asks(renew(1, granted)).lost());
  }

  @Test
  void nobodyOvertakesInTheQueue() {
    begin();
    Answer one = ann.asks(ask(1));
    Answer two = bob.asks(ask(2));
    assertEquals(1, ann2.asks(wait(3, 2)).place());
    assertEquals(2, ann.asks(wait(4, 1)).place());
    assertEquals(1, ann2.asks(wait(3, 2)).place()); // it keeps its place
    ann.asks(release(1, one));
    assertEquals(List.of(0L, 0L), turns());
    assertEquals(DENY_FULL, ann.asks(wait(4, 1)).verdict());
    bob.asks(release(2, two));
    assertEquals(List.of(index, 0L), turns());
    assertEquals(DENY_FULL, bob.asks(ask(5)).verdict());
    long turn = index - 1;
    assertEquals(turn, turns().getFirst());
    Entry early = new Entry.Pass(KEY, vm(3), turn - 1);
    assertEquals(DENY_NOT_HELD, enter(early).verdict());
    assertEquals(GRANT, enter(new Entry.Pass(KEY, vm(3), turn)).verdict());
    assertEquals(List.of(index), turns());
    assertEquals(GRANT, ann.asks(wait(4, 1)).verdict());
    assertEquals(List.of(), turns());
  }

  private List<Long> turns() {
    return seats.queue(KEY).stream().map(Waiting::turn).toList();
  }

  @Test
  void seatsInAPocketAreNobodyElses() {
    begin();
    assertEquals(GRANT, ann.asks(new Request.Pocket(KEY, 1, clock + 500)).verdict());
    assertEquals(GRANT, bob.asks(ask(2)).verdict());
    assertEquals(DENY_FULL, ann2.asks(ask(3)).verdict());
    assertEquals(DENY_FULL, ann.asks(new Request.Pocket(KEY, 1, clock)).verdict());
    ann.reboots();
    assertEquals(DENY_FULL, ann2.asks(ask(3)).verdict()); // what it was for is on its disk
    assertEquals(DENY_NOT_HELD, ann.asks(new Request.Unpocket(KEY, 2)).verdict());
    assertEquals(GRANT, ann.asks(new Request.Unpocket(KEY, 1)).verdict());
    assertEquals(GRANT, ann2.asks(ask(3)).verdict());
  }

  @Test
  void aPocketIsForNoLongerThanTheKeyAllows() {
    begin();
    assertEquals(DENY_NOT_SHARABLE, ann.asks(new Request.Pocket(KEY, 1, clock + 501)).verdict());
    assertEquals(GRANT, ann.asks(new Request.Pocket(KEY, 1, clock + 500)).verdict());
    assertEquals(DENY_NOT_HELD, enter(new Entry.ReclaimPocket(KEY, bob.id)).verdict());
    assertEquals(GRANT, enter(new Entry.ReclaimPocket(KEY, ann.id)).verdict());
    assertEquals(DENY_NOT_HELD, ann.asks(new Request.Unpocket(KEY, 1)).verdict());
  }

  @Test
  void aRecoveredLedgerGivesNothingUntilAllFromBeforeIsOver() {
    begin();
    ann.asks(ask(1));
    bob.asks(new Request.Pocket(KEY, 1, clock));
    Entry.FromHost old = ann2.says(ask(3));
    assertEquals(GRANT, enter(new Entry.NewEpoch(2)).verdict());
    epoch = 2;
    assertEquals(DENY_STALE, enter(old).verdict());
    assertEquals(DENY_UNKNOWN_HOST, ann2.asks(ask(3)).verdict());
    long highest = 1_000_000;
    Request.Hello hello =
        new Request.Hello(ann2.hello.publicKey(), "ann", Set.of("red"), highest, NOBODY);
    ann2.asks(hello);
    assertEquals(DENY_FROZEN, ann2.asks(ask(3)).verdict());
    assertEquals(DENY_STALE, enter(new Entry.Thaw(1)).verdict());
    assertEquals(GRANT, enter(new Entry.Thaw(2)).verdict());
    assertEquals(DENY_FULL, ann2.asks(ask(3)).verdict()); // a pocket counts as used
    ann.reboots();
    Answer granted = ann2.asks(ask(3));
    assertEquals(GRANT, granted.verdict());
    assertTrue(granted.fence() > highest, "a disk that knows a higher one stays shut");
  }

  @Test
  void aHostThatWasRemovedIsNobodyUntilItSaysHelloAgain() {
    begin();
    Answer granted = bob.asks(ask(2));
    assertEquals(DENY_FULL, enter(new Entry.Remove(bob.id)).verdict());
    Entry.FromHost replayed = bob.says(release(2, granted));
    assertEquals(GRANT, enter(replayed).verdict());
    assertEquals(GRANT, enter(new Entry.Remove(bob.id)).verdict());
    assertEquals(DENY_UNKNOWN_HOST, enter(replayed).verdict());
    assertEquals(DENY_UNKNOWN_HOST, bob.asks(ask(2)).verdict());
    assertEquals(GRANT, bob.asks(bob.hello).verdict());
    assertEquals(GRANT, bob.asks(ask(2)).verdict());
  }

  @Test
  void aLaterVersionOfTheKeyHolds() {
    begin();
    ann.asks(ask(1));
    ann.asks(ask(2));
    Terms fewer = new Terms(1, 1, Share.NETWORK, Terms.Policy.LEASE, 0, TTL, 0, 0);
    assertEquals(GRANT, bob.asks(new Request.Install(KEY, fewer, new Sealed(""))).verdict());
    assertEquals(DENY_MISMATCH, bob.asks(ask(3)).verdict());
    Terms older = new Terms(0, 9, Share.NETWORK, Terms.Policy.LEASE, 0, TTL, 0, 0);
    Answer answer = bob.asks(new Request.Install(KEY, older, new Sealed("")));
    assertEquals(1, answer.capacity());
    assertEquals(2, answer.used()); // nobody is thrown out
  }

  @Test
  void overageIsWhatTheKeySays() {
    begin(new Terms(0, SEATS, Share.NETWORK, Terms.Policy.LEASE, 50, TTL, 0, 0));
    assertEquals(
        List.of(GRANT, GRANT, GRANT, DENY_FULL),
        verdicts(ann.asks(ask(1)), ann.asks(ask(2)), bob.asks(ask(3)), bob.asks(ask(4))));
  }

  @Test
  void whoIsUnknownIsToldSo() {
    assertEquals(DENY_UNKNOWN_HOST, ann.asks(ask(1)).verdict());
    ann.asks(ann.hello);
    assertEquals(DENY_UNKNOWN_KEY, ann.asks(ask(1)).verdict());
    Terms blue = terms(Share.group("green"));
    assertEquals(
        DENY_NOT_SHARABLE, ann.asks(new Request.Install(KEY, blue, new Sealed(""))).verdict());
    assertEquals(List.of(), seats.keys());
  }

  @Test
  void theLogGoesForward() {
    begin();
    Entry entry = ann.says(ask(1));
    assertThrows(IllegalArgumentException.class, () -> seats.apply(index, clock, entry));
  }
}
