package dev.mica.ssh;

import dev.mica.user.Certificate;
import java.io.IOException;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKey;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;

/**
 * The way to log in by a key or a certificate. Of a certificate the library only checks the
 * signatures: it knows neither all options nor why it refuses one, and the audit is to say that.
 */
final class ByKey extends UserAuthPublicKey {
  private final Logins logins;

  private ByKey(Logins logins) {
    this.logins = logins;
  }

  /** What makes one for each request of a client. */
  static UserAuthPublicKeyFactory factory(Logins logins) {
    return new UserAuthPublicKeyFactory() {
      @Override
      public UserAuthPublicKey createUserAuth(ServerSession session) throws IOException {
        return new ByKey(logins);
      }
    };
  }

  @Override
  public @Nullable Boolean doAuth(Buffer message, boolean isFirst) throws Exception {
    int begin = message.rpos();
    boolean _ = message.getBoolean(); // whether it is signed
    String algorithm = message.getString();
    byte[] blob = message.getBytes();
    message.rpos(begin);
    if (Certificate.isOne(blob) && !mayBe(algorithm, blob)) {
      return false;
    }
    return super.doAuth(message, isFirst);
  }

  /** Whether it is left to look at the signatures of that certificate. */
  private boolean mayBe(String algorithm, byte[] blob) {
    try {
      Certificate shown = Certificate.of(blob);
      if (!shown.type().equals(KeyUtils.getCanonicalKeyType(algorithm))) {
        throw new IllegalArgumentException("it is of another type than its signature");
      }
      return logins.shows(getServerSession(), getUsername(), shown);
    } catch (IllegalArgumentException wrong) {
      String why = "the certificate is not accepted: " + wrong.getMessage();
      logins.refuse(getServerSession(), getUsername(), "", why);
      return false;
    }
  }

  @Override
  protected void verifyCertificateSignature(ServerSession session, OpenSshCertificate shown)
      throws Exception {
    try {
      super.verifyCertificateSignature(session, shown);
    } catch (Exception wrong) {
      logins.isForged(session, getUsername());
      throw wrong;
    }
  }

  /** {@link Certificate} has checked them. */
  @Override
  protected void verifyCriticalOptions(ServerSession session, OpenSshCertificate shown) {}

  /** After a client has asked for a key, the library gives whatever comes next to this. */
  @Override
  public @Nullable Boolean next(Buffer message) throws Exception {
    Unexpected.end(getSession(), message.getUByte());
    return null; // neither in nor refused
  }
}
