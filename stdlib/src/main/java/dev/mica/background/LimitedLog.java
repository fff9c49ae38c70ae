package dev.mica.background;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Keeps so many bytes, and then one line that says so. A job goes on when nothing of what it prints
 * can be kept any more, because nobody waits for that.
 */
final class LimitedLog extends FilterOutputStream {
  private long left;

  LimitedLog(OutputStream out, long most) {
    super(out);
    this.left = most;
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    if (left <= 0) {
      return;
    }
    int kept = (int) Math.min(left, length);
    out.write(bytes, offset, kept);
    left -= kept;
    if (left == 0) {
      out.write("\nmica: more is not kept\n".getBytes(StandardCharsets.UTF_8));
    }
  }

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }
}
