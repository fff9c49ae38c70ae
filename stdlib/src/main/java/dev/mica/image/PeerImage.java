package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * The one image that another Mica offers. Blobs come one after the other over one connection: who
 * asks for one waits until the blob before has come.
 */
final class PeerImage implements ImageSource {
  private final PeerStream stream;
  private final String label;
  private final Semaphore free = new Semaphore(1);
  private volatile boolean broken;

  PeerImage(PeerStream stream, String label) {
    this.stream = stream;
    this.label = label;
  }

  @Override
  public String label() {
    return label;
  }

  @Override
  public Document manifest(String tagOrDigest) {
    try {
      stream.say("image");
      List<String> said = stream.answer("image", 3);
      int length = (int) stream.number(said.get(2), Limits.DOCUMENT);
      return new Document(MediaTypes.bare(said.get(1)), stream.read(length));
    } catch (IOException gone) {
      throw MicaException.failed("read the manifest of", label, Why.of(gone)).because(gone);
    }
  }

  @Override
  public void wants(List<Descriptor> blobs) {
    long bytes = blobs.stream().mapToLong(Descriptor::size).reduce(0, PeerImage::sum);
    try {
      stream.say("want " + blobs.size() + " " + bytes);
    } catch (IOException gone) {
      throw MicaException.failed("fetch from", label, Why.of(gone)).because(gone);
    }
  }

  private static long sum(long a, long b) {
    return a > Long.MAX_VALUE / 10 - b ? Long.MAX_VALUE / 10 : a + b; // of 18 digits
  }

  @Override
  public Blob open(Descriptor blob, long from) throws IOException {
    acquire();
    boolean begun = false;
    try {
      if (broken) {
        throw new EOFException("the connection was closed");
      }
      broken = true; // until all of it has come
      stream.say("blob " + blob.digest() + " " + from);
      String length = stream.answer("blob", 2).get(1);
      if (stream.number(length, Long.MAX_VALUE) != blob.size() - from) {
        throw stream.wrong(
            "it has " + length + " bytes of " + blob.digest() + ", not " + (blob.size() - from));
      }
      begun = true;
      return new Blob(from, new Body(blob.size() - from));
    } finally {
      if (!begun) {
        free.release();
      }
    }
  }

  private void acquire() throws IOException {
    try {
      free.acquire();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("cancelled").initCause(stop);
    }
  }

  /** Says that the image is there now. */
  void done(String digest) throws IOException {
    stream.say("done " + digest);
  }

  @Override
  public void close() {}

  /** The bytes of a blob. Where not all of them are read, the connection is of no use any more. */
  private final class Body extends InputStream {
    private long left;
    private boolean closed;

    Body(long length) {
      left = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (left == 0 || length == 0) {
        return left == 0 ? -1 : 0;
      }
      int n = stream.read(into, offset, (int) Math.min(length, left));
      left -= n;
      return n;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        broken = left > 0;
        free.release();
      }
    }
  }
}
