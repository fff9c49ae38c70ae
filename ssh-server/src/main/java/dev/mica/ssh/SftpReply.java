package dev.mica.ssh;

import dev.mica.core.FileStatus;
import java.nio.charset.StandardCharsets;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/** The replies of SFTP. */
final class SftpReply {
  static final int INIT = 1;
  static final int VERSION = 2;
  static final int STATUS = 101;
  static final int HANDLE = 102;
  static final int DATA = 103;
  static final int NAME = 104;
  static final int ATTRIBUTES = 105;
  static final int EXTENDED = 201;

  static final int OK = 0;
  static final int END = 1;
  static final int NO_SUCH_FILE = 2;
  static final int PERMISSION_DENIED = 3;
  static final int FAILURE = 4;
  static final int BAD_MESSAGE = 5;
  static final int UNSUPPORTED = 8;

  private SftpReply() {}

  /** A reply to the request {@code id}, with room for its length in front. */
  static Buffer of(int type, int id) {
    Buffer reply = ofType(type);
    reply.putInt(id);
    return reply;
  }

  static Buffer ofType(int type) {
    Buffer reply = new ByteArrayBuffer();
    reply.putInt(0);
    reply.putByte((byte) type);
    return reply;
  }

  /** Its bytes, with its length. */
  static byte[] bytes(Buffer reply) {
    int end = reply.wpos();
    reply.wpos(0);
    reply.putInt(end - Integer.BYTES);
    reply.wpos(end);
    return reply.getCompactData();
  }

  static Buffer status(int id, int code, String message) {
    Buffer reply = of(STATUS, id);
    reply.putInt(code);
    reply.putBytes(message.getBytes(StandardCharsets.UTF_8));
    reply.putBytes(new byte[0]); // in no language
    return reply;
  }

  static Buffer handle(int id, byte[] handle) {
    Buffer reply = of(HANDLE, id);
    reply.putBytes(handle);
    return reply;
  }

  static Buffer data(int id, byte[] data) {
    Buffer reply = of(DATA, id);
    reply.putBytes(data);
    return reply;
  }

  static Buffer attributes(int id, FileStatus is) {
    Buffer reply = of(ATTRIBUTES, id);
    SftpAttributes.write(reply, is);
    return reply;
  }

  /** A name that says nothing of what it names. */
  static Buffer name(int id, byte[] name) {
    Buffer reply = of(NAME, id);
    reply.putInt(1);
    reply.putBytes(name);
    reply.putBytes(name);
    reply.putInt(0);
    return reply;
  }
}
