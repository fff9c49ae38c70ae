package dev.mica.image;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint of a registry: how it is reached, which credentials it gets, how its redirects are
 * followed, and when a request is repeated. Its credentials are sent to no other host, even if it
 * redirects us.
 */
final class Connection implements AutoCloseable {
  private static final int REDIRECTS = 5;
  private static final String HTTP = "http";
  private static final String HTTPS = "https";

  private final Endpoint endpoint;
  private final Wire wire;
  private final Authorization authorization;

  // Guarded by this.
  private @Nullable URI base;

  /**
   * @param scopes the permissions that are needed there: {@code repository:NAME:pull}
   * @param environment the environment of the caller
   */
  Connection(Endpoint endpoint, List<String> scopes, Map<String, String> environment) {
    this.endpoint = endpoint;
    this.wire = new Wire(Certificates.context(endpoint, environment));
    this.authorization =
        new Authorization(
            endpoint, Credentials.of(endpoint, environment), scopes, wire, this::mayBeTold);
  }

  /**
   * A request.
   *
   * @param body made again each time that it is sent
   */
  record Ask(
      String method,
      URI uri,
      Map<String, String> headers,
      Supplier<HttpRequest.BodyPublisher> body,
      Duration patience) {
    static Ask of(String method, URI uri, Map<String, String> headers) {
      return new Ask(method, uri, headers, HttpRequest.BodyPublishers::noBody, Wire.PATIENCE);
    }
  }

  Endpoint endpoint() {
    return endpoint;
  }

  /** The URI of a path below {@code /v2/} of the endpoint. */
  URI uri(String path) {
    return base().resolve("/v2/" + path);
  }

  /** The same bytes; reading fails if none arrive for a while. */
  InputStream watched(InputStream body) {
    return wire.watched(body);
  }

  /**
   * Returns the answer, whose body must be closed. If the registry is busy, the request is
   * repeated.
   *
   * @throws IOException if the connection broke and repeating the request did not help
   */
  HttpResponse<InputStream> ask(Ask ask) throws IOException {
    BackOff backOff = new BackOff();
    while (true) {
      Optional<HttpResponse<?>> busy = Optional.empty();
      try {
        HttpResponse<InputStream> answer = askOnce(ask);
        if (!BackOff.isBusy(answer)) {
          return answer;
        }
        busy = Optional.of(answer);
        if (!backOff.waits(busy)) {
          return answer;
        }
        answer.body().close();
      } catch (IOException broken) {
        if (isFinal(broken) || !backOff.waits(busy)) {
          throw broken;
        }
      }
    }
  }

  /**
   * The same, but the request is not repeated: for a body that must not be sent twice from its
   * beginning.
   */
  HttpResponse<InputStream> askOnce(Ask ask) throws IOException {
    URI uri = ask.uri();
    boolean renewed = false;
    for (int redirects = 0; redirects <= REDIRECTS; ) {
      boolean home = isHome(uri);
      String shown = home ? authorization.header() : null;
      HttpResponse<InputStream> answer = wire.send(request(ask, uri, shown));
      if (home && answer.statusCode() == 401 && !renewed) {
        renewed = true;
        if (!authorization.renew(answer.headers().allValues("WWW-Authenticate"), shown)) {
          return answer;
        }
        answer.body().close();
      } else if (isRedirect(ask, answer)) {
        redirects++;
        uri = location(answer).orElseThrow(() -> new IOException("it redirects to nowhere"));
        answer.body().close();
      } else {
        return answer;
      }
    }
    throw MicaException.failed(
        "ask", endpoint.label(), "it redirects us more than " + REDIRECTS + " times");
  }

  private static HttpRequest request(Ask ask, URI uri, @Nullable String shown) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri).timeout(ask.patience()).method(ask.method(), ask.body().get());
    request.header("User-Agent", "mica");
    ask.headers().forEach(request::header);
    if (shown != null) {
      request.header("Authorization", shown);
    }
    return request.build();
  }

  private static boolean isRedirect(Ask ask, HttpResponse<?> answer) {
    boolean reads = ask.method().equals("GET") || ask.method().equals("HEAD");
    return reads
        && switch (answer.statusCode()) {
          case 301, 302, 303, 307, 308 -> true;
          default -> false;
        };
  }

  /** The URI at which the answer says to go on; fails if that cannot be trusted. */
  Optional<URI> location(HttpResponse<?> answer) {
    Optional<String> text = answer.headers().firstValue("Location");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI uri = answer.uri().resolve(text.get());
      if (uri.getHost() != null && mayBeTold(uri)) {
        return Optional.of(uri);
      }
    } catch (IllegalArgumentException wrong) {
      throw elsewhere(text.get(), "which is no URI").because(wrong);
    }
    throw elsewhere(text.get(), "which does not use TLS");
  }

  private MicaException elsewhere(String text, String why) {
    return MicaException.failed("ask", endpoint.label(), "it sends us to '" + text + "', " + why);
  }

  /**
   * Plain HTTP is allowed for this machine, and for hosts for which the configuration allows it.
   */
  private boolean mayBeTold(URI uri) {
    if (HTTPS.equals(uri.getScheme())) {
      return true;
    }
    boolean isHere = new Endpoint(uri.getRawAuthority(), "", false).isLoopback();
    return HTTP.equals(uri.getScheme())
        && (endpoint.insecure() || (isHere && endpoint.isLoopback()));
  }

  private boolean isHome(URI uri) {
    URI home = base();
    return home.getScheme().equals(uri.getScheme())
        && home.getHost().equalsIgnoreCase(uri.getHost())
        && port(home) == port(uri);
  }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) {
      return uri.getPort();
    }
    return uri.getScheme().equals(HTTPS) ? 443 : 80;
  }

  /**
   * How the endpoint is reached. This is found out once, by its answer to a request without
   * credentials.
   */
  private synchronized URI base() {
    if (base != null) {
      return base;
    }
    List<IOException> failures = new ArrayList<>();
    for (String scheme : schemes()) {
      URI home = endpoint.at(scheme);
      try {
        if (answers(home)) {
          base = home;
          return home;
        }
      } catch (IOException broken) {
        failures.add(broken);
      }
    }
    throw failures.isEmpty()
        ? MicaException.failed("reach", endpoint.host(), "it speaks neither HTTP nor TLS")
        : unreachable(failures.getFirst());
  }

  private List<String> schemes() {
    if (endpoint.isLoopback()) {
      return List.of(HTTP, HTTPS);
    }
    return endpoint.insecure() ? List.of(HTTPS, HTTP) : List.of(HTTPS);
  }

  private boolean answers(URI home) throws IOException {
    URI ping = home.resolve("/v2/");
    HttpResponse<InputStream> answer =
        wire.send(request(Ask.of("GET", ping, Map.of()), ping, null));
    answer.body().close();
    // A TLS server answers a client without TLS in this way.
    boolean isOther = HTTP.equals(home.getScheme()) && answer.statusCode() == 400;
    if (answer.statusCode() == 401) {
      authorization.renew(answer.headers().allValues("WWW-Authenticate"), null);
    }
    return !isOther;
  }

  private static boolean isFinal(IOException broken) {
    return broken instanceof ConnectException
        || broken instanceof HttpConnectTimeoutException
        || broken instanceof UnknownHostException
        || broken instanceof SSLException;
  }

  /** The error for a connection that broke. */
  MicaException unreachable(IOException broken) {
    boolean unknown =
        broken instanceof UnknownHostException
            || broken.getCause() instanceof UnresolvedAddressException
            || (broken.getCause() != null
                && broken.getCause().getCause() instanceof UnresolvedAddressException);
    MicaException failure =
        MicaException.failed("reach the registry", endpoint.host(), why(broken, unknown))
            .because(broken);
    if (broken instanceof SSLException) {
      return failure.hint(
          "put its authority's certificate into /etc/containers/certs.d/" + endpoint.host());
    }
    return failure.hint(
        unknown ? "see whether the name is right" : "see whether it runs and can be reached");
  }

  private static String why(IOException broken, boolean unknown) {
    if (unknown) {
      return "there is no host of that name";
    }
    if (broken instanceof ConnectException) {
      return "nothing answers there";
    }
    String message = String.valueOf(broken.getMessage());
    return message.contains("received no bytes")
        ? "it closed the connection without an answer"
        : "the connection broke: " + message;
  }

  @Override
  public void close() {
    wire.close();
  }
}
