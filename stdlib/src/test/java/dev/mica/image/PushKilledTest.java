package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.Exchange;
import dev.mica.test.Child;
import dev.mica.test.NeedsRoot;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Pushes during which Mica is killed, or the registry ends: there is the whole image or none, and
 * the next push makes it whole. More rounds with {@code -Dmica.rounds=N}.
 */
@NeedsRoot
final class PushKilledTest extends RegistryTestBase {
  private static final int ROUNDS = Integer.getInteger("mica.rounds", 2);
  private static final int SIZE = 1_500_000;
  private static final String OF_IMAGE = "loaded:v1";
  private static final String OF_FOLDER = "own:v1";

  /** So many requests a push of the smaller image needs at least. */
  private static final int REQUESTS = 8;

  private final long seed = Long.getLong("mica.seed", new Random().nextInt(1_000_000));
  private final Random random = new Random(seed);
  private final TestRegistry registry = closed(TestRegistry.open(scratch));
  private final Faults proxy = closed(new Faults(registry.uri()));
  private final HttpClient client = closed(HttpClient.newHttpClient());
  private final Mica mica =
      Mica.open(state.path())
          .as(Caller.of("joe", Role.OPERATOR, scratch.path("user"), environment));

  /** One has its blobs here already; the tar of the other's layer is made to be pushed. */
  PushKilledTest() {
    Path layout = TestImages.layout(scratch, "image", SIZE, SIZE, 1000);
    mica.commits().load(layout.toString(), Optional.of(OF_IMAGE), Optional.empty());
    mica.commits().importFolder(scratch.path("image-layer-0").toString(), OF_FOLDER);
  }

  /** What was sent, as bytes or as requests. */
  private enum Count {
    BYTES,
    REQUESTS
  }

  /**
   * Runs {@code kill} when so much was sent, in the middle of it or right after it; from then on
   * nothing comes through.
   *
   * @return whether it came to that
   */
  private AtomicBoolean killAfter(Count count, int most, Runnable kill) {
    AtomicInteger left = new AtomicInteger(random.nextInt(most));
    boolean arrives = random.nextBoolean();
    AtomicBoolean killed = new AtomicBoolean();
    proxy.set((exchange, upstream) -> {
      int size = length(exchange);
      int over = -left.addAndGet(count == Count.BYTES ? -size : -1);
      if (over <= 0) {
        return false;
      }
      if (killed.compareAndSet(false, true)) {
        if (arrives && size > 0) {
          int part = count == Count.BYTES ? size - over : size / 2;
          send(exchange, exchange.getRequestBody().readNBytes(part));
        } else if (arrives) {
          upstream.ask(); // whose answer nobody hears
        }
        kill.run();
      }
      throw new IOException("cut");
    });
    return killed;
  }

  private static int length(HttpExchange exchange) {
    String length = exchange.getRequestHeaders().getFirst("Content-Length");
    return length == null ? 0 : Integer.parseInt(length);
  }

  /** The part of a body that arrived. */
  private void send(HttpExchange exchange, byte[] part) throws IOException {
    HttpResponse<byte[]> _ =
        send(
            HttpRequest.newBuilder(registry.uri().resolve(exchange.getRequestURI().toString()))
                .header("Content-Type", exchange.getRequestHeaders().getFirst("Content-Type"))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(part)));
  }

  private HttpResponse<byte[]> get(String path) throws IOException {
    return send(
        HttpRequest.newBuilder(registry.uri().resolve("/v2/" + path))
            .header("Accept", MediaTypes.OCI_MANIFEST));
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request) throws IOException {
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }

  /** Whether there is an image of that name; then all of it is there. */
  private boolean isWhole(String repository) throws IOException {
    HttpResponse<byte[]> manifest = get(repository + "/manifests/v1");
    if (manifest.statusCode() == 404) {
      return false;
    }
    assertThat(manifest.statusCode()).isEqualTo(200);
    JsonNode json = JsonMapper.shared().readTree(manifest.body());
    List<JsonNode> blobs = new ArrayList<>();
    json.required("layers").forEach(blobs::add);
    blobs.add(json.required("config"));
    for (JsonNode blob : blobs) {
      String digest = blob.required("digest").asString();
      HttpResponse<byte[]> answer = get(repository + "/blobs/" + digest);
      assertThat(answer.statusCode()).as(digest).isEqualTo(200);
      assertThat(Digests.of(answer.body())).isEqualTo(digest);
    }
    return true;
  }

  private Commit commit(String ref) {
    return mica.commits().get(ref);
  }

  /** Nothing of the one before is in its way, and nothing is left of either. */
  private void pushAgain(String ref, String repository) throws IOException {
    proxy.mend();
    Exchange.Pushed pushed = commit(ref).push(to(repository));
    assertThat(isWhole(repository)).isTrue();
    assertThat(TestImages.digest(registry.host() + "/" + repository + ":v1"))
        .isEqualTo(pushed.manifest());
    assertThat(state.path().resolve("journal")).isEmptyDirectory();
    assertThat(commit(ref).verify()).noneMatch(Commit.Verified::isBad);
    mica.commits().gc();
    assertThat(parts()).isEmpty();
    checkBlobs();
  }

  private String to(String repository) {
    return proxy.host() + "/" + repository + ":v1";
  }

  @Test
  void micaIsKilled() throws Exception {
    System.out.println("PushKilledTest: -Dmica.seed=" + seed);
    for (int i = 0; i < ROUNDS; i++) {
      String round = "round " + i + " of seed " + seed;
      String ref = random.nextBoolean() ? OF_FOLDER : OF_IMAGE;
      String repository = "mica-killed-" + i;
      Count count = random.nextBoolean() ? Count.BYTES : Count.REQUESTS;
      AtomicReference<Process> child = new AtomicReference<>();
      AtomicBoolean killed =
          killAfter(
              count,
              count == Count.BYTES ? 2 * SIZE : 2 * REQUESTS,
              () -> child.get().destroyForcibly().onExit().join());
      child.set(
          Child.start(
              Child.command(
                  PushChild.class,
                  state.path(),
                  scratch.path("registries.conf"),
                  ref,
                  to(repository))));
      int status = child.get().waitFor();
      boolean whole = isWhole(repository);
      assertThat(status).as(round).isEqualTo(killed.get() ? 137 : 0);
      assertThat(whole || killed.get()).as(round).isTrue();
      pushAgain(ref, repository);
    }
  }

  @Test
  void theRegistryEnds() throws Exception {
    System.out.println("PushKilledTest, registry: -Dmica.seed=" + seed);
    for (int i = 0; i < (ROUNDS + 1) / 2; i++) {
      String round = "round " + i + " of seed " + seed;
      String ref = random.nextBoolean() ? OF_IMAGE : OF_FOLDER;
      String repository = "registry-killed-" + i;
      Count count = random.nextBoolean() ? Count.BYTES : Count.REQUESTS;
      boolean byForce = random.nextBoolean();
      AtomicBoolean killed =
          killAfter(count, count == Count.BYTES ? SIZE : REQUESTS, () -> registry.end(byForce));
      assertThat(failure(() -> commit(ref).push(to(repository))))
          .as(round)
          .hasMessageContaining(proxy.host());
      assertThat(killed).as(round).isTrue();
      assertThat(state.path().resolve("journal")).as(round).isEmptyDirectory();
      registry.startAgain();
      proxy.lead(registry.uri());
      assertThat(isWhole(repository)).as(round).isFalse();
      pushAgain(ref, repository);
    }
  }

  /** The other two of three layers and a configuration are sent. */
  @Test
  void whatWasSentIsNotSentAgain() throws IOException {
    AtomicInteger done = new AtomicInteger();
    Object oneAtATime = new Object();
    proxy.set((exchange, upstream) -> {
      if (!exchange.getRequestMethod().equals("PUT")) {
        return false;
      }
      synchronized (oneAtATime) {
        if (done.get() == 2) {
          Faults.send(exchange, 403, new byte[0]);
          return true;
        }
        HttpResponse<byte[]> answer = upstream.ask();
        Faults.copyHeaders(answer, exchange);
        Faults.send(exchange, answer.statusCode(), answer.body());
        done.incrementAndGet();
        return true;
      }
    });
    assertThat(failure(() -> commit(OF_IMAGE).push(to("again")))).hasMessageContaining("push");
    assertThat(isWhole("again")).isFalse();
    assertThat(proxy.asked("PATCH", "")).hasSizeGreaterThan(2);
    proxy.forget();
    pushAgain(OF_IMAGE, "again");
    assertThat(proxy.asked("PATCH", "")).hasSize(2);
  }
}
