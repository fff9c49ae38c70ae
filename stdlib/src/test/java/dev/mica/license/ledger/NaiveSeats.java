package dev.mica.license.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The same seats, as simply as can be: lists that are looked through from the start, and every rule
 * written where it is asked for. Slow, and easy to believe.
 */
final class NaiveSeats {
  record Seat(UUID vm, KeyTag key, HostId host, int want, long fence, long renewed) {}

  record InPocket(KeyTag key, HostId host, int seats) {}

  record InQueue(KeyTag key, UUID vm, HostId host, int want, long turn) {}

  record Key(KeyTag tag, HostId home, Terms terms, boolean revoked) {}

  final List<NaiveMachine> machines = new ArrayList<>();
  final List<Key> keys = new ArrayList<>();
  final List<Seat> seats = new ArrayList<>();
  final List<InPocket> pockets = new ArrayList<>();
  final List<InQueue> queue = new ArrayList<>();
  Set<HostId> voters = Set.of();
  int epoch = 1;
  boolean frozen;
  long clock;
  long fence;

  List<Answer> apply(long at, long wall, Entry entry) {
    clock = Math.max(clock, wall);
    List<Answer> answers =
        switch (entry) {
          case Entry.Renewals many -> many.requests().stream().map(one -> answer(at, one)).toList();
          case Entry.FromHost one -> List.of(answer(at, one));
          default -> List.of(other(entry));
        };
    turns(at);
    return answers;
  }

  private Answer other(Entry entry) {
    return switch (entry) {
      case Entry.Expire(UUID vm, long itsFence, long renewed) ->
          end(seat ->
              seat.vm.equals(vm)
                  && seat.fence == itsFence
                  && seat.renewed == renewed
                  && theKey(seat.key).terms.policy() == Terms.Policy.LEASE);
      case Entry.Reclaim(UUID vm, long itsFence) ->
          end(seat -> seat.vm.equals(vm) && seat.fence == itsFence);
      case Entry.Pass(KeyTag tag, UUID vm, long turn) -> pass(tag, vm, turn);
      case Entry.ReclaimPocket(KeyTag tag, HostId host) -> reclaimPocket(tag, host);
      case Entry.Revoke(KeyTag tag) -> revoke(tag);
      case Entry.Thaw(int of) -> thaw(of);
      case Entry.NewEpoch(int next) -> newEpoch(next);
      case Entry.Unfreeze(HostId id, UUID boot) -> unfreeze(id, boot);
      case Entry.Remove(HostId id) -> remove(id);
      case Entry.Voters(Set<HostId> hosts) -> {
        voters = hosts;
        yield Answer.of(Verdict.GRANT);
      }
      case Entry.FromHost from -> throw new AssertionError(from);
      case Entry.Renewals many -> throw new AssertionError(many);
    };
  }

  private Answer end(Predicate<Seat> which) {
    for (Seat seat : seats) {
      if (which.test(seat)) {
        seats.remove(seat);
        return known(seat.key, Verdict.GRANT);
      }
    }
    return Answer.of(Verdict.DENY_NOT_HELD);
  }

  private Answer pass(KeyTag tag, UUID vm, long turn) {
    if (key(tag) == null) {
      return Answer.of(Verdict.DENY_UNKNOWN_KEY);
    }
    for (InQueue one : queue) {
      if (one.key.equals(tag) && one.vm.equals(vm) && one.turn == turn && turn != 0) {
        queue.remove(one);
        return known(tag, Verdict.GRANT);
      }
    }
    return known(tag, Verdict.DENY_NOT_HELD);
  }

  private Answer reclaimPocket(KeyTag tag, HostId host) {
    boolean had = pockets.removeIf(one -> one.key.equals(tag) && one.host.equals(host));
    return had ? known(tag, Verdict.GRANT) : Answer.of(Verdict.DENY_NOT_HELD);
  }

  private Answer revoke(KeyTag tag) {
    Key key = key(tag);
    if (key == null) {
      return Answer.of(Verdict.DENY_UNKNOWN_KEY);
    }
    keys.set(keys.indexOf(key), new Key(tag, key.home, key.terms, true));
    return known(tag, Verdict.GRANT);
  }

  private Answer thaw(int of) {
    boolean now = frozen && of == epoch;
    frozen = frozen && !now;
    return Answer.of(now ? Verdict.GRANT : Verdict.DENY_STALE);
  }

  private Answer newEpoch(int next) {
    if (next <= epoch) {
      return Answer.of(Verdict.DENY_STALE);
    }
    epoch = next;
    frozen = true;
    return Answer.of(Verdict.GRANT);
  }

  private Answer unfreeze(HostId id, UUID boot) {
    NaiveMachine machine = machine(id);
    if (machine == null) {
      return Answer.of(Verdict.DENY_UNKNOWN_HOST);
    }
    if (!machine.frozen) {
      return Answer.of(Verdict.DENY_NOT_HELD);
    }
    machine.frozen = false;
    if (!machine.boot.equals(boot)) {
      machine.past.remove(boot);
      machine.past.add(machine.boot);
      machine.boot = boot;
      machine.bootSeq = machine.highest();
    }
    return Answer.of(Verdict.GRANT);
  }

  private Answer remove(HostId id) {
    NaiveMachine machine = machine(id);
    if (machine == null || machine.gone) {
      return Answer.of(Verdict.DENY_UNKNOWN_HOST);
    }
    if (seats.stream().anyMatch(one -> one.host.equals(id))
        || pockets.stream().anyMatch(one -> one.host.equals(id))) {
      return Answer.of(Verdict.DENY_FULL);
    }
    queue.removeIf(one -> one.host.equals(id));
    machine.gone = true;
    return Answer.of(Verdict.GRANT);
  }

  private Answer answer(long at, Entry.FromHost request) {
    boolean hello = request.body() instanceof Request.Hello;
    NaiveMachine machine = machine(request.host());
    if (request.epoch() != epoch) {
      return Answer.of(Verdict.DENY_STALE);
    }
    if (!hello && (machine == null || machine.gone || machine.epoch != epoch)) {
      return Answer.of(Verdict.DENY_UNKNOWN_HOST);
    }
    if (machine == null) {
      machine = new NaiveMachine(request.host(), request.boot(), request.seq());
      machines.add(machine);
    }
    if (machine.frozen) {
      return Answer.of(Verdict.DENY_DUPLICATE_HOST);
    }
    if (machine.past.contains(request.boot())) {
      machine.frozen = request.seq() > machine.bootSeq;
      return Answer.of(machine.frozen ? Verdict.DENY_DUPLICATE_HOST : Verdict.DENY_STALE);
    }
    if (!machine.boot.equals(request.boot())) {
      if (!hello || request.seq() <= machine.highest()) {
        return Answer.of(Verdict.DENY_STALE);
      }
      machine.past.add(machine.boot);
      machine.boot = request.boot();
      machine.bootSeq = request.seq();
      seats.removeIf(seat -> seat.host.equals(request.host()));
      queue.removeIf(one -> one.host.equals(request.host()));
      turns(at);
    }
    if (request.seq() <= machine.floor) {
      return Answer.of(Verdict.DENY_STALE);
    }
    for (int i = machine.all.size() - 1; i >= 0; i--) {
      NaiveMachine.Answered before = machine.all.get(i);
      if (before.seq() == request.seq()) {
        machine.frozen = !before.id().equals(request.id());
        return machine.frozen ? Answer.of(Verdict.DENY_DUPLICATE_HOST) : before.answer();
      }
    }
    Answer answer = body(at, machine, request);
    turns(at);
    machine.all.add(new NaiveMachine.Answered(request.seq(), request.id(), answer));
    long highest = machine.highest();
    machine.floor =
        Math.max(machine.floor, Math.max(Math.min(request.settled(), highest), highest - 1024));
    long floor = machine.floor;
    machine.all.removeIf(one -> one.seq() <= floor);
    return answer;
  }

  private Answer body(long at, NaiveMachine machine, Entry.FromHost request) {
    return switch (request.body()) {
      case Request.Hello hello -> hello(machine, hello);
      case Request.Install install -> install(machine, request.host(), install);
      case Request.Acquire ask -> acquire(at, machine, request.host(), ask);
      case Request.Renew renew -> renew(at, request.host(), renew);
      case Request.Release(Request.Held held) ->
          end(seat ->
              seat.vm.equals(held.vm())
                  && seat.fence == held.fence()
                  && seat.host.equals(request.host()));
      case Request.Cancel cancel -> cancel(machine, request, request.host(), cancel);
      case Request.Unqueue(UUID vm, KeyTag tag) -> unqueue(request.host(), vm, tag);
      case Request.Pocket(KeyTag tag, int more, long until) ->
          pocket(at, machine, request.host(), tag, more, until);
      case Request.Unpocket(KeyTag tag, int less) -> unpocket(request.host(), tag, less);
    };
  }

  private Answer hello(NaiveMachine machine, Request.Hello hello) {
    machine.gone = false;
    machine.epoch = epoch;
    machine.user = hello.user();
    machine.groups = List.copyOf(hello.groups());
    fence = Math.max(fence, hello.fence());
    return Answer.of(Verdict.GRANT);
  }

  private Answer install(NaiveMachine machine, HostId host, Request.Install install) {
    Share share = install.terms().share();
    if (share.level() == Share.Level.GROUP && !machine.groups.contains(share.group())) {
      return Answer.of(Verdict.DENY_NOT_SHARABLE);
    }
    Key key = key(install.key());
    if (key == null) {
      keys.add(new Key(install.key(), host, install.terms(), false));
    } else if (!mayUse(key, machine)) {
      return Answer.of(Verdict.DENY_NOT_SHARABLE);
    } else if (install.terms().serial() > key.terms.serial()) {
      keys.set(keys.indexOf(key), new Key(key.tag, key.home, install.terms(), key.revoked));
    }
    return known(install.key(), Verdict.GRANT);
  }

  private Answer acquire(long at, NaiveMachine machine, HostId host, Request.Acquire ask) {
    Key key = key(ask.key());
    Verdict no = refusal(key, machine);
    if (no != Verdict.GRANT || key == null) {
      return Answer.of(no);
    }
    if (ask.seats() != key.terms.seats() || !ask.share().equals(key.terms.share())) {
      return Answer.of(Verdict.DENY_MISMATCH);
    }
    for (Seat seat : seats) {
      if (seat.vm.equals(ask.vm())) {
        if (!seat.host.equals(host) || !seat.key.equals(ask.key()) || seat.want != ask.want()) {
          return known(ask.key(), Verdict.DENY_VM_ELSEWHERE);
        }
        seats.remove(seat);
        return seat(at, host, ask);
      }
    }
    int before = 0;
    for (InQueue one : queue) {
      if (one.key.equals(ask.key())) {
        if (one.vm.equals(ask.vm())) {
          break;
        }
        before += one.want;
      }
    }
    if (used(ask.key()) + before + ask.want() <= key.terms.capacity()) {
      return seat(at, host, ask);
    }
    if (ask.queue()) {
      int place = position(ask.key(), ask.vm());
      if (place == 0) {
        queue.add(new InQueue(ask.key(), ask.vm(), host, ask.want(), 0));
      } else {
        queue.replaceAll(one ->
            one.key.equals(ask.key()) && one.vm.equals(ask.vm())
                ? new InQueue(one.key, one.vm, host, ask.want(), one.turn)
                : one);
      }
    }
    Answer full = known(ask.key(), Verdict.DENY_FULL);
    return new Answer(
        Verdict.DENY_FULL,
        0,
        0,
        full.used(),
        full.capacity(),
        position(ask.key(), ask.vm()),
        List.of());
  }

  private Answer renew(long at, HostId host, Request.Renew renew) {
    List<UUID> lost = new ArrayList<>();
    for (Request.Held held : renew.leases()) {
      boolean kept = false;
      for (int i = 0; i < seats.size(); i++) {
        Seat seat = seats.get(i);
        if (seat.vm.equals(held.vm())
            && seat.fence == held.fence()
            && seat.host.equals(host)
            && !theKey(seat.key).revoked) {
          seats.set(i, new Seat(seat.vm, seat.key, host, seat.want, seat.fence, at));
          kept = true;
        }
      }
      if (!kept) {
        lost.add(held.vm());
      }
    }
    return new Answer(Verdict.GRANT, 0, 0, 0, 0, 0, lost);
  }

  private Answer cancel(
      NaiveMachine machine, Entry.FromHost request, HostId host, Request.Cancel cancel) {
    if (cancel.seq() >= request.seq() || cancel.seq() <= machine.floor) {
      return Answer.of(Verdict.DENY_STALE);
    }
    NaiveMachine.Answered found = null;
    for (NaiveMachine.Answered one : machine.all) {
      found = one.seq() == cancel.seq() ? one : found;
    }
    if (found != null && !found.id().equals(cancel.request())) {
      machine.frozen = true;
      return Answer.of(Verdict.DENY_DUPLICATE_HOST);
    }
    machine.all.add(
        new NaiveMachine.Answered(cancel.seq(), cancel.request(), Answer.of(Verdict.DENY_STALE)));
    if (found != null && found.answer().fence() != 0) {
      for (Seat seat : seats) {
        if (seat.fence == found.answer().fence() && seat.host.equals(host)) {
          seats.remove(seat);
          return known(seat.key, Verdict.GRANT);
        }
      }
    }
    return Answer.of(Verdict.GRANT);
  }

  private Answer unqueue(HostId host, UUID vm, KeyTag tag) {
    if (key(tag) == null) {
      return Answer.of(Verdict.DENY_UNKNOWN_KEY);
    }
    boolean its =
        queue.removeIf(one -> one.key.equals(tag) && one.vm.equals(vm) && one.host.equals(host));
    return known(tag, its ? Verdict.GRANT : Verdict.DENY_NOT_HELD);
  }

  private Answer pocket(
      long at, NaiveMachine machine, HostId host, KeyTag tag, int more, long until) {
    Key key = key(tag);
    Verdict no = refusal(key, machine);
    if (no != Verdict.GRANT || key == null) {
      return Answer.of(no);
    }
    if (key.terms.offline() == 0 || until > clock + key.terms.offline()) {
      return known(tag, Verdict.DENY_NOT_SHARABLE);
    }
    int wanted = more;
    for (InQueue one : queue) {
      wanted += one.key.equals(tag) ? one.want : 0;
    }
    if (used(tag) + wanted > key.terms.capacity()) {
      return known(tag, Verdict.DENY_FULL);
    }
    pockets.add(new InPocket(tag, host, more));
    fence = Math.max(fence + 1, at);
    Answer now = known(tag, Verdict.GRANT);
    return new Answer(Verdict.GRANT, fence, 0, now.used(), now.capacity(), 0, List.of());
  }

  private Answer unpocket(HostId host, KeyTag tag, int less) {
    int has = 0;
    for (InPocket one : pockets) {
      has += one.key.equals(tag) && one.host.equals(host) ? one.seats : 0;
    }
    if (key(tag) == null || has < less) {
      return Answer.of(Verdict.DENY_NOT_HELD);
    }
    pockets.removeIf(one -> one.key.equals(tag) && one.host.equals(host));
    if (has > less) {
      pockets.add(new InPocket(tag, host, has - less));
    }
    return known(tag, Verdict.GRANT);
  }

  private Answer seat(long at, HostId host, Request.Acquire ask) {
    fence = Math.max(fence + 1, at);
    seats.add(new Seat(ask.vm(), ask.key(), host, ask.want(), fence, at));
    queue.removeIf(one -> one.key.equals(ask.key()) && one.vm.equals(ask.vm()));
    Answer now = known(ask.key(), Verdict.GRANT);
    int ttl = Math.min(ask.ttl(), theKey(ask.key()).terms.ttl());
    return new Answer(Verdict.GRANT, fence, ttl, now.used(), now.capacity(), 0, List.of());
  }

  private Verdict refusal(@Nullable Key key, NaiveMachine machine) {
    if (key == null) {
      return Verdict.DENY_UNKNOWN_KEY;
    }
    if (!mayUse(key, machine)) {
      return Verdict.DENY_NOT_SHARABLE;
    }
    if (key.revoked) {
      return Verdict.DENY_REVOKED;
    }
    if (key.terms.expires() > 0 && clock >= key.terms.expires()) {
      return Verdict.DENY_EXPIRED;
    }
    return frozen ? Verdict.DENY_FROZEN : Verdict.GRANT;
  }

  private boolean mayUse(Key key, NaiveMachine machine) {
    Share share = key.terms.share();
    if (share.level() == Share.Level.GROUP) {
      return machine.groups.contains(share.group());
    }
    if (share.level() == Share.Level.NETWORK || machine.id.equals(key.home)) {
      return true;
    }
    NaiveMachine home = machine(key.home);
    return share.level() == Share.Level.USER
        && !machine.user.isEmpty()
        && home != null
        && machine.user.equals(home.user);
  }

  /** Each VM that waits has a turn when there are seats for it and for all before it. */
  private void turns(long at) {
    for (Key key : keys) {
      int wanted = used(key.tag);
      for (int i = 0; i < queue.size(); i++) {
        InQueue one = queue.get(i);
        if (one.key.equals(key.tag)) {
          wanted += one.want;
          boolean its = wanted <= key.terms.capacity();
          long turn = its ? (one.turn == 0 ? at : one.turn) : 0;
          queue.set(i, new InQueue(one.key, one.vm, one.host, one.want, turn));
        }
      }
    }
  }

  private int position(KeyTag tag, UUID vm) {
    int place = 0;
    for (InQueue one : queue) {
      if (one.key.equals(tag)) {
        place++;
        if (one.vm.equals(vm)) {
          return place;
        }
      }
    }
    return 0;
  }

  private Answer known(KeyTag tag, Verdict verdict) {
    int capacity = theKey(tag).terms.capacity();
    return new Answer(verdict, 0, 0, used(tag), capacity, 0, List.of());
  }

  int used(KeyTag tag) {
    int used = 0;
    for (Seat seat : seats) {
      used += seat.key.equals(tag) ? seat.want : 0;
    }
    for (InPocket pocket : pockets) {
      used += pocket.key.equals(tag) ? pocket.seats : 0;
    }
    return used;
  }

  private Key theKey(KeyTag tag) {
    return Objects.requireNonNull(key(tag));
  }

  private @Nullable Key key(KeyTag tag) {
    return keys.stream().filter(key -> key.tag.equals(tag)).findFirst().orElse(null);
  }

  private @Nullable NaiveMachine machine(HostId id) {
    return machines.stream().filter(one -> one.id.equals(id)).findFirst().orElse(null);
  }
}
