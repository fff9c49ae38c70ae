package dev.mica.license.ledger;

/**
 * How the seats of a key are.
 *
 * @param leased how many VMs hold
 * @param pocketed how many were moved to hosts
 * @param capacity how many there are
 * @param waiting how many VMs wait for one
 */
public record Usage(KeyTag key, int leased, int pocketed, int capacity, int waiting) {
  public int used() {
    return leased + pocketed;
  }
}
