package dev.mica.ssh;

import dev.mica.user.Certificate;
import dev.mica.user.User;
import dev.mica.user.UserKey;
import java.util.Optional;

/**
 * How a user has logged in. Of a certificate and the line of its authority the stricter counts.
 *
 * @param key the fingerprint of the key, or what is to be known of the certificate
 * @param command the command that always runs; empty: what the client asks for runs
 * @param allowsTerminal whether a session may have a terminal
 */
record Login(User user, String key, Optional<String> command, boolean allowsTerminal) {
  static Login of(User user, UserKey key) {
    return new Login(user, key.fingerprint(), key.command(), key.allowsTerminal());
  }

  static Login of(User user, UserKey authority, Certificate shown) {
    return new Login(
        user,
        shown.toString(),
        authority.command().or(shown::command),
        authority.allowsTerminal() && shown.allowsTerminal());
  }
}
