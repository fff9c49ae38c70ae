package dev.mica.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Stands before a registry that works, and answers in its place where a fault says so; keeps what
 * it was asked. Another one of these, on its own port, is another host.
 */
final class Faults implements AutoCloseable {
  private static final Set<String> OF_CONNECTION =
      Set.of("connection", "content-length", "host", "transfer-encoding", "upgrade", "expect");

  /** What it was asked, and how many bytes of a body it has sent. */
  record Asked(String method, String path, Map<String, String> headers, long sent) {
    String header(String name) {
      return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }
  }

  /** Answers in the place of the registry. */
  @FunctionalInterface
  interface Fault {
    /** Whether it has; where not, {@code exchange} is as it was. */
    boolean answers(HttpExchange exchange, Upstream upstream) throws IOException;
  }

  /** What the registry itself says. */
  @FunctionalInterface
  interface Upstream {
    /** {@code without}: headers that it is not told. */
    HttpResponse<byte[]> ask(String... without) throws IOException;
  }

  /** Of the exchange that the thread is at. */
  private static final ThreadLocal<Long> SENT = ThreadLocal.withInitial(() -> 0L);

  private final HttpServer server;
  private volatile URI upstream;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Asked> asked = new CopyOnWriteArrayList<>();

  /** Held by each answer that is under way: who has one may ask before it is noted. */
  private final ReentrantReadWriteLock underWay = new ReentrantReadWriteLock();

  private volatile Fault fault = (exchange, registry) -> false;

  Faults(URI upstream) {
    this.upstream = upstream;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** From now on. */
  void set(Fault next) {
    fault = next;
  }

  /** Stands before that registry, from now on. */
  void lead(URI to) {
    upstream = to;
  }

  /** The one that is set. */
  Fault fault() {
    return fault;
  }

  /** As the registry answers, from now on. */
  void mend() {
    set((exchange, registry) -> false);
  }

  List<Asked> asked() {
    if (underWay.getReadHoldCount() > 0) {
      return List.copyOf(asked);
    }
    underWay.writeLock().lock();
    try {
      return List.copyOf(asked);
    } finally {
      underWay.writeLock().unlock();
    }
  }

  /** What was asked with a path that has that in it. */
  List<Asked> asked(String method, String part) {
    return asked().stream()
        .filter(one -> one.method().equals(method) && one.path().contains(part))
        .toList();
  }

  void forget() {
    asked.clear();
  }

  private void handle(HttpExchange exchange) throws IOException {
    Map<String, String> headers = new TreeMap<>();
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
    SENT.set(0L);
    underWay.readLock().lock();
    try {
      if (!fault.answers(exchange, without -> forward(exchange, without))) {
        HttpResponse<byte[]> answer = forward(exchange);
        copyHeaders(answer, exchange);
        send(exchange, answer.statusCode(), answer.body());
      }
    } finally {
      asked.add(
          new Asked(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              headers,
              SENT.get()));
      underWay.readLock().unlock();
      exchange.close();
    }
  }

  /** Sends a whole body; one of HEAD has the length of what GET would have. */
  static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    boolean none = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
    exchange.sendResponseHeaders(status, none ? -1 : body.length);
    if (!none) {
      write(exchange, body, body.length);
    }
  }

  /** Sends so much of a body. */
  static void write(HttpExchange exchange, byte[] body, int count) throws IOException {
    SENT.set((long) count);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body, 0, count);
    }
  }

  static void copyHeaders(HttpResponse<byte[]> answer, HttpExchange exchange) {
    answer
        .headers()
        .map()
        .forEach((name, values) -> {
          if (!OF_CONNECTION.contains(name.toLowerCase(Locale.ROOT))) {
            values.forEach(value -> exchange.getResponseHeaders().add(name, value));
          }
        });
    boolean isHead = exchange.getRequestMethod().equals("HEAD");
    answer
        .headers()
        .firstValue("Content-Length")
        .filter(length -> isHead)
        .ifPresent(length -> exchange.getResponseHeaders().set("Content-Length", length));
  }

  private HttpResponse<byte[]> forward(HttpExchange exchange, String... without)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(upstream.resolve(exchange.getRequestURI().toString()));
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> {
          if (!OF_CONNECTION.contains(name.toLowerCase(Locale.ROOT))
              && !List.of(without).contains(name)) {
            values.forEach(value -> request.header(name, value));
          }
        });
    byte[] body;
    try (InputStream in = exchange.getRequestBody()) {
      body = in.readAllBytes();
    }
    request.method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    client.shutdownNow();
  }
}
