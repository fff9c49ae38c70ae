package dev.mica.local;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.ShortSocketPath;
import dev.mica.vm.stream.Frames;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs commands of processes of the same user on this host, who then need no JVM of their own.
 * Which of the two has run a command cannot be told by what it does: whoever could tell is refused,
 * and runs it itself.
 */
public final class LocalServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalServer.class);
  private static final int BACKLOG = 128;

  /** No facts, a folder, no terminal, no words, no variables. */
  private static final byte[] OF_NO_PROCESS =
      String.join("\0", "", "/", "000 0 0 ", "0", "0", "").getBytes(StandardCharsets.US_ASCII);

  /** How long commands may go on when the server ends. */
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private final LocalReceiver receiver;
  private final String facts;
  private final Path socket;
  private final ServerSocketChannel listening;
  private final Set<Running> running = ConcurrentHashMap.newKeySet();

  private record Running(Thread thread, LocalVisit visit) {}

  private LocalServer(
      LocalReceiver receiver, String facts, Path socket, ServerSocketChannel listening) {
    this.receiver = receiver;
    this.facts = facts;
    this.socket = socket;
    this.listening = listening;
  }

  /**
   * Begins. Whoever calls this has the right to serve the state directory, so that what is left of
   * an earlier server is in nobody's use.
   *
   * @param folder the server's own, in which only its user can make anything
   */
  public static LocalServer start(Path folder, LocalReceiver receiver) {
    Path socket = folder.resolve("socket");
    try {
      Path lib = Objects.requireNonNull(Path.of(System.getProperty("mica.core")).getParent());
      String facts = Facts.ofProcess(lib, System.getenv());
      Files.deleteIfExists(socket);
      ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      ShortSocketPath.with(
          socket, path -> listening.bind(UnixDomainSocketAddress.of(path), BACKLOG));
      LocalServer server = new LocalServer(receiver, facts, socket, listening);
      Thread.ofPlatform().daemon().name("mica-local").start(server::accept);
      return server;
    } catch (IOException broken) {
      throw MicaException.failed("listen at", socket, Why.of(broken)).because(broken);
    }
  }

  private void accept() {
    try {
      while (true) {
        begin(listening.accept());
      }
    } catch (IOException over) {
      LOG.debug("no more local commands", over);
    }
  }

  private void begin(SocketChannel connection) {
    try {
      Frames frames = Frames.of(connection);
      Thread.ofPlatform()
          .daemon()
          .name("mica-local-command")
          .start(() -> serve(connection, frames));
    } catch (IOException | OutOfMemoryError none) {
      LOG.warn("a local command cannot be served", none);
    }
  }

  private void serve(SocketChannel connection, Frames frames) {
    LocalVisit visit = new LocalVisit(frames);
    Running one = new Running(Thread.currentThread(), visit);
    try (frames) {
      requireOwn(connection);
      if (isServed(visit.readRequest())) {
        running.add(one);
        visit.run(receiver);
      } else {
        visit.refuse();
      }
    } catch (IOException gone) {
      LOG.debug("a local command has gone", gone);
    } catch (InterruptedException over) {
      LOG.debug("a local command was ended", over);
    } finally {
      running.remove(one);
    }
  }

  /** The folder lets in nobody else but root, who may do this in a process of its own. */
  private void requireOwn(SocketChannel connection) throws IOException {
    UserPrincipal peer = connection.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    UserPrincipal own = Files.getOwner(Objects.requireNonNull(socket.getParent()));
    if (!peer.equals(own)) {
      throw new IOException("it is of " + peer.getName() + ", and not of " + own.getName());
    }
  }

  private boolean isServed(LocalRequest request) {
    if (!request.facts().equals(facts)) {
      LOG.debug("a process that is another one than the server's: {}", request.facts());
      return false;
    }
    return receiver.accepts(request.words());
  }

  /**
   * Fails unless it answers a request within that time: here, that it does not run it, because the
   * request is of no process.
   */
  public void requireAnswer(Duration limit) throws IOException {
    FutureTask<Character> answer = new FutureTask<>(this::answer);
    Thread.ofVirtual().name("mica-local-check").start(answer);
    try {
      char type = answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
      if (type != 'N') {
        throw new IOException("it answers with " + (int) type);
      }
    } catch (TimeoutException silent) {
      answer.cancel(true);
      throw new IOException("nothing answers local commands within " + limit, silent);
    } catch (ExecutionException failed) {
      throw new IOException("local commands are not served: " + failed.getCause(), failed);
    } catch (InterruptedException stop) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("cancelled").initCause(stop);
    }
  }

  private char answer() throws IOException, InterruptedException {
    SocketChannel asking =
        ShortSocketPath.with(socket, path -> SocketChannel.open(UnixDomainSocketAddress.of(path)));
    try (Frames frames = Frames.of(asking)) {
      frames.send('Q', OF_NO_PROCESS, 0, OF_NO_PROCESS.length);
      frames.send('Q', OF_NO_PROCESS, 0, 0);
      return frames.next().type();
    }
  }

  /** Lets nothing begin any more, and waits some seconds for what runs. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(socket);
      listening.close();
      drain();
    } catch (IOException broken) {
      throw MicaException.failed("close", socket, Why.of(broken)).because(broken);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }

  private void drain() throws InterruptedException {
    long deadline = System.nanoTime() + DRAIN.toNanos();
    for (Running each : running) {
      boolean _ = each.thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
    }
    running.forEach(each -> each.visit.leave());
  }
}
