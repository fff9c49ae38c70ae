package dev.mica.ssh;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.PtyMode;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.server.channel.ChannelSession;

/** A channel that accepts harmless variables, and a terminal if the user's key allows one. */
final class SessionChannel extends ChannelSession {
  /** The variables that a client may set: they say only how to print. */
  private static final Pattern HARMLESS = Pattern.compile("LANG|LC_[A-Z]+|COLORTERM|NO_COLOR");

  private static final int LONGEST = 256;
  private static final Pattern TYPE = Pattern.compile("[A-Za-z0-9._+-]{1,64}");

  private final AtomicBoolean isTold = new AtomicBoolean();

  /** Makes such channels. No other kind exists, so nothing is forwarded. */
  static final ChannelFactory FACTORY =
      new ChannelFactory() {
        @Override
        public String getName() {
          return "session";
        }

        @Override
        public Channel createChannel(Session session) {
          return new SessionChannel();
        }
      };

  @Override
  protected RequestHandler.Result handleEnvParsed(String name, String value) throws IOException {
    return HARMLESS.matcher(name).matches() && value.length() <= LONGEST
        ? super.handleEnvParsed(name, value)
        : RequestHandler.Result.ReplyFailure;
  }

  @Override
  protected RequestHandler.Result handlePtyReqParsed(
      String term, int columns, int rows, int width, int height, Map<PtyMode, Integer> modes)
      throws IOException {
    boolean allowed = Logins.of(getSession()).allowsTerminal();
    return allowed && TYPE.matcher(term).matches()
        ? super.handlePtyReqParsed(term, columns, rows, width, height, modes)
        : RequestHandler.Result.ReplyFailure;
  }

  /**
   * The library sends the end of the output before the status. A client that has ended its input
   * closes the channel as soon as it hears of that end, and the library answers with its own close:
   * a status that comes afterwards is lost. So it is sent first.
   */
  @Override
  protected void closeShell(int status, boolean immediately) throws IOException {
    if (!isClosing()) {
      sendExitStatus(status);
    }
    super.closeShell(status, immediately);
  }

  @Override
  protected void sendExitStatus(int status) throws IOException {
    if (isTold.compareAndSet(false, true)) {
      super.sendExitStatus(status);
    }
  }
}
