package dev.mica.audit;

import dev.mica.access.Deed;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A line as it is in the file: a JSON object whose last field, {@code hash}, is the SHA-256 of all
 * bytes of the line before it. The field before that is the hash of the line before.
 */
final class LineText {
  /** The hash before the first line. */
  static final String NONE = "0".repeat(64);

  /** A line is not longer: its texts are cut. */
  static final int LONGEST = 1 << 14;

  private static final int LONGEST_TEXT = 1000;
  private static final String BEFORE_HASH = ",\"hash\":\"";
  private static final String AFTER_HASH = "\"}";
  private static final int END = BEFORE_HASH.length() + NONE.length() + AFTER_HASH.length();

  private LineText() {}

  /** The number and the hash of a line. */
  record Link(long number, String hash) {
    static final Link BEFORE_FIRST = new Link(0, NONE);
  }

  /** A line, and its text without the end of the line. */
  record Written(Link link, String text) {}

  /** The line of {@code deed} that follows {@code before}. */
  static Written write(Link before, Instant time, Deed deed) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    long number = before.number() + 1;
    json.put("number", number);
    json.put("time", time.toString());
    json.put("user", text(deed.user()));
    json.put("role", deed.role());
    json.put("door", deed.door().name());
    json.put("from", text(deed.door().from()));
    json.put("key", text(deed.door().key()));
    json.put("command", text(deed.command()));
    json.put("what", text(deed.what()));
    json.put("outcome", deed.outcome().name().toLowerCase(Locale.ROOT));
    json.put("why", text(deed.why()));
    json.put("previous", before.hash());
    String whole = json.toString();
    String hashed = whole.substring(0, whole.length() - 1);
    String hash = sha256(hashed.getBytes(StandardCharsets.UTF_8));
    return new Written(new Link(number, hash), hashed + BEFORE_HASH + hash + AFTER_HASH);
  }

  /** Without what is secret, and not too long. */
  private static String text(String text) {
    String masked = Secrets.masked(text);
    return masked.length() <= LONGEST_TEXT ? masked : masked.substring(0, LONGEST_TEXT) + "…";
  }

  /** The line that {@code bytes} are; empty if it is not as it was written. */
  static Optional<AuditLine> read(byte[] bytes) {
    int hashed = bytes.length - END;
    if (hashed <= 0) {
      return Optional.empty();
    }
    String end = new String(bytes, hashed, END, StandardCharsets.UTF_8);
    String hash = sha256(Arrays.copyOf(bytes, hashed));
    if (!end.equals(BEFORE_HASH + hash + AFTER_HASH)) {
      return Optional.empty();
    }
    try {
      return Optional.of(line(JsonMapper.shared().readTree(bytes), hash));
    } catch (JacksonException | DateTimeException other) {
      return Optional.empty();
    }
  }

  private static AuditLine line(JsonNode json, String hash) {
    return new AuditLine(
        json.required("number").asLong(),
        Instant.parse(json.required("time").asString()),
        json.required("user").asString(),
        json.required("role").asString(),
        json.required("door").asString(),
        json.required("from").asString(),
        json.required("key").asString(),
        json.required("command").asString(),
        json.required("what").asString(),
        json.required("outcome").asString(),
        json.required("why").asString(),
        json.required("previous").asString(),
        hash);
  }

  static Link link(AuditLine line) {
    return new Link(line.number(), line.hash());
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException never) {
      throw new IllegalStateException(never);
    }
  }
}
