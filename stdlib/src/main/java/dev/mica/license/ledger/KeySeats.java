package dev.mica.license.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** The seats of one key: who has them, and who waits. */
final class KeySeats {
  /** The host that installed the key. */
  final HostId home;

  final SortedMap<UUID, Lease> leases = new TreeMap<>();
  final SortedMap<HostId, Pocket> pockets = new TreeMap<>();
  final List<Waiting> queue = new ArrayList<>();
  private Terms terms;
  private Sealed sealed;
  private boolean revoked;

  KeySeats(HostId home, Terms terms, Sealed sealed) {
    this.home = home;
    this.terms = terms;
    this.sealed = sealed;
  }

  Terms terms() {
    return terms;
  }

  Sealed sealed() {
    return sealed;
  }

  boolean isRevoked() {
    return revoked;
  }

  void revoke() {
    revoked = true;
  }

  /** A later version of the key holds; an earlier one changes nothing. */
  void replace(Terms later, Sealed itself) {
    if (later.serial() > terms.serial()) {
      terms = later;
      sealed = itself;
    }
  }

  /** How many seats are taken: by leases and in pockets. */
  int used() {
    return leases.values().stream().mapToInt(Lease::want).sum() + pocketed();
  }

  int pocketed() {
    return pockets.values().stream().mapToInt(Pocket::seats).sum();
  }

  /** Negative after a version of the key that has fewer seats. */
  private int free() {
    return terms.capacity() - used();
  }

  /** Whether there are so many seats for a VM, and none is kept for those who wait before it. */
  boolean hasFor(UUID vm, int want) {
    long ahead = 0;
    for (Waiting waiting : queue) {
      if (waiting.vm().equals(vm)) {
        break;
      }
      ahead += waiting.want();
    }
    return free() - ahead >= want;
  }

  /** Whether there are so many seats for which nobody waits. */
  boolean hasForNobody(int want) {
    return free() - queue.stream().mapToLong(Waiting::want).sum() >= want;
  }

  /** Its place in the queue, from 1; 0 if it does not wait. */
  int place(UUID vm) {
    for (int i = 0; i < queue.size(); i++) {
      if (queue.get(i).vm().equals(vm)) {
        return i + 1;
      }
    }
    return 0;
  }

  /** A VM that waits keeps its place. */
  void enqueue(UUID vm, HostId host, int want, long index) {
    int place = place(vm);
    if (place == 0) {
      queue.add(new Waiting(vm, host, want, index, 0));
    } else {
      Waiting before = queue.get(place - 1);
      queue.set(place - 1, new Waiting(vm, host, want, before.since(), before.turn()));
    }
  }

  /**
   * Begins and ends the turns of those who wait, after anything that changed the seats. Nobody
   * overtakes: who wants one seat waits behind who wants two.
   */
  void turns(long index) {
    long left = free();
    for (int i = 0; i < queue.size(); i++) {
      Waiting waiting = queue.get(i);
      left -= waiting.want();
      if (left < 0 && waiting.turn() != 0) {
        queue.set(i, waiting.withTurn(0));
      } else if (left >= 0 && waiting.turn() == 0) {
        queue.set(i, waiting.withTurn(index));
      }
    }
  }

  /** An answer that says no more than how the seats are. */
  Answer answer(Verdict verdict) {
    return new Answer(verdict, 0, 0, used(), terms.capacity(), 0, List.of());
  }
}
