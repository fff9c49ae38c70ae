package dev.mica.ssh;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.session.helpers.TimeoutIndicator;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;

/** Tells {@link Startups} which clients begin to log in, succeed, and fail. */
final class Gate implements SessionListener {
  private final Startups startups;
  private volatile boolean closed;

  /** The sessions that have begun and are not logged in, and their addresses. */
  private final Set<SocketAddress> beginning = ConcurrentHashMap.newKeySet();

  Gate(Startups startups) {
    this.startups = startups;
  }

  /** Lets nobody begin any more. */
  void close() {
    closed = true;
  }

  /** A client that may not begin gets no message: the library closes the connection. */
  @Override
  public void sessionEstablished(Session session) {
    SocketAddress remote = session.getRemoteAddress();
    if (closed || !startups.begins(((InetSocketAddress) remote).getAddress())) {
      throw new RejectedExecutionException(
          "too many clients are logging in, or this address has failed too often");
    }
    beginning.add(remote);
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      boolean _ = isEnded(session.getRemoteAddress());
    }
  }

  /** A client that disconnects without a try has not failed, unless its time was up. */
  @Override
  public void sessionClosed(Session session) {
    ServerSession server = (ServerSession) session;
    SocketAddress remote = server.getRemoteAddress();
    if (isEnded(remote) && (Logins.hasFailed(server) || isTimedOut(session))) {
      startups.failed(((InetSocketAddress) remote).getAddress());
    }
  }

  private static boolean isTimedOut(Session session) {
    return session.getTimeoutStatus().getStatus() != TimeoutIndicator.TimeoutStatus.NoTimeout;
  }

  private boolean isEnded(@Nullable SocketAddress remote) {
    if (remote == null || !beginning.remove(remote)) {
      return false;
    }
    startups.ended(((InetSocketAddress) remote).getAddress());
    return true;
  }
}
