package dev.mica.license.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * What one request does.
 *
 * @param asked by whom; it is known to be of this epoch, and new
 * @param at the index of its entry
 */
record Determination(Seats seats, Host host, Entry.FromHost asked, long at) {
  private static final UUID NOBODY = new UUID(0, 0);

  Answer made() {
    return switch (asked.body()) {
      case Request.Hello hello -> hello(hello);
      case Request.Install install -> install(install);
      case Request.Acquire acquire -> ifMay(acquire.key(), key -> acquire(key, acquire));
      case Request.Renew renew -> renew(renew);
      case Request.Release release ->
          leases()
              .held(asked.host(), release.lease())
              .map(lease -> leases().end(lease, at))
              .orElse(Answer.of(Verdict.DENY_NOT_HELD));
      case Request.Cancel cancel -> cancel(cancel);
      case Request.Unqueue unqueue -> unqueue(unqueue);
      case Request.Pocket pocket -> ifMay(pocket.key(), key -> pocket(key, pocket));
      case Request.Unpocket unpocket -> unpocket(unpocket);
    };
  }

  private Leases leases() {
    return seats.leases;
  }

  private Answer hello(Request.Hello hello) {
    host.says(hello, seats.epoch());
    seats.sawFence(hello.fence());
    return Answer.of(Verdict.GRANT);
  }

  private Answer install(Request.Install install) {
    Share share = install.terms().share();
    if (share.level() == Share.Level.GROUP && !host.groups().contains(share.group())) {
      return Answer.of(Verdict.DENY_NOT_SHARABLE);
    }
    KeySeats key =
        leases()
            .keys
            .computeIfAbsent(
                install.key(),
                tag -> new KeySeats(asked.host(), install.terms(), install.sealed()));
    if (!admits(key)) {
      return Answer.of(Verdict.DENY_NOT_SHARABLE);
    }
    key.replace(install.terms(), install.sealed());
    key.turns(at);
    return key.answer(Verdict.GRANT);
  }

  private boolean admits(KeySeats key) {
    return key.terms()
        .share()
        .admits(asked.host(), host.user(), host.groups(), key.home, seats.userOf(key.home));
  }

  /** Why the host gets no seat of that key, however many there are. */
  private Optional<Verdict> refusal(KeySeats key) {
    if (!admits(key)) {
      return Optional.of(Verdict.DENY_NOT_SHARABLE);
    }
    if (key.isRevoked()) {
      return Optional.of(Verdict.DENY_REVOKED);
    }
    if (key.terms().expires() != 0 && seats.wall() >= key.terms().expires()) {
      return Optional.of(Verdict.DENY_EXPIRED);
    }
    return seats.isFrozen() ? Optional.of(Verdict.DENY_FROZEN) : Optional.empty();
  }

  /** What {@code then} says of the key, if it is known and the host may have seats of it. */
  private Answer ifMay(KeyTag tag, Function<KeySeats, Answer> then) {
    Optional<KeySeats> key = leases().key(tag);
    return key.flatMap(this::refusal)
        .map(Answer::of)
        .or(() -> key.map(then))
        .orElse(Answer.of(Verdict.DENY_UNKNOWN_KEY));
  }

  private Answer acquire(KeySeats key, Request.Acquire acquire) {
    if (acquire.seats() != key.terms().seats() || !acquire.share().equals(key.terms().share())) {
      return Answer.of(Verdict.DENY_MISMATCH);
    }
    Optional<Lease> has = leases().of(acquire.vm());
    if (has.isPresent()) {
      return isAgain(acquire, has.get())
          ? grant(key, acquire)
          : key.answer(Verdict.DENY_VM_ELSEWHERE);
    }
    if (key.hasFor(acquire.vm(), acquire.want())) {
      return grant(key, acquire);
    }
    if (acquire.queue()) {
      key.enqueue(acquire.vm(), asked.host(), acquire.want(), at);
      key.turns(at);
    }
    return full(key, acquire.vm());
  }

  /** A VM that has a seat gets it again, with a new fence: its host has forgotten the old one. */
  private boolean isAgain(Request.Acquire acquire, Lease lease) {
    return lease.host().equals(asked.host())
        && lease.key().equals(acquire.key())
        && lease.want() == acquire.want();
  }

  private Answer grant(KeySeats key, Request.Acquire acquire) {
    int ttl = Math.min(acquire.ttl(), key.terms().ttl());
    long fence = seats.nextFence();
    leases()
        .put(
            key,
            new Lease(
                acquire.vm(),
                acquire.key(),
                asked.host(),
                asked.boot(),
                acquire.want(),
                fence,
                at,
                ttl));
    key.queue.removeIf(waiting -> waiting.vm().equals(acquire.vm()));
    key.turns(at);
    return new Answer(Verdict.GRANT, fence, ttl, key.used(), key.terms().capacity(), 0, List.of());
  }

  private static Answer full(KeySeats key, UUID vm) {
    return new Answer(
        Verdict.DENY_FULL, 0, 0, key.used(), key.terms().capacity(), key.place(vm), List.of());
  }

  private Answer renew(Request.Renew renew) {
    List<UUID> lost = new ArrayList<>();
    for (Request.Held held : renew.leases()) {
      Optional<Lease> lease = leases().held(asked.host(), held);
      Optional<KeySeats> key = lease.flatMap(its -> leases().key(its.key()));
      if (lease.isPresent() && key.isPresent() && !key.get().isRevoked()) {
        leases().put(key.get(), lease.get().renewedBy(at));
      } else {
        lost.add(held.vm());
      }
    }
    return new Answer(Verdict.GRANT, 0, 0, 0, 0, 0, lost);
  }

  private Answer cancel(Request.Cancel cancel) {
    if (cancel.seq() >= asked.seq() || cancel.seq() <= host.floor()) {
      return Answer.of(Verdict.DENY_STALE);
    }
    Optional<Host.Slot> slot = host.slot(cancel.seq());
    if (slot.isPresent() && !slot.get().id().equals(cancel.request())) {
      host.freeze();
      return Answer.of(Verdict.DENY_DUPLICATE_HOST);
    }
    host.answered(cancel.seq(), cancel.request(), Answer.of(Verdict.DENY_STALE));
    long fence = slot.map(given -> given.answer().fence()).orElse(0L);
    return leases()
        .first(lease -> lease.fence() == fence && lease.host().equals(asked.host()))
        .map(lease -> leases().end(lease, at))
        .orElse(Answer.of(Verdict.GRANT));
  }

  private Answer unqueue(Request.Unqueue unqueue) {
    Optional<KeySeats> known = leases().key(unqueue.key());
    if (known.isEmpty()) {
      return Answer.of(Verdict.DENY_UNKNOWN_KEY);
    }
    KeySeats key = known.get();
    boolean its =
        key.queue.removeIf(
            waiting -> waiting.vm().equals(unqueue.vm()) && waiting.host().equals(asked.host()));
    key.turns(at);
    return key.answer(its ? Verdict.GRANT : Verdict.DENY_NOT_HELD);
  }

  private Answer pocket(KeySeats key, Request.Pocket wanted) {
    int offline = key.terms().offline();
    if (offline == 0 || wanted.until() - seats.wall() > offline) {
      return key.answer(Verdict.DENY_NOT_SHARABLE);
    }
    if (!key.hasForNobody(wanted.seats())) {
      return full(key, NOBODY);
    }
    key.pockets.merge(
        asked.host(),
        new Pocket(wanted.seats(), wanted.until()),
        (old, more) -> new Pocket(old.seats() + more.seats(), more.until()));
    key.turns(at);
    return new Answer(
        Verdict.GRANT, seats.nextFence(), 0, key.used(), key.terms().capacity(), 0, List.of());
  }

  private Answer unpocket(Request.Unpocket less) {
    Optional<KeySeats> known = leases().key(less.key());
    Optional<Pocket> pocket =
        known.flatMap(key -> Optional.ofNullable(key.pockets.get(asked.host())));
    if (known.isEmpty() || pocket.isEmpty() || pocket.get().seats() < less.seats()) {
      return Answer.of(Verdict.DENY_NOT_HELD);
    }
    KeySeats key = known.get();
    int left = pocket.get().seats() - less.seats();
    if (left == 0) {
      key.pockets.remove(asked.host());
    } else {
      key.pockets.put(asked.host(), new Pocket(left, pocket.get().until()));
    }
    key.turns(at);
    return key.answer(Verdict.GRANT);
  }
}
