package dev.mica.license.ledger;

import java.util.UUID;

/**
 * A VM in the queue for a seat.
 *
 * @param want how many seats it takes
 * @param since the index of the entry with which it took its place
 * @param turn the index of the entry since which there are seats for it; 0 while there are none
 */
public record Waiting(UUID vm, HostId host, int want, long since, long turn) {
  Waiting withTurn(long index) {
    return new Waiting(vm, host, want, since, index);
  }
}
