package dev.mica.user;

import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The options before a key in {@code authorized_keys}, as in sshd(8). An option that is not known,
 * or that would permit what nobody may do here, is refused: if a restriction were ignored, the key
 * would permit more than its owner meant.
 *
 * @param text the options as they were written; empty if there are none
 * @param command the command that always runs; null: what the client asks for runs
 * @param terminal whether a session may have a terminal
 * @param from the addresses from which the key may be used; null: all
 * @param expiry when the key stops being valid; null: never
 * @param authority whether the key is that of an authority, which signs certificates
 * @param principals of which a certificate must name one; empty: the name of the user
 */
record KeyOptions(
    String text,
    @Nullable String command,
    boolean terminal,
    @Nullable Addresses from,
    @Nullable Instant expiry,
    boolean authority,
    List<String> principals) {
  /** An option without a value, or with one in quotes, in which a quote is written {@code \"}. */
  private static final Pattern OPTION =
      Pattern.compile("([A-Za-z0-9-]+)(=\"((?:[^\"\\\\]|\\\\.)*)\")?(,|$)");

  /** Options that permit what nobody may do here, with any key. */
  private static final List<String> ALWAYS =
      List.of("no-port-forwarding", "no-agent-forwarding", "no-x11-forwarding", "no-user-rc");

  private static final DateTimeFormatter TO_THE_SECOND =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmss", Locale.ROOT);

  /** Reads options; fails with an IllegalArgumentException if one cannot be obeyed. */
  static KeyOptions of(String text) {
    Reading reading = new Reading();
    Matcher option = OPTION.matcher(text);
    int at = 0;
    while (at < text.length()) {
      if (!option.find(at) || option.start() != at) {
        throw new IllegalArgumentException(
            "its options cannot be read from '" + text.substring(at) + "' on");
      }
      reading.take(option.group(1).toLowerCase(Locale.ROOT), unquoted(option.group(3)));
      at = option.end();
      if (at == text.length() && !option.group(4).isEmpty()) {
        throw new IllegalArgumentException("its options end with a comma");
      }
    }
    return reading.whole(text);
  }

  private static @Nullable String unquoted(@Nullable String value) {
    return value == null ? null : value.replace("\\\"", "\"");
  }

  private static final class Reading {
    private @Nullable String command;
    private boolean terminal = true;
    private @Nullable Addresses from;
    private @Nullable Instant expiry;
    private boolean authority;
    private List<String> principals = List.of();
    private final List<String> seen = new ArrayList<>();

    void take(String name, @Nullable String value) {
      switch (name) {
        case "restrict", "no-pty", "pty" -> {
          requireNone(name, value);
          terminal = name.equals("pty");
        }
        case "command" -> command = once(name, value);
        case "from" -> from = Addresses.of(once(name, value));
        case "expiry-time" -> expiry = time(once(name, value));
        case "cert-authority" -> {
          requireNone(name, value);
          authority = true;
        }
        case "principals" -> principals = names(once(name, value));
        default -> {
          if (!ALWAYS.contains(name)) {
            throw new IllegalArgumentException("the option '" + name + "' is not supported");
          }
          requireNone(name, value);
        }
      }
    }

    KeyOptions whole(String text) {
      if (!principals.isEmpty() && !authority) {
        throw new IllegalArgumentException("the option principals is one of a cert-authority");
      }
      return new KeyOptions(text, command, terminal, from, expiry, authority, principals);
    }

    private static List<String> names(String list) {
      List<String> names = List.of(list.split(",", -1));
      if (names.stream().anyMatch(name -> name.isBlank() || !name.equals(name.strip()))) {
        throw new IllegalArgumentException("principals='" + list + "' is no list of names");
      }
      return names;
    }

    private static void requireNone(String name, @Nullable String value) {
      if (value != null) {
        throw new IllegalArgumentException("the option " + name + " takes no value");
      }
    }

    private String once(String name, @Nullable String value) {
      if (value == null || value.isBlank()) {
        throw new IllegalArgumentException("the option " + name + " has no value in quotes");
      }
      if (seen.contains(name)) {
        throw new IllegalArgumentException("the option " + name + " is there twice");
      }
      seen.add(name);
      return value;
    }

    /** {@code YYYYMMDD[HHMM[SS]][Z]}; without Z it is the time of this host. */
    private static Instant time(String text) {
      boolean utc = text.endsWith("Z");
      String digits = utc ? text.substring(0, text.length() - 1) : text;
      try {
        if (!digits.matches("\\d{8}|\\d{12}|\\d{14}")) {
          throw new IllegalArgumentException("expiry-time='" + text + "' is no time");
        }
        LocalDateTime time =
            LocalDateTime.parse(digits + "0".repeat(14 - digits.length()), TO_THE_SECOND);
        return time.atZone(utc ? ZoneOffset.UTC : ZoneId.systemDefault()).toInstant();
      } catch (DateTimeException wrong) {
        throw new IllegalArgumentException("expiry-time='" + text + "' is no time", wrong);
      }
    }
  }

  /** Why the key is not accepted from {@code address} at that time; empty if it is. */
  Optional<String> refusal(InetAddress address, Instant now) {
    Addresses permitted = from;
    Instant end = expiry;
    if (end != null && !now.isBefore(end)) {
      return Optional.of("it expired at " + end);
    }
    return permitted == null || permitted.have(address)
        ? Optional.empty()
        : Optional.of("it may not be used from " + address.getHostAddress());
  }

  /** Why a certificate of this authority is not accepted for that user; empty if it is. */
  Optional<String> refusal(String user, Certificate shown) {
    List<String> wanted = principals.isEmpty() ? List.of(user) : principals;
    if (shown.principals().isEmpty()) {
      return Optional.of("the certificate names nobody");
    }
    if (shown.principals().stream().noneMatch(wanted::contains)) {
      return Optional.of("the certificate is for others, and not for " + String.join(", ", wanted));
    }
    boolean differ = command != null && !shown.command().map(command::equals).orElse(true);
    return differ
        ? Optional.of("the command of the certificate is not that of its authority")
        : Optional.empty();
  }
}
