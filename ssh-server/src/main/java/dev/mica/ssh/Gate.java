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

/** Has the startups told who begins, who gets in and who fails. */
final class Gate implements SessionListener {
  private final Startups startups;
  private volatile boolean closed;

  /** Those that have begun and are not in, by their own addresses. */
  private final Set<SocketAddress> beginning = ConcurrentHashMap.newKeySet();

  Gate(Startups startups) {
    this.startups = startups;
  }

  /** Nobody begins any more. */
  void close() {
    closed = true;
  }

  /** Whoever may not begin is told nothing: the library closes what cannot be established. */
  @Override
  public void sessionEstablished(Session session) {
    SocketAddress remote = session.getRemoteAddress();
    if (closed || !startups.begins(((InetSocketAddress) remote).getAddress())) {
      throw new RejectedExecutionException("too many begin, or this one failed too often");
    }
    beginning.add(remote);
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      boolean _ = isEnded(session.getRemoteAddress());
    }
  }

  /** Who leaves without a try has not failed, unless the time was up. */
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
