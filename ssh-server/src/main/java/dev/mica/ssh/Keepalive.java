package dev.mica.ssh;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.util.buffer.Buffer;

/**
 * Asks each client that has logged in whether it is still there, again and again, and ends the
 * connection of one that does not answer. TCP does not find out that the other host is gone while
 * nothing is sent to it. (The library's own heartbeat asks nothing where it is a server's.)
 */
final class Keepalive implements SessionListener {
  /** A client need not know it: that it does not is an answer (RFC 4254, 4). */
  private static final String REQUEST = "keepalive@openssh.com";

  private static final int ROOM = 64;
  private static final AttributeKey<ScheduledFuture<?>> ASKING = new AttributeKey<>();

  private final Duration interval;
  private final int most;

  /**
   * Asks at that interval.
   *
   * @param most how many questions in a row may be without an answer when the next one is due
   */
  Keepalive(Duration interval, int most) {
    this.interval = interval;
    this.most = most;
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      AtomicInteger unanswered = new AtomicInteger();
      ScheduledFuture<?> asking =
          session
              .getFactoryManager()
              .getScheduledExecutorService()
              .scheduleWithFixedDelay(
                  () -> ask(session, unanswered),
                  interval.toMillis(),
                  interval.toMillis(),
                  TimeUnit.MILLISECONDS);
      session.setAttribute(ASKING, asking);
      if (!session.isOpen()) {
        end(session);
      }
    }
  }

  @Override
  public void sessionClosed(Session session) {
    end(session);
  }

  private static void end(Session session) {
    ScheduledFuture<?> asking = session.getAttribute(ASKING);
    if (asking != null) {
      asking.cancel(false);
    }
  }

  private void ask(Session session, AtomicInteger unanswered) {
    if (unanswered.getAndIncrement() >= most) {
      session.close(true);
      return;
    }
    try {
      Buffer question = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST, ROOM);
      question.putString(REQUEST);
      question.putBoolean(true);
      var _ = session.request(question, REQUEST, (answer, content) -> unanswered.set(0));
    } catch (IOException gone) {
      session.close(true);
    }
  }
}
