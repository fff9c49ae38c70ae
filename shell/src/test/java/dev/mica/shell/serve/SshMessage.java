package dev.mica.shell.serve;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A message of SSH or of SFTP while it is written (RFC 4251, section 5). */
final class SshMessage {
  static final int DISCONNECT = 1;
  static final int IGNORE = 2;
  static final int UNIMPLEMENTED = 3;
  static final int DEBUG = 4;
  static final int SERVICE_REQUEST = 5;
  static final int SERVICE_ACCEPT = 6;
  static final int EXT_INFO = 7;
  static final int KEXINIT = 20;
  static final int NEWKEYS = 21;
  static final int KEX_INIT = 30;
  static final int KEX_REPLY = 31;
  static final int USERAUTH_REQUEST = 50;
  static final int USERAUTH_FAILURE = 51;
  static final int USERAUTH_SUCCESS = 52;
  static final int USERAUTH_PK_OK = 60;
  static final int GLOBAL_REQUEST = 80;
  static final int REQUEST_SUCCESS = 81;
  static final int REQUEST_FAILURE = 82;
  static final int CHANNEL_OPEN = 90;
  static final int CHANNEL_OPEN_CONFIRMATION = 91;
  static final int CHANNEL_OPEN_FAILURE = 92;
  static final int CHANNEL_WINDOW_ADJUST = 93;
  static final int CHANNEL_DATA = 94;
  static final int CHANNEL_EOF = 96;
  static final int CHANNEL_CLOSE = 97;
  static final int CHANNEL_REQUEST = 98;
  static final int CHANNEL_SUCCESS = 99;
  static final int CHANNEL_FAILURE = 100;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Begins with its number. */
  static SshMessage of(int number) {
    return new SshMessage().u8(number);
  }

  /** Begins with nothing. */
  static SshMessage empty() {
    return new SshMessage();
  }

  SshMessage u8(int value) {
    bytes.write(value);
    return this;
  }

  SshMessage u32(int value) {
    return raw(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
  }

  SshMessage u64(long value) {
    return raw(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
  }

  /** Behind its length. */
  SshMessage string(byte[] value) {
    return u32(value.length).raw(value);
  }

  SshMessage string(String value) {
    return string(value.getBytes(StandardCharsets.UTF_8));
  }

  SshMessage raw(byte[] value) {
    bytes.writeBytes(value);
    return this;
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
