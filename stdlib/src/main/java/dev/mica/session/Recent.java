package dev.mica.session;

import java.util.Arrays;

/** The last of what a terminal was shown, from the beginning of a line on. */
final class Recent {
  private static final int MOST = 16 << 10;

  private final byte[] ring = new byte[MOST];
  private long all;

  void add(byte[] bytes, int offset, int length) {
    int from = Math.max(0, length - MOST);
    for (int i = from; i < length; i++) {
      ring[(int) ((all + i) % MOST)] = bytes[offset + i];
    }
    all += length;
  }

  byte[] bytes() {
    int length = (int) Math.min(all, MOST);
    byte[] last = new byte[length];
    for (int i = 0; i < length; i++) {
      last[i] = ring[(int) ((all - length + i) % MOST)];
    }
    return all <= MOST ? last : Arrays.copyOfRange(last, lineBegin(last), length);
  }

  /** Behind the first line's end: what stands before may be the rest of a control sequence. */
  private static int lineBegin(byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        return i + 1;
      }
    }
    return bytes.length;
  }
}
