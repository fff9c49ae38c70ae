package dev.mica.user;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The addresses that {@code from="…"} of a key names: addresses, networks as {@code 10.0.0.0/8},
 * and IPv4 addresses with {@code *} and {@code ?}, each perhaps behind a {@code !}. As in OpenSSH
 * one must match, and none that is negated may match. A host's name is refused, because whoever
 * answers for its address would decide who may log in.
 */
final class Addresses {
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern IPV4_PATTERN = Pattern.compile("[0-9.*?]+");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  private record One(boolean negated, Predicate<InetAddress> fits) {}

  private final List<One> all = new ArrayList<>();

  /** Reads such a list; fails with an IllegalArgumentException if {@code list} is none. */
  static Addresses of(String list) {
    Addresses addresses = new Addresses();
    for (String text : list.split(",", -1)) {
      boolean negated = text.startsWith("!");
      addresses.all.add(new One(negated, parse(negated ? text.substring(1) : text)));
    }
    return addresses;
  }

  /**
   * Reads the list of a certificate, in which there are only addresses and networks; fails with an
   * IllegalArgumentException if {@code list} is none.
   */
  static Addresses ofCertificate(String list) {
    if (!list.matches("[0-9a-fA-F:.,/]+")) {
      throw new IllegalArgumentException("its source-address is no list of addresses");
    }
    try {
      return of(list);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException("its source-address is no list of addresses", wrong);
    }
  }

  boolean have(InetAddress address) {
    return all.stream().anyMatch(one -> !one.negated && one.fits.test(address))
        && all.stream().noneMatch(one -> one.negated && one.fits.test(address));
  }

  private static Predicate<InetAddress> parse(String text) {
    int slash = text.indexOf('/');
    if (slash >= 0) {
      return network(text, literal(text.substring(0, slash)), text.substring(slash + 1));
    }
    if (IPV4.matcher(text).matches() || IPV6.matcher(text).matches()) {
      return literal(text)::equals;
    }
    if (!IPV4_PATTERN.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "from= takes addresses and networks, and '" + text + "' is neither");
    }
    Pattern pattern =
        Pattern.compile(text.replace(".", "\\.").replace("*", ".*").replace("?", "."));
    boolean any = text.equals("*");
    return address ->
        any || (address.getAddress().length == 4 && pattern.matcher(word(address)).matches());
  }

  private static String word(InetAddress address) {
    return address.getHostAddress().toLowerCase(Locale.ROOT);
  }

  private static InetAddress literal(String text) {
    if (!IPV4.matcher(text).matches() && !IPV6.matcher(text).matches()) {
      throw new IllegalArgumentException("'" + text + "' in from= is no address");
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException("'" + text + "' in from= is no address", wrong);
    }
  }

  private static Predicate<InetAddress> network(String text, InetAddress base, String length) {
    byte[] bits = base.getAddress();
    int prefix = length.matches("\\d{1,3}") ? Integer.parseInt(length) : -1;
    if (prefix < 0 || prefix > 8 * bits.length || !isPrefix(bits, prefix)) {
      throw new IllegalArgumentException("'" + text + "' in from= is no network");
    }
    return address -> {
      byte[] other = address.getAddress();
      return other.length == bits.length && agree(bits, other, prefix);
    };
  }

  /** Whether all bits after the prefix are 0; otherwise another network was meant. */
  private static boolean isPrefix(byte[] bits, int prefix) {
    for (int bit = prefix; bit < 8 * bits.length; bit++) {
      if (isSet(bits, bit)) {
        return false;
      }
    }
    return true;
  }

  private static boolean agree(byte[] one, byte[] other, int prefix) {
    for (int bit = 0; bit < prefix; bit++) {
      if (isSet(one, bit) != isSet(other, bit)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSet(byte[] bits, int bit) {
    return (bits[bit / 8] >> (7 - bit % 8) & 1) == 1;
  }
}
