package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.network.Link;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files by which a container's programs find names: {@code /etc/hosts}, {@code /etc/hostname},
 * and with a network {@code /etc/resolv.conf}. They are mounted over what its root has, and so in
 * no layer.
 */
final class NameFiles {
  static final String HOSTS = "hosts";
  static final String HOSTNAME = "hostname";
  static final String RESOLV_CONF = "resolv.conf";

  private static final Path HOST_RESOLV_CONF = Path.of("/etc/resolv.conf");
  private static final String IPV4 = "\\d{1,3}(\\.\\d{1,3}){3}";

  private NameFiles() {}

  /** Their contents, by their names in {@code /etc}. */
  static Map<String, byte[]> of(VmRecord vm) {
    Map<String, byte[]> files = new TreeMap<>();
    String address = vm.network().hasCard() ? Link.ADDRESS : "127.0.0.1";
    files.put(
        HOSTS,
        bytes(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                + address
                + "\t"
                + vm.name()
                + "\n"));
    files.put(HOSTNAME, bytes(vm.name() + "\n"));
    if (vm.network().outward()) {
      files.put(RESOLV_CONF, bytes(resolvConf(hostsOwn())));
    }
    return files;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Whether the container has to ask this host's own name server. */
  static boolean needsResolver() {
    return servers(hostsOwn()).isEmpty();
  }

  /** This host's, with the name servers that a container can reach. */
  static String resolvConf(List<String> own) {
    List<String> lines = new ArrayList<>();
    List<String> servers = servers(own);
    for (String server : servers.isEmpty() ? List.of(Link.RESOLVER) : servers) {
      lines.add("nameserver " + server);
    }
    own.stream().filter(line -> line.matches("(search|domain|options)\\s.*")).forEach(lines::add);
    return String.join("\n", lines) + "\n";
  }

  /** Those of IPv4 that are not on this host. */
  private static List<String> servers(List<String> own) {
    return own.stream()
        .map(line -> line.split("\\s+"))
        .filter(words -> words.length > 1 && words[0].equals("nameserver"))
        .map(words -> words[1])
        .filter(server -> server.matches(IPV4) && !isHere(InetAddress.ofLiteral(server)))
        .toList();
  }

  private static boolean isHere(InetAddress server) {
    try {
      return server.isLoopbackAddress()
          || server.isAnyLocalAddress()
          || NetworkInterface.getByInetAddress(server) != null;
    } catch (IOException broken) {
      throw MicaException.failed("look for the address", server, Why.of(broken)).because(broken);
    }
  }

  private static List<String> hostsOwn() {
    try {
      return Files.readString(HOST_RESOLV_CONF, StandardCharsets.ISO_8859_1)
          .lines()
          .map(String::strip)
          .toList();
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException broken) {
      throw MicaException.failed("read", HOST_RESOLV_CONF, Why.of(broken)).because(broken);
    }
  }
}
