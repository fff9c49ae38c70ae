package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.core.Core;
import dev.mica.test.Child;
import dev.mica.test.Scratch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Pulls that are killed, and pulls side by side, in processes of their own. */
final class PullKilledTest extends RegistryTestBase {
  private static final int KILLS = 8;
  private static final int SIZE = 3_000_000;

  private final TestRegistry registry = closed(TestRegistry.open(scratch));
  private final Faults proxy = closed(new Faults(registry.uri()));

  PullKilledTest() {
    TestImages.push(
        TestImages.layout(scratch, "image", SIZE, SIZE, 1000), registry.host() + "/web:v1");
  }

  private String image() {
    return proxy.host() + "/web:v1";
  }

  private Process child() {
    return Child.start(
        Child.command(PullChild.class, state.path(), scratch.path("registries.conf"), image()));
  }

  /** The children are killed when the registry has sent so many bytes, which are random. */
  @Test
  void aPullThatIsKilledIsGoneOnWith() throws InterruptedException {
    long seed = new Random().nextLong();
    System.out.println("PullKilledTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < KILLS; i++) {
      Process[] child = new Process[1];
      AtomicLong left = new AtomicLong(random.nextInt(SIZE));
      proxy.set((exchange, upstream) -> {
        if (!exchange.getRequestURI().getPath().contains("/blobs/")) {
          return false;
        }
        var answer = upstream.ask();
        Faults.copyHeaders(answer, exchange);
        exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
        for (int at = 0; at < answer.body().length; at += 4096) {
          int count = Math.min(4096, answer.body().length - at);
          if (left.addAndGet(-count) < 0) {
            synchronized (child) {
              child[0].destroyForcibly();
            }
            break;
          }
          exchange.getResponseBody().write(answer.body(), at, count);
        }
        return true;
      });
      synchronized (child) {
        child[0] = child();
      }
      child[0].waitFor();
      checkBlobs();
    }
    long kept = parts().values().stream().mapToLong(Long::longValue).sum();
    long there = blobs.digests().size();
    proxy.mend();
    proxy.forget();
    ImageManifest manifest = pull(image());
    checkBlobs();
    assertThat(blobs.digests()).hasSize(4).hasSizeGreaterThanOrEqualTo((int) there);
    assertThat(parts()).isEmpty();
    long all = all(manifest).stream().mapToLong(Descriptor::size).sum();
    long sent = proxy.asked("GET", "/blobs/").stream().mapToLong(Faults.Asked::sent).sum();
    assertThat(sent).isLessThanOrEqualTo(all - kept);
  }

  @Test
  void severalPullsOfOneImageFetchEachBlobOnce() throws InterruptedException {
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(child());
    }
    for (Process child : children) {
      assertThat(child.waitFor()).isZero();
    }
    checkBlobs();
    assertThat(blobs.digests()).hasSize(4);
    assertThat(proxy.asked("GET", "/blobs/")).hasSize(4);
    assertThat(parts()).isEmpty();
  }

  @Test
  void whatIsLeftOverCanBeRemoved() throws InterruptedException {
    var stale = blobs.newPart();
    Scratch.write(stale, "a part");
    blobs.removeParts();
    assertThat(stale).exists(); // this process may add it yet
    var dead = stale.resolveSibling("new-1999999999-1");
    Core.copy(stale, dead, java.util.Set.of());
    var left = stale.resolveSibling("0".repeat(64));
    Core.copy(stale, left, java.util.Set.of());
    blobs.removeParts();
    assertThat(stale).exists();
    assertThat(dead).doesNotExist();
    assertThat(left).doesNotExist();
  }
}
