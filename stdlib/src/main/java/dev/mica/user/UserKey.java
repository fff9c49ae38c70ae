package dev.mica.user;

import java.net.InetAddress;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A public key of a user: a line of OpenSSH's {@code authorized_keys}. With {@code cert-authority}
 * the key is that of an authority: nobody logs in with it, but with certificates that it has
 * signed.
 */
public final class UserKey {
  /** The form of a key type, known or not; no option has this form. */
  private static final Pattern TYPE = Pattern.compile("(sk-)?(ssh|ecdsa|rsa|x509v3)-\\S+");

  private final KeyOptions options;
  private final String type;
  private final byte[] blob;
  private final String comment;

  private UserKey(KeyOptions options, String type, byte[] blob, String comment) {
    this.options = options;
    this.type = type;
    this.blob = blob;
    this.comment = comment;
  }

  /** Reads a line; fails with an IllegalArgumentException that says why it is no key. */
  static UserKey of(String line) {
    String text = line.strip();
    int end = end(text);
    boolean bare = TYPE.matcher(text.substring(0, end)).matches();
    KeyOptions options = KeyOptions.of(bare ? "" : text.substring(0, end));
    String[] words = (bare ? text : text.substring(end).strip()).split("[ \t]+", 3);
    if (words.length < 2) {
      throw new IllegalArgumentException("it is no public key in the format of OpenSSH");
    }
    String type = words[0];
    if (!KeyBlob.TYPES.contains(type)) {
      throw new IllegalArgumentException("keys of the type '" + type + "' are not accepted");
    }
    byte[] blob = decode(words[1]);
    KeyBlob.require(type, blob);
    return new UserKey(options, type, blob, words.length < 3 ? "" : words[2].strip());
  }

  /** Where the first word ends; blanks in quotes are parts of it. */
  private static int end(String text) {
    boolean quoted = false;
    for (int at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '\\' && at + 1 < text.length() && text.charAt(at + 1) == '"') {
        at++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ' ' || c == '\t')) {
        return at;
      }
    }
    return text.length();
  }

  private static byte[] decode(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException("the key is not written in base64", wrong);
    }
  }

  /** The type of the key, for example {@code ssh-ed25519}. */
  public String type() {
    return type;
  }

  /** Its SHA-256 fingerprint, as {@code ssh-keygen -l} prints it. */
  public String fingerprint() {
    return KeyBlob.fingerprint(blob);
  }

  /** The comment that its owner wrote after it. */
  public String comment() {
    return comment;
  }

  /** The options that were written before it; empty: it may be used for all its user may do. */
  public String options() {
    return options.text();
  }

  /** The key itself, in base64. */
  public String base64() {
    return Base64.getEncoder().encodeToString(blob);
  }

  /** The command that always runs; empty: what the client asks for runs. */
  public Optional<String> command() {
    return Optional.ofNullable(options.command());
  }

  /** Whether a session that logs in with it may have a terminal. */
  public boolean allowsTerminal() {
    return options.terminal();
  }

  /** Why it is not accepted from {@code address} at that time; empty if it is. */
  public Optional<String> refusal(InetAddress address, Instant now) {
    return options.refusal(address, now);
  }

  /** Whether it is the key of an authority, by whose certificates the user is known. */
  public boolean isAuthority() {
    return options.authority();
  }

  /**
   * Why a certificate of this authority does not make its owner the user of that name; empty if it
   * does. Whether the authority has signed it is not asked here.
   */
  public Optional<String> refusal(
      String user, Certificate shown, InetAddress address, Instant now) {
    if (!options.authority() || !base64().equals(shown.authority())) {
      return Optional.of("it is not of this authority");
    }
    return refusal(address, now)
        .map(why -> "its authority is not accepted: " + why)
        .or(() -> shown.refusal(address, now))
        .or(() -> options.refusal(user, shown));
  }

  boolean isExpired(Instant now) {
    Instant end = options.expiry();
    return end != null && !now.isBefore(end);
  }

  /** The line that it was read from. */
  String line() {
    return (options.text() + " " + type + " " + base64() + " " + comment).strip();
  }

  /** Its type, fingerprint and comment, for people. */
  @Override
  public String toString() {
    return (options.text() + " " + type + " " + fingerprint() + " " + comment).strip();
  }
}
