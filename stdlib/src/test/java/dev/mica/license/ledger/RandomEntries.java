package dev.mica.license.ledger;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/**
 * A fleet's log at random: four hosts that ask for more seats than there are, that ask again, too
 * late, in another order, after a reboot, or as two at once; leaders that are late; operators.
 */
final class RandomEntries {
  private static final List<Share> SHARES =
      List.of(
          Share.NETWORK,
          Share.NETWORK,
          Share.NETWORK,
          Share.USER,
          Share.EXCLUSIVE,
          Share.group("blue"));

  private static final Signature NOBODY = new Signature("00".repeat(64));

  private final Random random;
  private final List<Machine> machines = new ArrayList<>();
  private final List<UUID> vms = new ArrayList<>();
  private final List<KeyTag> keys = new ArrayList<>();
  private final List<Entry.FromHost> sent = new ArrayList<>();

  /** On the way, overtaken by others. */
  private final List<Entry.FromHost> late = new ArrayList<>();

  private final List<Terms> terms = new ArrayList<>();
  private long clock = 1_000;
  private int epoch = 1;

  private static final class Machine {
    final HostId id;
    final Request.Hello hello;
    UUID boot;
    long seq;
    long settled;

    /** As far as it has been told. */
    boolean isKnown;

    boolean isFrozen;

    Machine(HostId id, Request.Hello hello, UUID boot) {
      this.id = id;
      this.hello = hello;
      this.boot = boot;
    }
  }

  RandomEntries(long seed) {
    random = new Random(seed);
    for (int i = 0; i < 4; i++) {
      PublicKey key = new PublicKey(String.format("%064x", i + 100));
      Set<String> groups = i % 2 == 0 ? Set.of("blue", "red") : Set.of("red");
      Request.Hello hello =
          new Request.Hello(key, i < 2 ? "ann" : i < 3 ? "bob" : "", groups, 0, NOBODY);
      machines.add(new Machine(new HostId(String.format("%064x", i)), hello, uuid()));
    }
    for (int i = 0; i < 9; i++) {
      vms.add(uuid());
    }
    for (int i = 0; i < 4; i++) {
      keys.add(new KeyTag(String.format("%064x", i + 50)));
      terms.add(terms(0));
    }
  }

  long clock() {
    clock += random.nextInt(40) - 10;
    return clock;
  }

  private UUID uuid() {
    return new UUID(random.nextLong(), random.nextLong());
  }

  private <T> T any(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  private boolean oneIn(int number) {
    return random.nextInt(number) == 0;
  }

  private Terms terms(long serial) {
    return new Terms(
        serial,
        1 + random.nextInt(4),
        any(SHARES),
        oneIn(4) ? Terms.Policy.STICKY : Terms.Policy.LEASE,
        oneIn(4) ? 50 : 0,
        60,
        oneIn(3) ? 0 : 500,
        oneIn(6) ? clock + random.nextInt(10_000) : 0);
  }

  /**
   * @param now what those who made the entries know, which may be late
   */
  Entry next(Seats now) {
    int what = random.nextInt(100);
    if (what < 70) {
      if (!late.isEmpty() && oneIn(12)) {
        return late.remove(random.nextInt(late.size()));
      }
      Entry.FromHost request = request(now);
      if (oneIn(15)) {
        late.add(request);
        return request(now);
      }
      return request;
    }
    if (what < 76 && !sent.isEmpty()) {
      return sent.get(sent.size() - 1 - random.nextInt(Math.min(sent.size(), 30)));
    }
    if (what < 88) {
      return ofLeader(now);
    }
    if (what < 94) {
      List<Entry.FromHost> many = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        many.add(numbered(any(machines), renew(now)));
      }
      return new Entry.Renewals(many);
    }
    return oneIn(9) ? ofOperator(now) : unfreeze();
  }

  private Entry ofLeader(Seats now) {
    if (oneIn(6)) {
      return new Entry.Thaw(epoch - random.nextInt(2));
    }
    if (oneIn(2)) {
      KeyTag key = any(keys);
      List<Waiting> queue = now.queue(key);
      Waiting one = queue.isEmpty() ? null : any(queue);
      return one == null
          ? new Entry.Pass(key, any(vms), random.nextInt(3))
          : new Entry.Pass(key, one.vm(), one.turn() - (oneIn(4) ? 1 : 0));
    }
    List<Lease> leases = now.leases();
    if (leases.isEmpty()) {
      return new Entry.Expire(any(vms), 1, 1);
    }
    Lease lease = any(leases);
    int late = oneIn(3) ? 1 : 0;
    return new Entry.Expire(lease.vm(), lease.fence(), lease.renewed() - late);
  }

  private Entry unfreeze() {
    Machine machine =
        machines.stream().filter(one -> one.isFrozen).findFirst().orElse(any(machines));
    machine.isFrozen = false;
    return new Entry.Unfreeze(machine.id, machine.boot);
  }

  private Entry ofOperator(Seats now) {
    List<Lease> leases = now.leases();
    Machine machine = any(machines);
    return switch (random.nextInt(7)) {
      case 0 ->
          oneIn(5) ? new Entry.Revoke(any(keys)) : new Entry.ReclaimPocket(any(keys), machine.id);
      case 1 -> new Entry.ReclaimPocket(any(keys), machine.id);
      case 2 -> new Entry.Remove(machine.id);
      case 3 -> {
        epoch += oneIn(3) ? 0 : 1;
        yield new Entry.NewEpoch(epoch);
      }
      case 4 -> new Entry.Unfreeze(machine.id, uuid());
      case 5 -> new Entry.Voters(new HashSet<>(List.of(machine.id, any(machines).id)));
      default ->
          leases.isEmpty()
              ? new Entry.Reclaim(any(vms), 3)
              : new Entry.Reclaim(any(leases).vm(), any(leases).fence());
    };
  }

  private Entry.FromHost request(Seats now) {
    Machine machine = any(machines);
    if (oneIn(90)) {
      UUID before = machine.boot;
      machine.boot = uuid();
      Entry.FromHost hello = numbered(machine, machine.hello);
      if (oneIn(5)) {
        machine.boot = before; // the clone goes on as if nothing were
      }
      return hello;
    }
    boolean hello = !machine.isKnown && !oneIn(4);
    return numbered(machine, hello ? machine.hello : body(now, machine));
  }

  private Request body(Seats now, Machine machine) {
    int what = random.nextInt(100);
    KeyTag key = any(keys);
    int which = keys.indexOf(key);
    if (what < 6) {
      return machine.hello;
    }
    if (what < 12) {
      if (oneIn(3)) {
        terms.set(which, terms(terms.get(which).serial() + random.nextInt(2)));
      }
      return new Request.Install(key, terms.get(which), new Sealed("ab"));
    }
    if (what < 60) {
      Terms believed = oneIn(30) ? terms(0) : terms.get(which);
      return new Request.Acquire(
          any(vms),
          key,
          believed.seats(),
          believed.share(),
          oneIn(6) ? 2 : 1,
          30 + random.nextInt(60),
          oneIn(2));
    }
    if (what < 70) {
      return renew(now);
    }
    if (what < 84) {
      List<Lease> leases = now.leases();
      Lease lease = leases.isEmpty() ? null : any(leases);
      return lease == null
          ? new Request.Unqueue(any(vms), key)
          : new Request.Release(new Request.Held(lease.vm(), lease.fence() - (oneIn(5) ? 1 : 0)));
    }
    if (what < 88 && !sent.isEmpty()) {
      Entry.FromHost old = sent.get(sent.size() - 1 - random.nextInt(Math.min(sent.size(), 12)));
      return new Request.Cancel(old.seq(), old.id());
    }
    if (what < 91) {
      return new Request.Unqueue(any(vms), key);
    }
    return what < 96
        ? new Request.Pocket(key, 1 + random.nextInt(2), clock + random.nextInt(700))
        : new Request.Unpocket(key, 1 + random.nextInt(2));
  }

  private Request.Renew renew(Seats now) {
    List<Request.Held> held = new ArrayList<>();
    for (Lease lease : now.leases()) {
      if (oneIn(2)) {
        held.add(new Request.Held(lease.vm(), lease.fence() - (oneIn(9) ? 1 : 0)));
      }
    }
    return new Request.Renew(held);
  }

  private Entry.FromHost numbered(Machine machine, Request body) {
    machine.seq += oneIn(20) ? 1 + random.nextInt(5) : 1;
    if (oneIn(500)) {
      machine.seq += 1_100;
    }
    if (oneIn(3)) {
      machine.settled = Math.max(machine.settled, machine.seq - 1 - random.nextInt(20));
    }
    long seq = machine.seq;
    if (oneIn(400)) {
      seq = Math.max(1, seq - random.nextInt(8)); // a clone's, with a number that is taken
    }
    return new Entry.FromHost(
        epoch - (oneIn(80) ? 1 : 0),
        machine.id,
        machine.boot,
        seq,
        Math.min(machine.settled, seq - 1),
        uuid(),
        body);
  }

  /** What a host does next depends on what it was told, and what is sent may come again. */
  void learn(Entry entry, List<Answer> answers) {
    if (entry instanceof Entry.NewEpoch) {
      machines.forEach(machine -> machine.isKnown = false);
    }
    if (entry instanceof Entry.FromHost request) {
      Machine asked =
          machines.stream().filter(one -> one.id.equals(request.host())).findFirst().orElseThrow();
      Verdict verdict = answers.getFirst().verdict();
      asked.isKnown =
          request.body() instanceof Request.Hello
              ? asked.isKnown || verdict == Verdict.GRANT
              : asked.isKnown && verdict != Verdict.DENY_UNKNOWN_HOST;
      asked.isFrozen |= verdict == Verdict.DENY_DUPLICATE_HOST;
      sent.add(request);
      if (sent.size() > 200) {
        sent.subList(0, 100).clear();
      }
    }
  }
}
