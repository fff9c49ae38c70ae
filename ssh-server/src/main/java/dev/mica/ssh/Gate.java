package dev.mica.ssh;

import java.net.InetAddress;
import java.util.concurrent.RejectedExecutionException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.session.helpers.TimeoutIndicator;
import org.apache.sshd.server.session.ServerSession;

/** Tells {@link Startups} which clients begin to log in, succeed, and fail. */
final class Gate implements SessionListener {
  private final Startups<Session> startups;
  private volatile boolean closed;

  Gate(Startups<Session> startups) {
    this.startups = startups;
  }

  /** Lets nobody begin any more. */
  void close() {
    closed = true;
  }

  /** A client that may not begin gets no message: the library closes the connection. */
  @Override
  public void sessionEstablished(Session session) {
    if (closed || !startups.begins(session, address(session))) {
      throw new RejectedExecutionException(
          "too many clients are logging in, or this address has failed too often");
    }
    startups.tooMany().ifPresent(this::drop);
  }

  private void drop(Session session) {
    tell(session);
    session.close(true);
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      boolean _ = startups.ended(session);
    }
  }

  @Override
  public void sessionClosed(Session session) {
    if (startups.ended(session)) {
      tell(session);
    }
  }

  /** A client that disconnects without a try has not failed, unless its time was up. */
  private void tell(Session session) {
    if (Logins.hasFailed((ServerSession) session) || isTimedOut(session)) {
      startups.failed(address(session));
    }
  }

  private static boolean isTimedOut(Session session) {
    return session.getTimeoutStatus().getStatus() != TimeoutIndicator.TimeoutStatus.NoTimeout;
  }

  private static InetAddress address(Session session) {
    return Logins.address((ServerSession) session);
  }
}
