package dev.mica.image;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/**
 * Sends requests, of which each may be waited for so long only. Over HTTP/1.1: the streams of one
 * connection of HTTP/2 would share what its window lets through.
 */
final class Wire implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(15);

  /** How long an answer, or a piece of one, may let itself be waited for. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final long LOOK_SECONDS = 5;
  private static final int PIECE = 64 << 10;

  private final HttpClient client;
  private final ScheduledThreadPoolExecutor watch;

  Wire(SSLContext context) {
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .sslContext(context)
            .build();
    this.watch =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("registry-watch").unstarted(task));
  }

  /**
   * The answer, whose body is to be closed.
   *
   * @throws CancellationException if the thread is interrupted meanwhile
   */
  HttpResponse<InputStream> send(HttpRequest request) throws IOException {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (CancellationException)
          new CancellationException("cancelled: ask " + request.uri().getHost()).initCause(stop);
    }
  }

  /** The same bytes; reading fails where none come for a while. */
  InputStream watched(InputStream body) {
    return new Watched(body, watch);
  }

  @Override
  public void close() {
    watch.shutdownNow();
    client.shutdownNow();
  }

  /** The JDK has no time limit for the bytes of a body, so it is closed from another thread. */
  private static final class Watched extends FilterInputStream {
    private final ScheduledFuture<?> looking;
    private volatile long last = System.nanoTime();
    private volatile boolean stalled;

    Watched(InputStream body, ScheduledThreadPoolExecutor watch) {
      super(body);
      looking =
          watch.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    private void look() {
      if (System.nanoTime() - last > PATIENCE.toNanos()) {
        stalled = true;
        try {
          in.close();
        } catch (IOException closed) {
          return; // the reader is told all the same
        }
      }
    }

    @Override
    public int read() throws IOException {
      return looked(in.read());
    }

    @Override
    public int read(byte[] buffer, int from, int length) throws IOException {
      return looked(in.read(buffer, from, length));
    }

    /**
     * In pieces: that of the JDK comes back when all is skipped, and it would look like a stall.
     */
    @Override
    public long skip(long count) throws IOException {
      byte[] skipped = new byte[Math.clamp(count, 0, PIECE)];
      return Math.max(0, read(skipped, 0, skipped.length));
    }

    private int looked(int got) throws IOException {
      if (stalled) {
        throw new IOException("nothing came for " + PATIENCE.toSeconds() + " s");
      }
      last = System.nanoTime();
      return got;
    }

    @Override
    public void close() throws IOException {
      looking.cancel(false);
      super.close();
    }
  }
}
