package dev.mica.license.check;

import dev.mica.license.ledger.Entry;
import java.util.List;

/**
 * What a host of the ledger says it has applied, in its order.
 *
 * @param name of the host
 */
public record Replica(String name, List<Applied> log) {
  /**
   * One entry of it.
   *
   * @param clock what came with the entry, in seconds since 1970
   * @param state a digest of all that the host knows after it
   */
  public record Applied(long index, long clock, Entry entry, String state) {}
}
