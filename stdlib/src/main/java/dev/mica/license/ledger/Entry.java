package dev.mica.license.ledger;

import java.util.List;
import java.util.Set;
import java.util.UUID;

/** What the log holds. Who made one has been checked before it is applied. */
public sealed interface Entry {
  /**
   * A request, with its host's name on it.
   *
   * @param epoch of the fleet, as the host knows it
   * @param boot the host's running kernel
   * @param seq each request of a host has a higher one, over all its boots; from 1
   * @param settled the host has the answers to all its requests up to this
   * @param id a random one; a request that is sent again keeps it
   */
  record FromHost(int epoch, HostId host, UUID boot, long seq, long settled, UUID id, Request body)
      implements Entry {
    public FromHost {
      if (seq < 1 || settled < 0 || settled >= seq) {
        throw new IllegalArgumentException("request " + seq + " with all settled up to " + settled);
      }
    }
  }

  /** Renewals of many hosts, together; each is answered. */
  record Renewals(List<FromHost> requests) implements Entry {
    public Renewals {
      requests = List.copyOf(requests);
      if (requests.size() > Request.MOST
          || !requests.stream().allMatch(one -> one.body() instanceof Request.Renew)) {
        throw new IllegalArgumentException(requests.size() + " requests, not only renewals");
      }
    }
  }

  /**
   * The leader has waited for as long as the lease lasts: it is over, unless it was renewed since.
   *
   * @param renewed the index of the entry that renewed it last, as the leader knew it
   */
  record Expire(UUID vm, long fence, long renewed) implements Entry {}

  /**
   * A VM whose turn it was did not take its seat: it loses its place, unless its turn ended since.
   *
   * @param turn the index of the entry with which its turn began
   */
  record Pass(KeyTag key, UUID vm, long turn) implements Entry {}

  /** Nothing from before the recovery to this epoch runs any more. */
  record Thaw(int epoch) implements Entry {}

  /** An operator's: no VM gets a seat of that key, and no lease of it is renewed. */
  record Revoke(KeyTag key) implements Entry {}

  /** An operator's: that lease is over, whatever its policy. */
  record Reclaim(UUID vm, long fence) implements Entry {}

  /** An operator's: the host will not use its pocket any more. */
  record ReclaimPocket(KeyTag key, HostId host) implements Entry {}

  /** An operator's: of two hosts with one identity, the one with that boot is the one. */
  record Unfreeze(HostId host, UUID boot) implements Entry {}

  /** An operator's: the host is no more; it has given back all seats. */
  record Remove(HostId host) implements Entry {}

  /**
   * An operator's: after the loss of a majority, a ledger that is perhaps not the latest goes on.
   * Requests of the old epoch are refused, and nothing is given until the {@link Thaw}.
   */
  record NewEpoch(int epoch) implements Entry {}

  /** A voter's or an operator's: these hosts hold the log, and one of them leads. */
  record Voters(Set<HostId> hosts) implements Entry {
    public Voters {
      hosts = Set.copyOf(hosts);
      if (hosts.isEmpty() || hosts.size() > 9) {
        throw new IllegalArgumentException(hosts.size() + " voters");
      }
    }
  }
}
