package dev.mica.license.ledger;

import java.util.List;
import java.util.Set;
import java.util.UUID;

/** What a host asks of the ledger. */
public sealed interface Request {
  /** How many leases one message may renew, and how many groups a host may be in. */
  int MOST = 4096;

  /**
   * The first of a host, of each of its boots and in each epoch: with a new boot, all its earlier
   * leases are over.
   *
   * @param publicKey Ed25519, 32 bytes; its SHA-256 is the host's id
   * @param user to whom the host belongs; empty for nobody
   * @param fence the highest that the host has seen; what is given later has a higher one
   * @param voucher the fleet's signature of the key, the user and the groups
   */
  record Hello(PublicKey publicKey, String user, Set<String> groups, long fence, Signature voucher)
      implements Request {
    public Hello {
      groups = Set.copyOf(groups);
      requireFew(groups.size());
    }
  }

  /**
   * Makes a key known.
   *
   * @param terms what the key says, its signature checked
   * @param sealed the key itself, encrypted for the hosts of the fleet
   */
  record Install(KeyTag key, Terms terms, Sealed sealed) implements Request {}

  /**
   * The licence key message: a seat for a VM, please.
   *
   * @param seats what the host believes the key to have, which must be true
   * @param share what the host believes of the key, which must be true
   * @param want how many seats the VM takes
   * @param ttl how long the lease is to last, in seconds; the key may say less
   * @param queue whether the VM takes its place in the queue if there is no seat
   */
  record Acquire(UUID vm, KeyTag key, int seats, Share share, int want, int ttl, boolean queue)
      implements Request {
    public Acquire {
      if (want < 1 || want > Terms.MOST_SEATS || ttl < 1) {
        throw new IllegalArgumentException(want + " seats for " + ttl + " s");
      }
    }
  }

  /** A lease, as who holds it names it. */
  record Held(UUID vm, long fence) {}

  /** Makes leases last anew. */
  record Renew(List<Held> leases) implements Request {
    public Renew {
      leases = List.copyOf(leases);
      requireFew(leases.size());
    }
  }

  /** Gives a seat back. */
  record Release(Held lease) implements Request {}

  /**
   * Gives up a request to which there was no answer: if it was granted, the seat is free again; if
   * it comes later, it is refused.
   *
   * @param seq that of the request
   * @param request its id
   */
  record Cancel(long seq, UUID request) implements Request {}

  /** Gives up a VM's place in the queue. */
  record Unqueue(UUID vm, KeyTag key) implements Request {}

  /**
   * Moves seats to the host's pocket, where it gives them to its VMs without asking.
   *
   * @param seats how many more
   * @param until when the host stops to use them, in seconds since 1970
   */
  record Pocket(KeyTag key, int seats, long until) implements Request {
    public Pocket {
      if (seats < 1 || seats > Terms.MOST_SEATS || until < 0) {
        throw new IllegalArgumentException(seats + " seats until " + until);
      }
    }
  }

  /** Gives seats back from the pocket, which no VM uses any more. */
  record Unpocket(KeyTag key, int seats) implements Request {
    public Unpocket {
      if (seats < 1 || seats > Terms.MOST_SEATS) {
        throw new IllegalArgumentException(seats + " seats");
      }
    }
  }

  private static void requireFew(int number) {
    if (number > MOST) {
      throw new IllegalArgumentException(number + " are more than " + MOST);
    }
  }
}
