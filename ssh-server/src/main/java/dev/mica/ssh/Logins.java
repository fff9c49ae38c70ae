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

/** Who is who: by a key on record, looked up anew each time, so that a removed user is out. */
final class Logins implements PublickeyAuthenticator {
  private static final Logger LOG = LoggerFactory.getLogger(Logins.class);
  private static final AttributeKey<Login> LOGIN = new AttributeKey<>();
  private static final AttributeKey<Integer> FAILED = new AttributeKey<>();

  /** As OpenSSH's MaxAuthTries. */
  private static final int TRIES = 6;

  /** A user by one of their keys. */
  record Login(User user, UserKey key) {}

  private final Mica mica;

  /** Of the users that {@code mica}, an admin's, keeps. */
  Logins(Mica mica) {
    this.mica = mica;
  }

  /** Who that session is of; it is authenticated. */
  static Login of(ServerSession session) {
    Login login = session.getAttribute(LOGIN);
    if (login == null) {
      throw new IllegalStateException("nobody has logged in");
    }
    return login;
  }

  /** Whether some try of that session has failed. */
  static boolean hasFailed(ServerSession session) {
    return session.getAttribute(FAILED) != null;
  }

  static InetAddress address(ServerSession session) {
    return ((InetSocketAddress) session.getClientAddress()).getAddress();
  }

  /** Asked before the signature is looked at, and again for the key that has signed. */
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
      LOG.debug("cannot be told to leave", gone);
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
          LOG.info("the key {} of {} does not count: {}", one.fingerprint(), name, refusal.get());
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
