package dev.mica.license.ledger;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;

/** All keys with their seats. A VM has one lease, whatever key it is of. */
final class Leases {
  final SortedMap<KeyTag, KeySeats> keys = new TreeMap<>();
  private final SortedMap<UUID, KeySeats> keyOf = new TreeMap<>();

  Optional<KeySeats> key(KeyTag tag) {
    return Optional.ofNullable(keys.get(tag));
  }

  Optional<Lease> of(UUID vm) {
    return Optional.ofNullable(keyOf.get(vm)).map(key -> key.leases.get(vm));
  }

  /** The lease that {@code host} calls so, if it has it. */
  Optional<Lease> held(HostId host, Request.Held held) {
    return of(held.vm())
        .filter(lease -> lease.host().equals(host) && lease.fence() == held.fence());
  }

  Optional<Lease> first(Predicate<Lease> which) {
    return keys.values().stream()
        .flatMap(key -> key.leases.values().stream())
        .filter(which)
        .findFirst();
  }

  /** Instead of the one that the VM had. */
  void put(KeySeats key, Lease lease) {
    key.leases.put(lease.vm(), lease);
    keyOf.put(lease.vm(), key);
  }

  /** Its seat is free; what is known of the key then. */
  Answer end(Lease lease, long index) {
    KeySeats key = keys.get(lease.key());
    if (key == null) {
      throw new IllegalStateException("a lease of no key: " + lease);
    }
    key.leases.remove(lease.vm());
    keyOf.remove(lease.vm());
    key.turns(index);
    return key.answer(Verdict.GRANT);
  }

  /** Pockets stay: whether VMs use them is not known here. */
  void endAll(HostId host, long index) {
    for (KeySeats key : keys.values()) {
      key.queue.removeIf(waiting -> waiting.host().equals(host));
      List<Lease> its =
          key.leases.values().stream().filter(lease -> lease.host().equals(host)).toList();
      its.forEach(lease -> end(lease, index));
      key.turns(index);
    }
  }
}
