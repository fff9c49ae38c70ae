package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A registry that lies, breaks off and is busy: after each fault nothing can be seen that is not
 * whole, and the next try, with an honest registry, gets what was meant.
 */
final class RegistryFaultsTest extends RegistryTestBase {
  private final TestRegistry registry = closed(TestRegistry.open(scratch));
  private final Faults proxy = closed(new Faults(registry.uri()));
  private ImageManifest honest;
  private Descriptor big;

  RegistryFaultsTest() {
    TestImages.push(
        TestImages.layout(scratch, "image", 4_000_000, 1000), registry.host() + "/web:v1");
    honest = ImageManifest.find(reader(registry.host() + "/web:v1"), "v1", AMD64);
    big = honest.layers().getFirst();
  }

  @BeforeEach
  void forget() {
    proxy.forget();
  }

  private String image() {
    return proxy.host() + "/web:v1";
  }

  /** Of the layer with the noise, whole or a part; everything else is as it is. */
  private Faults.Fault ofBig(Faults.Fault fault) {
    return (exchange, upstream) ->
        exchange.getRequestMethod().equals("GET")
            && exchange.getRequestURI().getPath().endsWith(big.digest())
            && fault.answers(exchange, upstream);
  }

  private Faults.Fault ofManifest(Faults.Fault fault) {
    return (exchange, upstream) ->
        exchange.getRequestURI().getPath().contains("/manifests/")
            && fault.answers(exchange, upstream);
  }

  /** The pull fails so, and then goes well. */
  private MicaException failsAndIsMended() {
    MicaException failure = failure(() -> pull(image()));
    checkBlobs();
    assertThat(blobs.find(big)).isEmpty();
    proxy.forget();
    proxy.mend();
    pull(image());
    checkBlobs();
    assertThat(blobs.digests()).hasSize(3);
    assertThat(parts()).isEmpty();
    return failure;
  }

  private long bytesOfBigAsked() {
    return proxy.asked("GET", big.digest()).stream().mapToLong(Faults.Asked::sent).sum();
  }

  @Test
  void wrongBytes() {
    proxy.set(
        ofBig((exchange, upstream) -> {
          HttpResponse<byte[]> answer = upstream.ask();
          byte[] body = answer.body();
          body[body.length / 2] ^= 1;
          Faults.copyHeaders(answer, exchange);
          Faults.send(exchange, 200, body);
          return true;
        }));
    assertThat(failsAndIsMended())
        .hasMessageContaining("cannot fetch the blob " + big.digest() + " from")
        .hasMessageContaining("its bytes have the digest sha256:");
    assertThat(bytesOfBigAsked()).isEqualTo(big.size());
  }

  @Test
  void anotherBlob() {
    proxy.set(
        ofBig((exchange, upstream) -> {
          HttpResponse<byte[]> answer = upstream.ask();
          Faults.copyHeaders(answer, exchange);
          exchange.getResponseHeaders().set("Docker-Content-Digest", honest.config().digest());
          Faults.send(exchange, 200, answer.body());
          return true;
        }));
    assertThat(failsAndIsMended()).hasMessageContaining("it sends another blob");
  }

  @Test
  void cutInTheMiddleEachTime() {
    AtomicInteger cuts = new AtomicInteger();
    int most = 3_000_000; // of each connection that comes early enough
    proxy.set(
        ofBig((exchange, upstream) -> {
          HttpResponse<byte[]> answer = upstream.ask();
          Faults.copyHeaders(answer, exchange);
          exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
          int count = cuts.getAndIncrement() == 0 ? most : 0;
          exchange.getResponseBody().write(answer.body(), 0, count);
          exchange.getResponseBody().flush();
          return true;
        }));
    MicaException failure = failure(() -> pull(image()));
    assertThat(failure)
        .hasMessageContaining(" of its " + big.size() + " bytes came: ")
        .hasMessageContaining("try again: it goes on from there");
    assertThat(cuts.get()).isGreaterThan(1);
    assertThat(blobs.find(big)).isEmpty();
    long kept = parts().getOrDefault(big.hex(), 0L);
    assertThat(kept).isBetween(1L, (long) most);

    proxy.forget();
    proxy.mend();
    pull(image());
    checkBlobs();
    List<Faults.Asked> asked = proxy.asked("GET", big.digest());
    assertThat(asked).hasSize(1);
    assertThat(asked.getFirst().header("Range")).isEqualTo("bytes=" + kept + "-");
    assertThat(bytesOfBigAsked()).isEqualTo(big.size() - kept);
  }

  @Test
  void cutOnceIsMendedAtOnce() {
    AtomicInteger cuts = new AtomicInteger();
    proxy.set(
        ofBig((exchange, upstream) -> {
          if (cuts.getAndIncrement() > 0) {
            return false;
          }
          HttpResponse<byte[]> answer = upstream.ask();
          Faults.copyHeaders(answer, exchange);
          exchange.sendResponseHeaders(200, answer.body().length);
          exchange.getResponseBody().write(answer.body(), 0, answer.body().length / 2);
          exchange.getResponseBody().flush();
          return true;
        }));
    pull(image());
    checkBlobs();
    assertThat(cuts.get()).isEqualTo(2);
    assertThat(blobs.find(big)).isPresent();
  }

  @Test
  void aServerThatKnowsNoRangesIsReadAgain() {
    cutInTheMiddleOnce();
    proxy.set(
        ofBig((exchange, upstream) -> {
          HttpResponse<byte[]> answer = upstream.ask("Range");
          Faults.copyHeaders(answer, exchange);
          Faults.send(exchange, 200, answer.body());
          return true;
        }));
    pull(image());
    checkBlobs();
    assertThat(blobs.find(big)).isPresent();
  }

  /** A part of the layer is there afterwards. */
  private void cutInTheMiddleOnce() {
    proxy.set(
        ofBig((exchange, upstream) -> {
          HttpResponse<byte[]> answer = upstream.ask();
          Faults.copyHeaders(answer, exchange);
          exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
          exchange
              .getResponseBody()
              .write(answer.body(), 0, Math.min(500_000, answer.body().length));
          exchange.getResponseBody().flush();
          return true;
        }));
    failure(() -> pull(image()));
    assertThat(parts().get(big.hex())).isPositive();
  }

  @Test
  void aPartThatIsWrongIsFetchedAnew() throws IOException {
    cutInTheMiddleOnce();
    Path part = state.path().resolve("blobs/parts").resolve(big.hex());
    byte[] bytes = Files.readAllBytes(part);
    bytes[10] ^= 1;
    Files.write(part, bytes);
    proxy.mend();
    pull(image());
    checkBlobs();
    assertThat(blobs.find(big)).isPresent();
  }

  @Test
  void longerThanItsManifestSays() {
    proxy.set(
        ofBig((exchange, upstream) -> {
          byte[] body = Arrays.copyOf(upstream.ask().body(), (int) big.size() + 10);
          exchange.sendResponseHeaders(200, 0); // in chunks, without a length
          Faults.write(exchange, body, body.length);
          return true;
        }));
    assertThat(failsAndIsMended())
        .hasMessageContaining("it is longer than the " + big.size() + " bytes");
  }

  @Test
  void aWrongLength() {
    proxy.set(
        ofBig((exchange, upstream) -> {
          byte[] body = Arrays.copyOf(upstream.ask().body(), (int) big.size() - 10);
          Faults.send(exchange, 200, body);
          return true;
        }));
    assertThat(failsAndIsMended())
        .hasMessageContaining(
            "it has " + (big.size() - 10) + " bytes, and its manifest says " + big.size());
  }

  @Test
  void busyForAWhile() {
    AtomicInteger times = new AtomicInteger();
    proxy.set((exchange, upstream) -> {
      if (times.getAndIncrement() % 2 == 1) {
        return false;
      }
      exchange.getResponseHeaders().set("Retry-After", "0");
      Faults.send(exchange, times.get() % 4 == 1 ? 429 : 503, new byte[0]);
      return true;
    });
    pull(image());
    checkBlobs();
    assertThat(blobs.digests()).hasSize(3);
  }

  @Test
  void busyForLong() {
    proxy.set(
        ofBig((exchange, upstream) -> {
          exchange.getResponseHeaders().set("Retry-After", "86400");
          Faults.send(exchange, 429, new byte[0]);
          return true;
        }));
    assertThat(failsAndIsMended())
        .hasMessageContaining("has too many requests and wants to be left alone for 86400 s");
  }

  @Test
  void brokenInside() {
    AtomicInteger times = new AtomicInteger();
    proxy.set(
        ofBig((exchange, upstream) -> {
          times.getAndIncrement();
          exchange.getResponseHeaders().set("Retry-After", "0");
          Faults.send(
              exchange,
              500,
              "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"disk\\nfull\"}]}"
                  .getBytes(StandardCharsets.UTF_8));
          return true;
        }));
    assertThat(failsAndIsMended()).hasMessageContaining("answers with status 500: disk\\nfull");
    assertThat(times.get()).isEqualTo(5);
  }

  @Test
  void aManifestThatIsAnother() {
    proxy.set(
        ofManifest((exchange, upstream) -> {
          HttpResponse<byte[]> answer = upstream.ask();
          Faults.copyHeaders(answer, exchange);
          Faults.send(
              exchange,
              200,
              (new String(answer.body(), StandardCharsets.UTF_8) + " ")
                  .getBytes(StandardCharsets.UTF_8));
          return true;
        }));
    assertThat(failsAndIsMended())
        .hasMessageContaining("its manifest is announced as " + honest.self().digest());
    proxy.set(
        ofManifest((exchange, upstream) -> {
          Faults.send(
              exchange,
              200,
              (new String(upstream.ask().body(), StandardCharsets.UTF_8) + " ")
                  .getBytes(StandardCharsets.UTF_8));
          return true;
        }));
    assertThat(failure(() -> pull(proxy.host() + "/web@" + honest.self().digest())))
        .hasMessageContaining("its manifest has the digest sha256:");
  }

  @Test
  void aManifestWithoutEnd() {
    proxy.set(
        ofManifest((exchange, upstream) -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] noise = new byte[1 << 20];
          for (int i = 0; i < 6; i++) {
            exchange.getResponseBody().write(noise);
          }
          exchange.getResponseBody().close();
          return true;
        }));
    assertThat(failsAndIsMended())
        .hasMessageContaining("its manifest is larger than 4194304 bytes");
  }

  private void manifest(String type, String content) {
    proxy.set(
        ofManifest((exchange, upstream) -> {
          exchange.getResponseHeaders().set("Content-Type", type);
          Faults.send(exchange, 200, content.getBytes(StandardCharsets.UTF_8));
          return true;
        }));
  }

  @Test
  void aManifestOfTwoKinds() {
    String text = new String(honest.content(), StandardCharsets.UTF_8);
    manifest(MediaTypes.OCI_MANIFEST, text.replaceFirst("\\{", "{\"manifests\":[],"));
    assertThat(failsAndIsMended()).hasMessageContaining("that of an image and of an index at once");
    manifest(MediaTypes.OCI_INDEX, text);
    assertThat(failure(() -> pull(image())))
        .hasMessageContaining(
            "calls itself " + MediaTypes.OCI_INDEX + ", and what is in it is another");
  }

  @Test
  void aMediaTypeThatIsAnother() {
    String text = new String(honest.content(), StandardCharsets.UTF_8);
    manifest(
        MediaTypes.DOCKER_LIST,
        text.replaceFirst("\\{", "{\"mediaType\":\"" + MediaTypes.OCI_MANIFEST + "\","));
    assertThat(failure(() -> pull(image()))).hasMessageContaining("its manifest is sent as");
    manifest(MediaTypes.OCI_MANIFEST, "<html>log in</html>");
    assertThat(failsAndIsMended()).hasMessageContaining("its manifest is no JSON");
    manifest(MediaTypes.OCI_MANIFEST, "{\"schemaVersion\":1,\"fsLayers\":[]}");
    assertThat(failure(() -> pull(image()))).hasMessageContaining("neither OCI's nor Docker's");
  }

  @Test
  void aPlatformThatIsNotThere() {
    String entry =
        "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}";
    Descriptor self = honest.self();
    manifest(
        MediaTypes.OCI_INDEX,
        "{\"schemaVersion\":2,\"manifests\":["
            + entry.formatted(self.mediaType(), self.digest(), self.size(), "arm64")
            + ","
            + entry.formatted(self.mediaType(), self.digest(), self.size(), "s390x")
            + "]}");
    assertThat(failure(() -> pull(image())))
        .hasMessage(
            "cannot choose from %s: it has no image for linux/amd64; name one of those that it has:"
                + " --platform linux/arm64, linux/s390x",
            image());
  }

  @Test
  void aBreakInAPush() {
    pull(registry.host() + "/web:v1");
    AtomicInteger breaks = new AtomicInteger();
    proxy.set((exchange, upstream) -> {
      boolean isLarge =
          exchange.getRequestMethod().equals("PATCH")
              && Long.parseLong(exchange.getRequestHeaders().getFirst("Content-Length"))
                  > 1_000_000;
      if (!isLarge || breaks.getAndIncrement() > 0) {
        return false;
      }
      exchange.getRequestBody().readNBytes(1_000_000);
      exchange.close(); // without an answer
      return true;
    });
    push(writer(proxy.host() + "/copy:v1"), honest, "v1");
    assertThat(breaks.get()).isEqualTo(2);
    assertThat(TestImages.digest(registry.host() + "/copy:v1")).isEqualTo(honest.self().digest());
  }

  @Test
  void aPushIsResumedWhereTheRegistryGotTo() {
    pull(registry.host() + "/web:v1");
    AtomicInteger answers = new AtomicInteger();
    proxy.set((exchange, upstream) -> {
      boolean isLarge =
          exchange.getRequestMethod().equals("PATCH")
              && Long.parseLong(exchange.getRequestHeaders().getFirst("Content-Length"))
                  > 1_000_000;
      if (!isLarge || answers.getAndIncrement() > 0) {
        return false;
      }
      upstream.ask(); // it has got all of it, and its answer is lost
      Faults.send(exchange, 502, new byte[0]);
      return true;
    });
    push(writer(proxy.host() + "/copy:v1"), honest, "v1");
    assertThat(TestImages.digest(registry.host() + "/copy:v1")).isEqualTo(honest.self().digest());
    assertThat(proxy.asked("GET", "/blobs/uploads/")).hasSize(1);
  }

  @Test
  void aPushThatTheRegistryGotWrong() {
    pull(registry.host() + "/web:v1");
    proxy.set((exchange, upstream) -> {
      if (!exchange.getRequestMethod().equals("PUT")) {
        return false;
      }
      HttpResponse<byte[]> answer = upstream.ask();
      Faults.copyHeaders(answer, exchange);
      exchange.getResponseHeaders().set("Docker-Content-Digest", "sha256:" + "0".repeat(64));
      Faults.send(exchange, 201, new byte[0]);
      return true;
    });
    assertThat(failure(() -> push(writer(proxy.host() + "/copy:v1"), honest, "v1")))
        .hasMessageContaining("the registry has got other bytes: sha256:000");
  }
}
