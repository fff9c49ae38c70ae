package dev.mica.container;

import dev.mica.core.CoreError;
import dev.mica.failure.MicaException;
import dev.mica.text.Printable;
import java.nio.ByteBuffer;

/** What a guest says of a request that it could not do. It may say anything. */
final class GuestFailure {
  private static final int LONGEST = 512;

  private GuestFailure() {}

  static MicaException of(int errno, ByteBuffer reply, String doing, String shown) {
    String step = text(reply);
    String note = text(reply);
    return CoreError.told(errno, step, note, doing, shown);
  }

  private static String text(ByteBuffer reply) {
    int length = reply.remaining() < Integer.BYTES ? 0 : reply.getInt();
    byte[] text = new byte[Math.clamp(length, 0, Math.min(reply.remaining(), LONGEST))];
    reply.get(text);
    return Printable.of(text);
  }
}
