package dev.mica.ssh;

import dev.mica.audit.Audit;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.server.session.ServerSession;

/**
 * Writes each attempt to log in into the audit: each connection in which a client has tried a key,
 * however many it tried. Of those that fail only so many are written in an hour, and the others
 * counted: otherwise strangers could have the audit remove what it says of users.
 */
final class Attempts implements SessionListener {
  static final int MOST_IN_AN_HOUR = 100;
  private static final long HOUR = Duration.ofHours(1).toNanos();
  private static final AttributeKey<Boolean> IN = new AttributeKey<>();

  private final Audit audit;
  private final LongSupplier nanos;

  // Guarded by this.
  private long since;
  private int written;
  private long passedOver;

  /** Writes into {@code audit}, which is an admin's; {@code nanos} is a clock. */
  Attempts(Audit audit, LongSupplier nanos) {
    this.audit = audit;
    this.nanos = nanos;
    this.since = nanos.getAsLong();
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      ServerSession server = (ServerSession) session;
      session.setAttribute(IN, true);
      Login login = Logins.of(server);
      audit.attempt(
          login.user().name(), login.user().role().word(), Logins.door(server, login.key()), "");
    }
  }

  @Override
  public void sessionClosed(Session session) {
    ServerSession server = (ServerSession) session;
    if (session.getAttribute(IN) == null) {
      Logins.tried(server).ifPresent(tried -> failed(tried, server));
    }
  }

  private static String why(Logins.Tried tried) {
    return tried.why().isEmpty() ? "the client has not proved that it has the key" : tried.why();
  }

  private void failed(Logins.Tried tried, ServerSession session) {
    long before = count();
    if (before >= 0) {
      String more = before == 0 ? "" : "; " + before + " attempts before were not written down";
      audit.attempt(tried.name(), "", Logins.door(session, tried.key()), why(tried) + more);
    }
  }

  /** How many were passed over before this one; negative if this one is passed over, too. */
  synchronized long count() {
    if (nanos.getAsLong() - since >= HOUR) {
      since = nanos.getAsLong();
      written = 0;
    }
    if (written >= MOST_IN_AN_HOUR) {
      passedOver++;
      return -1;
    }
    written++;
    long before = passedOver;
    passedOver = 0;
    return before;
  }
}
