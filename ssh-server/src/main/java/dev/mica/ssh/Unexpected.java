package dev.mica.ssh;

import java.io.IOException;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.ReservedSessionMessagesHandler;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;

/**
 * Ends the connection of a client that has not logged in and sends a message that is not due. The
 * library would answer that it does not know the message, or not at all, and go on.
 */
final class Unexpected implements ReservedSessionMessagesHandler {
  @Override
  public boolean handleUnimplementedMessage(Session session, int message, Buffer buffer)
      throws Exception {
    boolean isAnswer = message == SshConstants.SSH_MSG_UNIMPLEMENTED; // by a client, to the server
    if (session.isAuthenticated() || isAnswer) {
      return false;
    }
    end(session, message);
    return true;
  }

  static void end(Session session, int message) throws IOException {
    session.disconnect(
        SshConstants.SSH2_DISCONNECT_PROTOCOL_ERROR, "The message " + message + " is not due");
  }
}
