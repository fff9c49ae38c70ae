package dev.mica.license.ledger;

import java.util.UUID;

/**
 * A seat that a VM holds.
 *
 * @param want how many seats of the key it takes
 * @param fence the index of the entry that gave it
 * @param renewed the index of the entry that renewed it last, or gave it
 * @param ttl how long it lasts from then on, in seconds
 */
public record Lease(
    UUID vm, KeyTag key, HostId host, UUID boot, int want, long fence, long renewed, int ttl) {
  Lease renewedBy(long index) {
    return new Lease(vm, key, host, boot, want, fence, index, ttl);
  }
}
