package dev.mica.license.ledger;

import java.util.List;
import java.util.UUID;

/**
 * What the ledger says to a request.
 *
 * @param fence of a seat that was given, the index of the entry that gave it: no two seats have the
 *     same, and a later one has a higher; else 0
 * @param ttl how long the lease lasts, in seconds, counted from when its request was sent; else 0
 * @param used how many seats of the key are taken, after this
 * @param capacity how many may be
 * @param place where the VM stands in the queue, from 1; 0 if it does not
 * @param lost of the VMs whose leases were to be renewed, those that hold none
 */
public record Answer(
    Verdict verdict, long fence, int ttl, int used, int capacity, int place, List<UUID> lost) {
  public Answer {
    lost = List.copyOf(lost);
  }

  /** One that says no more than its verdict. */
  public static Answer of(Verdict verdict) {
    return new Answer(verdict, 0, 0, 0, 0, 0, List.of());
  }
}
