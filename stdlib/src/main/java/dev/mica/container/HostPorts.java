package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * The ports of this host that a container is to have: tried before anything is made for it. Who
 * carries them takes them later, and fails if somebody was faster.
 */
final class HostPorts {
  private HostPorts() {}

  /** The same, each free ones chosen; fails at the first that is taken. */
  static List<Port> choose(List<Port> ports) {
    List<NetworkChannel> held = new ArrayList<>();
    try {
      List<Port> chosen = new ArrayList<>();
      for (Port port : ports) {
        chosen.add(port.at(hold(port, held)));
      }
      return chosen;
    } finally {
      held.forEach(HostPorts::close);
    }
  }

  /** Until all are chosen, so that none is chosen twice. */
  private static int hold(Port port, List<NetworkChannel> held) {
    try {
      NetworkChannel channel =
          port.isUdp()
              ? DatagramChannel.open(StandardProtocolFamily.INET)
              : ServerSocketChannel.open(StandardProtocolFamily.INET);
      held.add(channel);
      if (!port.isUdp()) {
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      }
      channel.bind(new InetSocketAddress(InetAddress.ofLiteral(port.address()), port.host()));
      return ((InetSocketAddress) channel.getLocalAddress()).getPort();
    } catch (IOException taken) {
      throw MicaException.failed("publish the port", port, Why.of(taken))
          .hint("end the program that has it, or publish another port")
          .because(taken);
    }
  }

  private static void close(NetworkChannel channel) {
    try {
      channel.close();
    } catch (IOException broken) {
      throw MicaException.failed("let go of", channel, Why.of(broken)).because(broken);
    }
  }
}
