package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.failure.MicaException;
import dev.mica.user.User;
import dev.mica.user.UserKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.PublicKey;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.session.ServerSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Authenticates users by their keys. A key is looked up each time, so a removed user has none. */
final class Logins implements PublickeyAuthenticator {
  private static final Logger LOG = LoggerFactory.getLogger(Logins.class);
  private static final AttributeKey<Login> LOGIN = new AttributeKey<>();
  private static final AttributeKey<Integer> FAILED = new AttributeKey<>();

  /** The limit of tries in a session, as OpenSSH's {@code MaxAuthTries}. */
  private static final int TRIES = 6;

  /** A user, and the key that the user has logged in with. */
  record Login(User user, UserKey key) {}

  private final Mica mica;

  /** Authenticates the users of {@code mica}, whose caller is an admin. */
  Logins(Mica mica) {
    this.mica = mica;
  }

  /** The user of that session, which is authenticated. */
  static Login of(ServerSession session) {
    Login login = session.getAttribute(LOGIN);
    if (login == null) {
      throw new IllegalStateException("nobody has logged in");
    }
    return login;
  }

  /** Whether any try of that session has failed. */
  static boolean hasFailed(ServerSession session) {
    return session.getAttribute(FAILED) != null;
  }

  static InetAddress address(ServerSession session) {
    return ((InetSocketAddress) session.getClientAddress()).getAddress();
  }

  /** Called before the signature is checked, and again for the key that has signed. */
  @Override
  public boolean authenticate(String name, PublicKey key, ServerSession session) {
    Optional<Login> login = find(name, key, session);
    if (login.isPresent()) {
      session.setAttribute(LOGIN, login.get());
      return true;
    }
    Integer before = session.getAttribute(FAILED);
    int failed = before == null ? 1 : before + 1;
    session.setAttribute(FAILED, failed);
    if (failed >= TRIES) {
      disconnect(session);
    }
    return false;
  }

  private static void disconnect(ServerSession session) {
    try {
      session.disconnect(
          SshConstants.SSH2_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
          "Too many authentication failures");
    } catch (java.io.IOException gone) {
      LOG.debug("cannot be ended", gone);
    }
  }

  private Optional<Login> find(String name, PublicKey key, ServerSession session) {
    try {
      String blob = base64(key);
      InetAddress from = address(session);
      Optional<User> user = mica.users().find(name);
      for (UserKey one : user.map(User::keys).orElse(java.util.List.of())) {
        if (one.base64().equals(blob)) {
          Optional<String> refusal = one.refusal(from, Instant.now());
          if (refusal.isEmpty()) {
            return user.map(who -> new Login(who, one));
          }
          LOG.info("the key {} of {} is not accepted: {}", one.fingerprint(), name, refusal.get());
        }
      }
    } catch (MicaException damaged) {
      LOG.warn("nobody can log in as {}: {}", name, damaged.getMessage());
    } catch (SshException unwritable) {
      LOG.debug("a key that cannot be written", unwritable);
    }
    return Optional.empty();
  }

  private static String base64(PublicKey key) throws SshException {
    ByteArrayBuffer buffer = new ByteArrayBuffer();
    buffer.putRawPublicKey(key);
    return Base64.getEncoder().encodeToString(buffer.getCompactData());
  }
}
