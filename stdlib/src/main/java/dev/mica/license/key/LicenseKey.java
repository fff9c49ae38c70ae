package dev.mica.license.key;

import dev.mica.license.ledger.Share;
import dev.mica.license.ledger.Terms;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a licence key says, whose signature was checked.
 *
 * @param id of the licence; later versions of it have the same
 * @param issuer who signed it
 * @param product for what it is
 * @param mayForward whether a host that has it may give it to others of its fleet
 * @param from when it begins to hold, in seconds since 1970
 * @param line the key itself, which is a secret
 */
public record LicenseKey(
    String id,
    String issuer,
    String product,
    Terms terms,
    boolean mayForward,
    long from,
    String line) {
  /** What the header of the line calls it. */
  static final String TYPE = "mica-license";

  private static final int VERSION = 1;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern GROUP = Pattern.compile("group\\((" + NAME.pattern() + ")\\)");
  private static final Set<String> FIELDS =
      Set.of(
          "v",
          "iss",
          "lid",
          "serial",
          "prod",
          "seats",
          "share",
          "mayForward",
          "nbf",
          "exp",
          "ttl",
          "offline",
          "overage",
          "lost");

  /** How long a lease lasts if the key does not say it. */
  public static final Duration USUAL_TTL = Duration.ofHours(24);

  /** The key without its line, for all that may be seen. */
  @Override
  public String toString() {
    return id + " of " + issuer + ", " + terms.seats() + " seats";
  }

  /** The line of a new key. */
  public static String issue(
      String issuer,
      String id,
      String product,
      Terms terms,
      boolean mayForward,
      Instant from,
      PrivateKey key) {
    ObjectNode content =
        JsonMapper.shared()
            .createObjectNode()
            .put("v", VERSION)
            .put("iss", name("issuer", issuer))
            .put("lid", name("id", id))
            .put("serial", terms.serial())
            .put("prod", product)
            .put("seats", terms.seats())
            .put("share", text(terms.share()))
            .put("mayForward", mayForward)
            .put("nbf", from.getEpochSecond())
            .put("exp", terms.expires())
            .put("ttl", terms.ttl())
            .put("offline", terms.offline())
            .put("overage", terms.overage())
            .put("lost", terms.policy().name().toLowerCase(Locale.ROOT));
    return Jws.line(content, issuer, TYPE, key);
  }

  private static String name(String what, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("the " + what + " of a key cannot be " + name);
    }
    return name;
  }

  /** The sharable level, as it is written. */
  public static String text(Share share) {
    return share.level() == Share.Level.GROUP
        ? "group(" + share.group() + ")"
        : share.level().name().toLowerCase(Locale.ROOT);
  }

  /** The sharable level that is written so; what is not known is the narrowest. */
  public static Share share(String text) {
    Matcher group = GROUP.matcher(text);
    return switch (text) {
      case "user" -> Share.USER;
      case "network" -> Share.NETWORK;
      default -> group.matches() ? Share.group(group.group(1)) : Share.EXCLUSIVE;
    };
  }

  /**
   * What {@code line} says.
   *
   * @param publicKey gives an issuer's public key, if it is known
   */
  public static LicenseKey of(String line, Function<String, Optional<byte[]>> publicKey)
      throws BadKeyException {
    JsonNode content = Jws.content(line.strip(), TYPE, publicKey);
    for (String field : content.propertyNames()) {
      if (!FIELDS.contains(field)) {
        // It could be a limit; who does not know it cannot keep it.
        throw new BadKeyException("it says " + field + ", which is not known here");
      }
    }
    if (number(content, "v") != VERSION) {
      throw new BadKeyException("it is of version " + content.get("v") + "; known is " + VERSION);
    }
    try {
      return new LicenseKey(
          name("id", text(content, "lid")),
          name("issuer", text(content, "iss")),
          text(content, "prod"),
          terms(content),
          flag(content, "mayForward"),
          number(content, "nbf"),
          line.strip());
    } catch (IllegalArgumentException | ArithmeticException wrong) {
      throw new BadKeyException(String.valueOf(wrong.getMessage()), wrong);
    }
  }

  private static Terms terms(JsonNode content) throws BadKeyException {
    String lost = text(content, "lost");
    Terms.Policy policy =
        switch (lost) {
          case "lease" -> Terms.Policy.LEASE;
          case "sticky" -> Terms.Policy.STICKY;
          default -> throw new BadKeyException("nothing is known of lost: " + lost);
        };
    return new Terms(
        number(content, "serial"),
        Math.toIntExact(number(content, "seats")),
        share(text(content, "share")),
        policy,
        Math.toIntExact(number(content, "overage")),
        Math.toIntExact(number(content, "ttl")),
        Math.toIntExact(number(content, "offline")),
        number(content, "exp"));
  }

  private static long number(JsonNode content, String name) throws BadKeyException {
    JsonNode value = content.path(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new BadKeyException("its " + name + " is no whole number");
    }
    return value.asLong();
  }

  private static String text(JsonNode content, String name) throws BadKeyException {
    JsonNode value = content.path(name);
    if (!value.isString() || value.asString().length() > 256) {
      throw new BadKeyException("its " + name + " is no short text");
    }
    return value.asString();
  }

  private static boolean flag(JsonNode content, String name) throws BadKeyException {
    JsonNode value = content.path(name);
    if (!value.isBoolean()) {
      throw new BadKeyException("its " + name + " is neither true nor false");
    }
    return value.asBoolean();
  }
}
