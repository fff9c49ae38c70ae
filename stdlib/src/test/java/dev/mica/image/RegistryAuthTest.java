package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.failure.MicaException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Passwords and tokens: who is shown them, and who is not. */
final class RegistryAuthTest extends RegistryTestBase {
  private static final String JOE = "Basic am9lOnBhc3M6d286cmQ=";

  private final TestRegistry registry = closed(TestRegistry.open(scratch));
  private final Faults proxy = closed(new Faults(registry.uri()));
  private final Faults other = closed(new Faults(registry.uri()));

  RegistryAuthTest() {
    TestImages.push(TestImages.layout(scratch, "image", 50_000), registry.host() + "/web:v1");
  }

  private String image() {
    return proxy.host() + "/web:v1";
  }

  /** The proxy wants tokens of {@code other}, which gives them to joe, each for one request. */
  private AtomicInteger wantTokens() {
    AtomicInteger number = new AtomicInteger();
    other.set((exchange, upstream) -> {
      boolean isJoe = JOE.equals(exchange.getRequestHeaders().getFirst("Authorization"));
      String query = exchange.getRequestURI().getRawQuery();
      String scope = URLDecoder.decode(query, StandardCharsets.UTF_8);
      boolean isComplete = scope.contains("service=a registry") && scope.contains("repository:web");
      String token = "token-" + number.incrementAndGet();
      Faults.send(
          exchange,
          isJoe && isComplete ? 200 : 401,
          "{\"token\":\"%s\",\"expires_in\":60}".formatted(token).getBytes(StandardCharsets.UTF_8));
      return true;
    });
    proxy.set((exchange, upstream) -> {
      String shown = exchange.getRequestHeaders().getFirst("Authorization");
      boolean isPing = exchange.getRequestURI().getPath().equals("/v2/");
      if (!isPing && ("Bearer token-" + number.get()).equals(shown)) {
        return false;
      }
      exchange
          .getResponseHeaders()
          .set(
              "WWW-Authenticate",
              "Bearer realm=\"http://" + other.host() + "/token\", service=\"a registry\"");
      Faults.send(exchange, 401, new byte[0]);
      return true;
    });
    return number;
  }

  @Test
  void aTokenIsGotWithThePasswordAndShownInstead() {
    login(proxy.host(), TestRegistry.PASSWORD);
    AtomicInteger tokens = wantTokens();
    pull(image());
    checkBlobs();
    assertThat(tokens.get()).isEqualTo(1);
    assertThat(proxy.asked()).noneMatch(asked -> asked.header("Authorization").startsWith("Basic"));
    assertThat(other.asked()).hasSize(1);
  }

  @Test
  void aTokenThatHasEndedIsGotAnew() {
    login(proxy.host(), TestRegistry.PASSWORD);
    AtomicInteger tokens = wantTokens();
    Registry reader = reader(image());
    ImageManifest manifest = ImageManifest.find(reader, "v1", AMD64);
    tokens.incrementAndGet(); // what was given is not taken any more
    pull(reader, manifest.self().digest());
    checkBlobs();
    assertThat(other.asked()).hasSize(2);
  }

  @Test
  void whoHasNoPasswordGetsNoToken() {
    wantTokens();
    MicaException failure = failure(() -> pull(image()));
    assertThat(failure.kind()).isEqualTo(MicaException.Kind.DENIED);
    assertThat(failure)
        .hasMessageContaining("cannot get a token for " + proxy.host() + "/web")
        .hasMessageContaining("log in: docker login " + proxy.host());
  }

  @Test
  void anotherHostIsNotShownWhatIsForThisOne() {
    login(proxy.host(), TestRegistry.PASSWORD);
    wantTokens();
    Faults storage = closed(new Faults(registry.uri()));
    Faults.Fault tokens = proxy.fault();
    proxy.set((exchange, upstream) -> {
      boolean isBlob = exchange.getRequestURI().getPath().contains("/blobs/");
      if (!isBlob) {
        return tokens.answers(exchange, upstream);
      }
      exchange
          .getResponseHeaders()
          .set("Location", "http://" + storage.host() + exchange.getRequestURI());
      Faults.send(exchange, 307, new byte[0]);
      return true;
    });
    pull(image());
    checkBlobs();
    List<Faults.Asked> asked = storage.asked();
    assertThat(asked).hasSize(2);
    assertThat(asked).allMatch(one -> one.header("Authorization").isEmpty());
    assertThat(proxy.asked("GET", "/blobs/"))
        .allMatch(one -> one.header("Authorization").startsWith("Bearer "));
  }

  @Test
  void anotherHostThatAsksForThePasswordDoesNotGetIt() {
    login(proxy.host(), TestRegistry.PASSWORD);
    Faults storage = closed(new Faults(registry.uri()));
    storage.set((exchange, upstream) -> {
      String realm = "http://" + storage.host() + "/token";
      exchange
          .getResponseHeaders()
          .set(
              "WWW-Authenticate",
              "Bearer realm=\"%s\",service=\"s\",scope=\"repository:web:pull\"".formatted(realm));
      exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"x\"");
      Faults.send(exchange, 401, new byte[0]);
      return true;
    });
    proxy.set((exchange, upstream) -> {
      if (!exchange.getRequestURI().getPath().contains("/blobs/")) {
        return false;
      }
      exchange
          .getResponseHeaders()
          .set("Location", "http://" + storage.host() + exchange.getRequestURI());
      Faults.send(exchange, 302, new byte[0]);
      return true;
    });
    failure(() -> pull(image()));
    assertThat(storage.asked()).isNotEmpty();
    assertThat(storage.asked()).allMatch(one -> one.header("Authorization").isEmpty());
    assertThat(storage.asked("GET", "/token")).isEmpty();
  }

  @Test
  void aRedirectWithoutEndEnds() {
    proxy.set((exchange, upstream) -> {
      if (!exchange.getRequestURI().getPath().contains("/manifests/")) {
        return false;
      }
      exchange.getResponseHeaders().set("Location", "v1"); // a relative one, to itself
      Faults.send(exchange, 301, new byte[0]);
      return true;
    });
    assertThat(failure(() -> pull(image()))).hasMessageContaining("redirects us more than 5 times");
    assertThat(proxy.asked("GET", "/manifests/")).hasSize(6);
  }

  @Test
  void plainHttpToAnotherMachineIsRefused() {
    proxy.set((exchange, upstream) -> {
      if (!exchange.getRequestURI().getPath().contains("/blobs/")) {
        return false;
      }
      exchange.getResponseHeaders().set("Location", "http://192.0.2.1/blob");
      Faults.send(exchange, 302, new byte[0]);
      return true;
    });
    assertThat(failure(() -> pull(image())))
        .hasMessageContaining("it sends us to 'http://192.0.2.1/blob', which does not use TLS");
  }
}
