package dev.mica.license.wire;

import static dev.mica.license.ledger.Verdict.DENY_FORGED;
import static dev.mica.license.ledger.Verdict.DENY_FULL;
import static dev.mica.license.ledger.Verdict.DENY_UNKNOWN_KEY;
import static dev.mica.license.ledger.Verdict.GRANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mica.license.key.Ed25519;
import dev.mica.license.key.FleetSecret;
import dev.mica.license.key.LicenseKey;
import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.HostId;
import dev.mica.license.ledger.PublicKey;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Sealed;
import dev.mica.license.ledger.Share;
import dev.mica.license.ledger.Signature;
import dev.mica.license.ledger.Terms;
import dev.mica.license.ledger.Verdict;
import java.io.IOException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What is signed by the right one does what it says, and nothing else does anything. */
class LedgerMachineTest {
  private static final KeyPair FLEET = Ed25519.generate();
  private static final KeyPair ACME = Ed25519.generate();
  private static final UUID ID = UUID.randomUUID();
  private static final FleetSecret SECRET = FleetSecret.random();
  private static final Terms TERMS =
      new Terms(0, 1, Share.NETWORK, Terms.Policy.LEASE, 0, 60, 0, 0);
  private static final UUID VM = new UUID(0, 1);

  private final LedgerMachine machine = new LedgerMachine(fleet());
  private final Host ann = new Host("ann");
  private final Host bob = new Host("bob");
  private long index;

  private static LedgerMachine.Fleet fleet() {
    byte[] key = Ed25519.bytes(FLEET.getPublic());
    byte[] acme = Ed25519.bytes(ACME.getPublic());
    return new LedgerMachine.Fleet(
        ID, key, SECRET, issuer -> issuer.equals("acme") ? Optional.of(acme) : Optional.empty());
  }

  private static final class Host {
    final KeyPair keys = Ed25519.generate();
    final PublicKey publicKey =
        new PublicKey(HexFormat.of().formatHex(Ed25519.bytes(keys.getPublic())));
    final HostId id = Voucher.hostOf(publicKey);
    final UUID boot = UUID.randomUUID();
    final String user;
    long seq;

    Host(String user) {
      this.user = user;
    }

    Entry.FromHost says(Request body) {
      seq++;
      return new Entry.FromHost(1, id, boot, seq, 0, UUID.randomUUID(), body);
    }

    Signed signs(Request body) {
      return Signed.request(ID, says(body), keys.getPrivate());
    }

    Request.Hello hello(PrivateKey by) {
      Signature voucher = Voucher.sign(ID, publicKey, user, Set.of(), by);
      return new Request.Hello(publicKey, user, Set.of(), 0, voucher);
    }
  }

  private Verdict enter(Signed... all) {
    return answers(all).getFirst().verdict();
  }

  private List<Answer> answers(Signed... all) {
    return machine.apply(++index, new LogRecord(1_000, List.of(all)).bytes());
  }

  private static Request.Install install(Terms terms, Terms signed, PrivateKey by) {
    String line = LicenseKey.issue("acme", "team", "CAD", signed, true, Instant.EPOCH, by);
    return new Request.Install(SECRET.tag("team"), terms, SECRET.seal(line));
  }

  private static Request.Acquire ask(int vm) {
    return new Request.Acquire(new UUID(0, vm), SECRET.tag("team"), 1, Share.NETWORK, 1, 60, false);
  }

  private void begin() {
    assertEquals(GRANT, enter(ann.signs(ann.hello(FLEET.getPrivate()))));
    assertEquals(GRANT, enter(bob.signs(bob.hello(FLEET.getPrivate()))));
    assertEquals(GRANT, enter(ann.signs(install(TERMS, TERMS, ACME.getPrivate()))));
  }

  @Test
  void whatIsSignedIsDone() {
    begin();
    List<Answer> granted = answers(ann.signs(ask(1)));
    assertEquals(GRANT, granted.getFirst().verdict());
    assertEquals(DENY_FULL, enter(bob.signs(ask(2))));
    Request.Held held = new Request.Held(VM, granted.getFirst().fence());
    Signed forged = Signed.request(ID, bob.says(new Request.Renew(List.of())), ACME.getPrivate());
    List<Answer> renewed =
        answers(
            ann.signs(new Request.Renew(List.of(held))),
            forged,
            bob.signs(new Request.Renew(List.of(held))));
    assertThat(renewed).extracting(Answer::verdict).containsExactly(GRANT, DENY_FORGED, GRANT);
    assertThat(renewed).extracting(Answer::lost).containsExactly(List.of(), List.of(), List.of(VM));
  }

  @Test
  void aHostIsOnlyWhomTheFleetVouchesFor() {
    assertEquals(DENY_FORGED, enter(ann.signs(ann.hello(ann.keys.getPrivate()))));
    Request.Hello hello = ann.hello(FLEET.getPrivate());
    Request.Hello richer =
        new Request.Hello(hello.publicKey(), "root", Set.of(), 0, hello.voucher());
    assertEquals(DENY_FORGED, enter(ann.signs(richer)));
    assertEquals(DENY_FORGED, enter(bob.signs(hello))); // the key of another
    assertEquals(DENY_FORGED, enter(ann.signs(ask(1)))); // not known yet
    assertEquals(GRANT, enter(ann.signs(hello)));
    assertEquals(DENY_UNKNOWN_KEY, enter(ann.signs(ask(1))));
  }

  @Test
  void nobodySpeaksForAnother() {
    begin();
    assertEquals(DENY_FORGED, enter(Signed.request(ID, ann.says(ask(1)), bob.keys.getPrivate())));
    UUID other = UUID.randomUUID();
    assertEquals(
        DENY_FORGED, enter(Signed.request(other, ann.says(ask(1)), ann.keys.getPrivate())));
    Signed genuine = ann.signs(ask(1));
    Signed asVoter =
        new Signed(Signed.Role.VOTER, ID, ann.id, new Entry.Expire(VM, 1, 1), genuine.signature());
    assertEquals(DENY_FORGED, enter(asVoter));
    assertEquals(GRANT, enter(genuine));
  }

  @Test
  void aKeyIsWhatItsIssuerSigned() {
    begin();
    Terms more = new Terms(1, 100, Share.NETWORK, Terms.Policy.LEASE, 0, 60, 0, 0);
    assertEquals(DENY_FORGED, enter(ann.signs(install(more, TERMS, ACME.getPrivate()))));
    assertEquals(DENY_FORGED, enter(ann.signs(install(more, more, FLEET.getPrivate()))));
    Request.Install sealed = install(more, more, ACME.getPrivate());
    Request.Install other =
        new Request.Install(
            sealed.key(), more, new Sealed(sealed.sealed().hex().replaceFirst("..$", "00")));
    assertEquals(DENY_FORGED, enter(ann.signs(other)));
    Request.Install elsewhere = new Request.Install(SECRET.tag("other"), more, sealed.sealed());
    assertEquals(DENY_FORGED, enter(ann.signs(elsewhere)));
    assertEquals(1, machine.seats().usage(SECRET.tag("team")).capacity());
    assertEquals(GRANT, enter(ann.signs(sealed)));
    assertEquals(100, machine.seats().usage(SECRET.tag("team")).capacity());
  }

  @Test
  void onlyAVoterEndsLeasesAndOnlyAnOperatorTakesThem() {
    begin();
    long fence = answers(ann.signs(ask(1))).getFirst().fence();
    Entry expire = new Entry.Expire(VM, fence, fence);
    PrivateKey key = bob.keys.getPrivate();
    assertEquals(DENY_FORGED, enter(Signed.byVoter(ID, bob.id, expire, key)));
    Entry voters = new Entry.Voters(Set.of(bob.id));
    assertEquals(DENY_FORGED, enter(Signed.byVoter(ID, bob.id, voters, key)));
    assertEquals(DENY_FORGED, enter(Signed.byOperator(ID, voters, key)));
    assertEquals(GRANT, enter(Signed.byOperator(ID, voters, FLEET.getPrivate())));
    Entry reclaim = new Entry.Reclaim(VM, fence);
    assertEquals(DENY_FORGED, enter(Signed.byVoter(ID, bob.id, reclaim, key)));
    assertEquals(DENY_FORGED, enter(Signed.byVoter(ID, ann.id, expire, ann.keys.getPrivate())));
    assertEquals(GRANT, enter(Signed.byVoter(ID, bob.id, expire, key)));
  }

  @Test
  void aVoterDoesNotAskForOthers() {
    begin();
    assertEquals(
        GRANT, enter(Signed.byOperator(ID, new Entry.Voters(Set.of(bob.id)), FLEET.getPrivate())));
    Entry asks = ann.says(ask(1));
    assertEquals(DENY_FORGED, enter(Signed.byVoter(ID, bob.id, asks, bob.keys.getPrivate())));
    assertEquals(DENY_FORGED, enter(Signed.byOperator(ID, asks, FLEET.getPrivate())));
  }

  @Test
  void aSnapshotGoesOn() throws IOException {
    begin();
    answers(ann.signs(ask(1)));
    LedgerMachine other = new LedgerMachine(fleet());
    other.restore(machine.snapshot());
    byte[] next = new LogRecord(5, List.of(bob.signs(ask(2)))).bytes();
    index++;
    assertEquals(machine.apply(index, next), other.apply(index, next));
    assertThat(other.snapshot()).isEqualTo(machine.snapshot());
  }

  @Test
  void anyBytesAreAnswered() {
    begin();
    long seed = Long.getLong("mica.seed", System.nanoTime());
    Random random = new Random(seed);
    byte[] before = machine.snapshot();
    List<Verdict> seen = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      byte[] bytes = new LogRecord(1_000, List.of(bob.signs(ask(i)))).bytes();
      bytes[random.nextInt(8, bytes.length)] ^= (byte) (1 << random.nextInt(8));
      seen.add(machine.apply(++index, bytes).getFirst().verdict());
    }
    assertThat(seen).as("-Dmica.seed=%d", seed).containsOnly(DENY_FORGED);
    assertThat(machine.snapshot()).isEqualTo(before);
  }

  @Test
  void bytesHaveOneForm() throws IOException {
    Signed one = ann.signs(ask(1));
    assertEquals(one, Signed.of(one.bytes()));
    byte[] longer = Arrays.copyOf(one.bytes(), one.bytes().length + 1);
    assertThrows(IOException.class, () -> Signed.of(longer));
    assertThrows(IOException.class, () -> Signed.of(new byte[Signed.LONGEST + 1]));
    Signed two = Signed.byVoter(ID, ann.id, new Entry.Thaw(2), ann.keys.getPrivate());
    assertEquals(two, Signed.of(two.bytes()));
  }
}
