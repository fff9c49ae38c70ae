package dev.mica.container;

import dev.mica.failure.MicaException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A port of this host that leads to one of a container.
 *
 * @param address of this host, IPv4; {@code 0.0.0.0}: all
 * @param host the port there; 0: one that is free when the container starts
 * @param guest the port of the container
 * @param protocol {@code tcp} or {@code udp}
 */
public record Port(String address, int host, int guest, String protocol) {
  /** What people write: {@code [IP:][HOST:]GUEST[/tcp|udp]}. */
  private static final Pattern TEXT =
      Pattern.compile(
          "(?:(?<address>\\d{1,3}(?:\\.\\d{1,3}){3}):)?(?:(?<host>\\d{0,5}):)?(?<guest>\\d{1,5})"
              + "(?:/(?<protocol>tcp|udp))?",
          Pattern.CASE_INSENSITIVE);

  private static final String LOOPBACK = "127.0.0.1";
  private static final String TCP = "tcp";
  private static final String UDP = "udp";
  private static final int MOST = 65_535;
  private static final int MOST_OF_BYTE = 255;

  /** Fails if one of them is none. */
  public Port {
    String text = text(address, host, guest, protocol);
    for (String part : address.split("\\.", -1)) {
      if (!part.matches("\\d{1,3}") || Integer.parseInt(part) > MOST_OF_BYTE) {
        throw refuse(text, "'" + address + "' is no IPv4 address");
      }
    }
    if (guest < 1 || guest > MOST || host < 0 || host > MOST) {
      throw refuse(text, "a port is a number from 1 to 65535");
    }
    if (!protocol.equals(TCP) && !protocol.equals(UDP)) {
      throw refuse(text, "its protocol is tcp or udp");
    }
  }

  /** The one of that text; without an address of 127.0.0.1, without HOST a free one. */
  public static Port of(String text) {
    Matcher parts = TEXT.matcher(text.strip());
    if (!parts.matches()) {
      throw refuse(text, "it is written [IP:][HOST:]GUEST[/tcp|udp]");
    }
    String address = parts.group("address");
    String host = parts.group("host");
    String protocol = parts.group("protocol");
    return new Port(
        address == null ? LOOPBACK : address,
        host == null || host.isEmpty() ? 0 : Integer.parseInt(host),
        Integer.parseInt(parts.group("guest")),
        protocol == null ? TCP : protocol.toLowerCase(Locale.ROOT));
  }

  private static MicaException refuse(String text, String why) {
    return MicaException.usage("publish the port", text, why)
        .hint("write 8080:80, or 0.0.0.0:8080:80 for other hosts to reach it");
  }

  /** Whether it is UDP's rather than TCP's. */
  boolean isUdp() {
    return protocol.equals(UDP);
  }

  /** Whether only programs of this host reach it. */
  boolean isLoopbacks() {
    return address.startsWith("127.");
  }

  /** The same with a port of this host that was chosen. */
  Port at(int chosen) {
    return new Port(address, chosen, guest, protocol);
  }

  private static String text(String address, int host, int guest, String protocol) {
    return address + ":" + host + ":" + guest + "/" + protocol;
  }

  /** As {@link #of} reads it. */
  @Override
  public String toString() {
    return text(address, host, guest, protocol);
  }
}
