package dev.mica.vm.network;

import java.util.List;

/**
 * What a guest's network card leads to. The guest has always the same address in a network of its
 * own, whichever way it is carried.
 *
 * @param outward whether the guest can begin connections in this host's network
 * @param resolves whether {@link #RESOLVER} answers with this host's resolver
 * @param forwards the ports of this host that lead to the guest
 */
public record Link(boolean outward, boolean resolves, List<Forward> forwards) {
  /** The guest's address. */
  public static final String ADDRESS = "10.0.2.15";

  /** How many bits of that are the network's. */
  public static final int PREFIX = 24;

  /** Who passes on what the guest sends elsewhere. */
  public static final String GATEWAY = "10.0.2.2";

  /** Where the guest finds a name server that is none but this host's own. */
  public static final String RESOLVER = "10.0.2.3";

  /** Copies the list. */
  public Link {
    forwards = List.copyOf(forwards);
  }
}
