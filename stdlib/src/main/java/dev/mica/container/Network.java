package dev.mica.container;

import dev.mica.failure.MicaException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a container can reach, and what reaches it.
 *
 * @param outward whether its programs can begin connections to other hosts
 * @param ports of this host that lead to it
 */
public record Network(boolean outward, List<Port> ports) {
  /** No other network than its own loopback. */
  public static final Network NONE = new Network(false, List.of());

  private static final String OUTWARD = "user";
  private static final String ALONE = "none";
  private static final int MOST_PORTS = 64;

  /** Copies the list. */
  public Network {
    ports = List.copyOf(ports);
  }

  /** The one that people call {@code none} or {@code user}, with these ports. */
  public static Network of(String mode, List<Port> ports) {
    if (!mode.equals(ALONE) && !mode.equals(OUTWARD)) {
      throw MicaException.usage("give a VM the network", mode, "there is none of that name")
          .hint("name one of " + ALONE + ", " + OUTWARD);
    }
    return new Network(mode.equals(OUTWARD), ports);
  }

  /** The same for another VM beside it: the ports of this host are others, that are free. */
  Network withFreePorts() {
    return new Network(
        outward,
        ports.stream()
            .map(port -> new Port(port.address(), 0, port.guest(), port.protocol()))
            .toList());
  }

  /** What people call it. */
  String mode() {
    return outward ? OUTWARD : ALONE;
  }

  /** Whether it has a card at all. */
  boolean hasCard() {
    return outward || !ports.isEmpty();
  }

  /** Fails if there can be no such network. */
  void requireSound(String name) {
    if (ports.size() > MOST_PORTS) {
      throw MicaException.usage(
          "create the VM", name, "it can publish " + MOST_PORTS + " ports, not " + ports.size());
    }
    Set<String> taken = new HashSet<>();
    for (Port port : ports) {
      if (port.isUdp() && !outward) {
        throw MicaException.usage("publish the port", port, "without a network it is TCP's only")
            .hint("give it a network: --net user");
      }
      if (port.isLoopbacks() && port.isUdp()) {
        throw MicaException.usage(
                "publish the port",
                port,
                "passt loses UDP's answers to this host's loopback interface")
            .hint(
                "name another address, as in 0.0.0.0:"
                    + port.guest()
                    + ":"
                    + port.guest()
                    + "/udp");
      }
      if (port.host() != 0 && !taken.add(port.host() + "/" + port.protocol())) {
        throw MicaException.usage("publish the port", port, "it is published twice");
      }
    }
  }
}
