package dev.mica.remote;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A file that is read. Many parts of it are asked for before the first has come. Of a part that
 * comes short, at the end of a file or because the server gives less at once, the rest is asked for
 * again.
 */
final class SftpFile extends InputStream {
  /** A part that was asked for. */
  private record Part(int number, long at, int length) {}

  private final SftpClient client;
  private final String shown;
  private final byte[] handle;
  private final Deque<Part> parts = new ArrayDeque<>();
  private byte[] piece = {};
  private int at;
  private long next;
  private boolean over;

  /**
   * Of a server's open file.
   *
   * @param shown what messages call it
   * @param handle what the server calls it
   */
  SftpFile(SftpClient client, String shown, byte[] handle) {
    this.client = client;
    this.shown = shown;
    this.handle = handle;
  }

  private Part ask(long from, int length) throws IOException {
    return new Part(client.askForPart(handle, from, length), from, length);
  }

  private void fill() throws IOException {
    // Few at first: most files are small.
    int most = (int) Math.min(SftpClient.AHEAD, 2 + next / SftpClient.PIECE);
    while (parts.size() < most) {
      parts.add(ask(next, SftpClient.PIECE));
      next += SftpClient.PIECE;
    }
    Part part = parts.remove();
    SftpAnswer answer = client.await(part.number);
    over = answer.isEnd(SftpAnswer.DATA, shown);
    piece = over ? new byte[0] : answer.string();
    at = 0;
    if (!over && (piece.length == 0 || piece.length > part.length)) {
      throw new IOException(
          "the SFTP server sends " + piece.length + " bytes instead of " + part.length);
    }
    if (!over && piece.length < part.length) {
      parts.addFirst(ask(part.at + piece.length, part.length - piece.length));
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (at == piece.length && !over) {
      fill();
    }
    if (over) {
      return -1;
    }
    int n = Math.min(length, piece.length - at);
    System.arraycopy(piece, at, into, offset, n);
    at += n;
    return n;
  }

  @Override
  public void close() throws IOException {
    while (!parts.isEmpty()) {
      SftpAnswer _ = client.await(parts.remove().number);
    }
    client.close(handle, shown);
  }
}
