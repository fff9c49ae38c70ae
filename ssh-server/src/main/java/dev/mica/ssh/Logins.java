package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.access.Door;
import dev.mica.failure.MicaException;
import dev.mica.user.Certificate;
import dev.mica.user.User;
import dev.mica.user.UserKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.PublicKey;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.digest.BuiltinDigests;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.session.ServerSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Authenticates users by their keys and certificates. They are looked up each time, so a removed
 * user has none.
 */
final class Logins implements PublickeyAuthenticator {
  private static final Logger LOG = LoggerFactory.getLogger(Logins.class);
  private static final AttributeKey<Login> LOGIN = new AttributeKey<>();
  private static final AttributeKey<Tried> TRIED = new AttributeKey<>();
  private static final AttributeKey<Certificate> SHOWN = new AttributeKey<>();
  private static final AttributeKey<Integer> FAILED = new AttributeKey<>();

  private static final String NOBODY = "nobody of that name has this key";

  /** The limit of tries in a session, as OpenSSH's {@code MaxAuthTries}. */
  private static final int TRIES = 6;

  /**
   * The key that was tried last, or the last one of which more is known than that it is nobody's.
   *
   * @param name whom the client called itself; nobody may have that name
   * @param key its fingerprint, or what is to be known of the certificate; "" if it is neither
   * @param why nobody can log in with it; "" if somebody can
   */
  record Tried(String name, String key, String why) {
    boolean isTelling() {
      return !why.isEmpty() && !why.equals(NOBODY);
    }
  }

  private final Mica mica;
  private final InstantSource clock;

  /** Authenticates the users of {@code mica}, whose caller is an admin. */
  Logins(Mica mica, InstantSource clock) {
    this.mica = mica;
    this.clock = clock;
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

  /** A client shows a certificate; whether its signature has still to be checked. */
  boolean shows(ServerSession session, String name, Certificate shown) {
    session.setAttribute(SHOWN, shown);
    Optional<String> why = shown.refusal(address(session), clock.instant());
    why.ifPresent(text -> refuse(session, name, shown.toString(), text));
    return why.isEmpty();
  }

  /** The certificate that was shown last is not signed by its authority. */
  void isForged(ServerSession session, String name) {
    refuse(session, name, shown(session).toString(), "its authority did not sign the certificate");
  }

  private static Certificate shown(ServerSession session) {
    return Objects.requireNonNull(session.getAttribute(SHOWN));
  }

  /** Called before the signature is checked, and again for the key that has signed. */
  @Override
  public boolean authenticate(String name, PublicKey key, ServerSession session) {
    Refusal why = new Refusal();
    String text = "";
    Optional<Login> login = Optional.empty();
    try {
      if (key instanceof OpenSshCertificate read) {
        Certificate shown = shown(session);
        text = shown.toString();
        login = isSame(read, shown) ? find(name, shown, session, why) : Optional.empty();
      } else {
        text = KeyUtils.getFingerPrint(BuiltinDigests.sha256, key);
        login = find(name, base64(key), session, why);
      }
    } catch (MicaException damaged) {
      why.text = "nobody can log in as that user: " + damaged.getMessage();
      LOG.warn("nobody can log in as {}: {}", name, damaged.getMessage());
    } catch (SshException unwritable) {
      why.text = "the key cannot be read";
      LOG.debug("a key that cannot be written", unwritable);
    }
    if (login.isEmpty()) {
      refuse(session, name, text, why.text);
      return false;
    }
    session.setAttribute(TRIED, new Tried(name, text, ""));
    session.setAttribute(LOGIN, login.get());
    return true;
  }

  /**
   * Notes that nobody of that name can log in so; ends the session if that was too often. Clients
   * show a certificate and then its key, which is nobody's: that one tells less.
   */
  void refuse(ServerSession session, String name, String key, String why) {
    boolean tellsMore = tried(session).filter(last -> last.isTelling()).isPresent();
    if (!tellsMore || !why.equals(NOBODY)) {
      session.setAttribute(TRIED, new Tried(name, key, why));
    }
    Integer before = session.getAttribute(FAILED);
    int failed = before == null ? 1 : before + 1;
    session.setAttribute(FAILED, failed);
    if (failed >= TRIES) {
      disconnect(session);
    }
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
    String text = NOBODY;
  }

  private Optional<Login> find(String name, String blob, ServerSession session, Refusal why) {
    Optional<User> user = mica.users().find(name);
    for (UserKey one : user.map(User::keys).orElse(List.of())) {
      if (!one.isAuthority() && one.base64().equals(blob)) {
        Optional<String> refusal = one.refusal(address(session), clock.instant());
        if (refusal.isEmpty()) {
          return user.map(who -> Login.of(who, one));
        }
        why.text = "the key is not accepted: " + refusal.get();
        LOG.info("the key {} of {} is not accepted: {}", one.fingerprint(), name, refusal.get());
      }
    }
    return Optional.empty();
  }

  private Optional<Login> find(String name, Certificate shown, ServerSession session, Refusal why) {
    why.text = "nobody of that name is known by certificates of this authority";
    Optional<User> user = mica.users().find(name);
    for (UserKey one : user.map(User::keys).orElse(List.of())) {
      if (one.isAuthority() && one.base64().equals(shown.authority())) {
        Optional<String> refusal = one.refusal(name, shown, address(session), clock.instant());
        if (refusal.isEmpty()) {
          return user.map(who -> Login.of(who, one, shown));
        }
        why.text = refusal.get();
        LOG.info("the certificate {} is not accepted for {}: {}", shown, name, refusal.get());
      }
    }
    return Optional.empty();
  }

  /** Whether the library has checked the signatures of the certificate that we have read. */
  private static boolean isSame(OpenSshCertificate read, Certificate shown) throws SshException {
    return base64(read.getCertPubKey()).equals(shown.key())
        && base64(read.getCaPubKey()).equals(shown.authority());
  }

  private static String base64(PublicKey key) throws SshException {
    ByteArrayBuffer buffer = new ByteArrayBuffer();
    buffer.putRawPublicKey(key);
    return Base64.getEncoder().encodeToString(buffer.getCompactData());
  }
}
