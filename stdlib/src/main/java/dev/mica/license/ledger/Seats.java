package dev.mica.license.ledger;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The seats of a fleet. Each host that replays the log has the same, and each answer is decided by
 * the order of the log alone: of two requests for one last seat the earlier entry has it.
 *
 * <p>What holds after every entry: of each key, the seats of all leases and all pockets together
 * are no more than its capacity, unless a version of the key with fewer seats came after them; no
 * VM has two leases; and each fence is higher than those before. Time is nowhere in it but as what
 * entries carry.
 *
 * <p>An answer is given for the time at which its request was sent first: a lease that a host
 * learns of by asking again has lasted since then.
 *
 * <p>Of one thread.
 */
public final class Seats {
  final Leases leases = new Leases();
  final SortedMap<HostId, Host> hosts = new TreeMap<>();
  private Set<HostId> voters = Set.of();
  private int epoch = 1;
  private boolean frozen;
  private long index;
  private long wall;
  private long fence;

  /**
   * Does what the entry says.
   *
   * @param at its index in the log, higher than that of the entry before
   * @param clock the wall clock of who put it into the log, in seconds since 1970; one that was set
   *     back is not believed
   * @return an answer for each request in it, in their order; of an entry without requests, one
   */
  public List<Answer> apply(long at, long clock, Entry entry) {
    if (at <= index) {
      throw new IllegalArgumentException("entry " + at + " after entry " + index);
    }
    index = at;
    wall = Math.max(wall, clock);
    return switch (entry) {
      case Entry.Renewals many -> many.requests().stream().map(this::answer).toList();
      case Entry.FromHost request -> List.of(answer(request));
      case Entry.Expire expire -> List.of(expire(expire));
      case Entry.Pass pass -> List.of(pass(pass));
      case Entry.Thaw thaw -> List.of(thaw(thaw));
      case Entry.Revoke revoke -> List.of(revoke(revoke.key()));
      case Entry.Reclaim reclaim -> List.of(reclaim(reclaim));
      case Entry.ReclaimPocket reclaim -> List.of(reclaimPocket(reclaim));
      case Entry.Unfreeze unfreeze -> List.of(unfreeze(unfreeze));
      case Entry.Remove remove -> List.of(remove(remove.host()));
      case Entry.NewEpoch next -> List.of(newEpoch(next.epoch()));
      case Entry.Voters now -> {
        voters = now.hosts();
        yield List.of(Answer.of(Verdict.GRANT));
      }
    };
  }

  private Answer answer(Entry.FromHost request) {
    if (request.epoch() != epoch) {
      return Answer.of(Verdict.DENY_STALE);
    }
    Optional<Host> known = host(request);
    if (known.isEmpty()) {
      return Answer.of(Verdict.DENY_UNKNOWN_HOST);
    }
    Host host = known.get();
    Optional<Answer> settled = settled(host, request);
    if (settled.isPresent()) {
      return settled.get();
    }
    Answer answer = new Determination(this, host, request, index).made();
    host.answered(request.seq(), request.id(), answer);
    host.forget(request.settled());
    return answer;
  }

  /** The host, if it may ask: it has said hello in this epoch, or does now. */
  private Optional<Host> host(Entry.FromHost request) {
    Host host = hosts.get(request.host());
    if (!(request.body() instanceof Request.Hello hello)) {
      return Optional.ofNullable(host).filter(its -> !its.isGone() && its.epoch() == epoch);
    }
    if (host == null) {
      host = new Host(hello, request.boot(), request.seq(), epoch);
      hosts.put(request.host(), host);
    }
    return Optional.of(host);
  }

  /** The answer to a request that is not new, or not of the host that runs now. */
  private Optional<Answer> settled(Host host, Entry.FromHost request) {
    if (host.isFrozen()) {
      return Optional.of(Answer.of(Verdict.DENY_DUPLICATE_HOST));
    }
    if (!request.boot().equals(host.boot())) {
      return ofOtherBoot(host, request);
    }
    if (request.seq() <= host.floor()) {
      return Optional.of(Answer.of(Verdict.DENY_STALE));
    }
    return host.slot(request.seq())
        .map(slot -> slot.id().equals(request.id()) ? slot.answer() : duplicate(host));
  }

  /**
   * A host numbers its requests over all its boots. So one from an earlier boot with a number above
   * that of the hello which ended it was made after its end: by a clone.
   */
  private Optional<Answer> ofOtherBoot(Host host, Entry.FromHost request) {
    if (host.pastBoots.contains(request.boot())) {
      return Optional.of(
          request.seq() > host.bootSeq() ? duplicate(host) : Answer.of(Verdict.DENY_STALE));
    }
    if (request.body() instanceof Request.Hello && request.seq() > host.highest()) {
      host.reboot(request.boot(), request.seq());
      leases.endAll(request.host(), index);
      return Optional.empty();
    }
    return Optional.of(Answer.of(Verdict.DENY_STALE));
  }

  private static Answer duplicate(Host host) {
    host.freeze();
    return Answer.of(Verdict.DENY_DUPLICATE_HOST);
  }

  private Answer expire(Entry.Expire expire) {
    return leases
        .of(expire.vm())
        .filter(lease -> lease.fence() == expire.fence() && lease.renewed() == expire.renewed())
        .filter(lease -> policy(lease) == Terms.Policy.LEASE)
        .map(lease -> leases.end(lease, index))
        .orElse(Answer.of(Verdict.DENY_NOT_HELD));
  }

  private Terms.Policy policy(Lease lease) {
    return leases.key(lease.key()).orElseThrow().terms().policy();
  }

  private Answer pass(Entry.Pass pass) {
    Optional<KeySeats> known = leases.key(pass.key());
    if (known.isEmpty()) {
      return Answer.of(Verdict.DENY_UNKNOWN_KEY);
    }
    KeySeats key = known.get();
    boolean passed =
        pass.turn() != 0
            && key.queue.removeIf(
                waiting -> waiting.vm().equals(pass.vm()) && waiting.turn() == pass.turn());
    key.turns(index);
    return key.answer(passed ? Verdict.GRANT : Verdict.DENY_NOT_HELD);
  }

  private Answer thaw(Entry.Thaw thaw) {
    if (!frozen || thaw.epoch() != epoch) {
      return Answer.of(Verdict.DENY_STALE);
    }
    frozen = false;
    return Answer.of(Verdict.GRANT);
  }

  private Answer revoke(KeyTag tag) {
    Optional<KeySeats> known = leases.key(tag);
    known.ifPresent(KeySeats::revoke);
    return known.map(key -> key.answer(Verdict.GRANT)).orElse(Answer.of(Verdict.DENY_UNKNOWN_KEY));
  }

  private Answer reclaim(Entry.Reclaim reclaim) {
    return leases
        .of(reclaim.vm())
        .filter(lease -> lease.fence() == reclaim.fence())
        .map(lease -> leases.end(lease, index))
        .orElse(Answer.of(Verdict.DENY_NOT_HELD));
  }

  private Answer reclaimPocket(Entry.ReclaimPocket reclaim) {
    Optional<KeySeats> known =
        leases.key(reclaim.key()).filter(key -> key.pockets.remove(reclaim.host()) != null);
    known.ifPresent(key -> key.turns(index));
    return known.map(key -> key.answer(Verdict.GRANT)).orElse(Answer.of(Verdict.DENY_NOT_HELD));
  }

  private Answer unfreeze(Entry.Unfreeze unfreeze) {
    Host host = hosts.get(unfreeze.host());
    if (host == null) {
      return Answer.of(Verdict.DENY_UNKNOWN_HOST);
    }
    if (!host.isFrozen()) {
      return Answer.of(Verdict.DENY_NOT_HELD);
    }
    host.unfreeze(unfreeze.boot());
    return Answer.of(Verdict.GRANT);
  }

  private Answer remove(HostId id) {
    Host host = hosts.get(id);
    if (host == null || host.isGone()) {
      return Answer.of(Verdict.DENY_UNKNOWN_HOST);
    }
    boolean holds =
        leases.first(lease -> lease.host().equals(id)).isPresent()
            || leases.keys.values().stream().anyMatch(key -> key.pockets.containsKey(id));
    if (holds) {
      return Answer.of(Verdict.DENY_FULL);
    }
    leases.endAll(id, index);
    host.leave();
    return Answer.of(Verdict.GRANT);
  }

  private Answer newEpoch(int next) {
    if (next <= epoch) {
      return Answer.of(Verdict.DENY_STALE);
    }
    epoch = next;
    frozen = true;
    return Answer.of(Verdict.GRANT);
  }

  /** Counts the requests of a fleet that was recovered apart from those before. */
  public int epoch() {
    return epoch;
  }

  /** Whether nothing is given yet, after a recovery. */
  public boolean isFrozen() {
    return frozen;
  }

  /** The index of the last entry; 0 before the first. */
  public long index() {
    return index;
  }

  /** The latest wall clock of all entries, in seconds since 1970. */
  public long wall() {
    return wall;
  }

  /** The hosts that hold the log; none before the first entry that says so. */
  public Set<HostId> voters() {
    return voters;
  }

  /** The public key of a host that has said hello. */
  public Optional<PublicKey> publicKey(HostId id) {
    return Optional.ofNullable(hosts.get(id)).map(host -> host.hello().publicKey());
  }

  long fence() {
    return fence;
  }

  /** No ledger that was recovered knows all fences, but those who hold one do. */
  void sawFence(long seen) {
    fence = Math.max(fence, seen);
  }

  long nextFence() {
    fence = Math.max(fence + 1, index);
    return fence;
  }

  /** To whom a host belongs; empty for nobody. */
  String userOf(HostId id) {
    Host host = hosts.get(id);
    return host == null ? "" : host.user();
  }

  void restore(Set<HostId> voters, int epoch, boolean frozen, long index, long wall, long fence) {
    this.voters = voters;
    this.epoch = epoch;
    this.frozen = frozen;
    this.index = index;
    this.wall = wall;
    this.fence = fence;
  }

  /** All leases, by key and VM. */
  public List<Lease> leases() {
    return leases.keys.values().stream().flatMap(key -> key.leases.values().stream()).toList();
  }

  /** All who wait, by key and place. */
  public List<Waiting> queue(KeyTag tag) {
    return leases.key(tag).map(key -> List.copyOf(key.queue)).orElse(List.of());
  }

  /** How the seats of a key are that was installed. */
  public Usage usage(KeyTag tag) {
    KeySeats key = leases.key(tag).orElseThrow();
    int pocketed = key.pocketed();
    return new Usage(
        tag, key.used() - pocketed, pocketed, key.terms().capacity(), key.queue.size());
  }

  /** The keys that were installed, with the highest tag last. */
  public List<KeyTag> keys() {
    return leases.keys.keySet().stream().sorted(Comparator.naturalOrder()).toList();
  }
}
