package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.access.Door;
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
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.digest.BuiltinDigests;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.session.ServerSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Authenticates users by their keys. A key is looked up each time, so a removed user has none. */
final class Logins implements PublickeyAuthenticator {
  private static final Logger LOG = LoggerFactory.getLogger(Logins.class);
  private static final AttributeKey<Login> LOGIN = new AttributeKey<>();
  private static final AttributeKey<Tried> TRIED = new AttributeKey<>();
  private static final AttributeKey<Integer> FAILED = new AttributeKey<>();

  /** The limit of tries in a session, as OpenSSH's {@code MaxAuthTries}. */
  private static final int TRIES = 6;

  /** A user, and the key that the user has logged in with. */
  record Login(User user, UserKey key) {}

  /**
   * The key that was tried last.
   *
   * @param name whom the client called itself; nobody may have that name
   * @param why nobody can log in with it; "" if somebody can
   */
  record Tried(String name, String fingerprint, String why) {}

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

  /** The key that was tried last in that session, if any. */
  static Optional<Tried> tried(ServerSession session) {
    return Optional.ofNullable(session.getAttribute(TRIED));
  }

  static Door door(ServerSession session, String fingerprint) {
    return Door.ssh(address(session).getHostAddress(), fingerprint);
  }

  static InetAddress address(ServerSession session) {
    return ((InetSocketAddress) session.getClientAddress()).getAddress();
  }

  /** Called before the signature is checked, and again for the key that has signed. */
  @Override
  public boolean authenticate(String name, PublicKey key, ServerSession session) {
    Refusal why = new Refusal();
    Optional<Login> login = find(name, key, session, why);
    String fingerprint = KeyUtils.getFingerPrint(BuiltinDigests.sha256, key);
    session.setAttribute(TRIED, new Tried(name, fingerprint, login.isPresent() ? "" : why.text));
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

  /** Why a key is not accepted. */
  private static final class Refusal {
    String text = "nobody of that name has this key";
  }

  private Optional<Login> find(String name, PublicKey key, ServerSession session, Refusal why) {
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
          why.text = "the key is not accepted: " + refusal.get();
          LOG.info("the key {} of {} is not accepted: {}", one.fingerprint(), name, refusal.get());
        }
      }
    } catch (MicaException damaged) {
      why.text = "nobody can log in as that user: " + damaged.getMessage();
      LOG.warn("nobody can log in as {}: {}", name, damaged.getMessage());
    } catch (SshException unwritable) {
      why.text = "the key cannot be read";
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
