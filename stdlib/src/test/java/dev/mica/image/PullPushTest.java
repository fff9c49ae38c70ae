package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Commits out of registries, and into them. */
@NeedsRoot
final class PullPushTest extends RegistryTestBase {
  private final TestRegistry registry = closed(TestRegistry.open(scratch));
  private final Faults proxy = closed(new Faults(registry.uri()));
  private final Mica mica =
      Mica.open(state.path())
          .as(Caller.of("joe", Role.OPERATOR, scratch.path("user"), environment));
  private final Commits commits = mica.commits();

  PullPushTest() {
    TestImages.push(
        TestImages.layout(scratch, "image", 300_000, 20_000), registry.host() + "/team/web:v1");
  }

  private String image(String rest) {
    return proxy.host() + "/" + rest;
  }

  private Commit pulled(String reference) {
    return commits.pull(reference);
  }

  @Test
  void anImageIsACommitAndGoesBackTheSame() {
    Commit commit = pulled(image("team/web:v1"));
    assertThat(commit.refs()).containsExactly("web:v1");
    assertThat(commit.origin()).isEqualTo(image("team/web"));
    String digest = TestImages.digest(registry.host() + "/team/web:v1");
    assertThat(commit.manifest()).contains(digest);
    assertThat(commit.layers()).hasSize(2);
    assertThat(commit.layers().getFirst().resolve("noise-image-layer-1")).hasSize(20_000);
    checkBlobs();

    assertThat(commit.push(image("team/web:v2")).manifest()).isEqualTo(digest);
    assertThat(TestImages.digest(registry.host() + "/team/web:v2")).isEqualTo(digest);
    assertThat(commit.push(image("other/copy")).reference()).isEqualTo(image("other/copy:latest"));
    assertThat(TestImages.digest(registry.host() + "/other/copy:latest")).isEqualTo(digest);
    assertThat(proxy.asked("PATCH", "")).isEmpty(); // all of it was there or mounted
  }

  @Test
  void whatIsHereIsNotFetchedAgain() {
    Commit first = pulled(image("team/web:v1"));
    proxy.forget();
    assertThat(pulled(image("team/web:v1")).id()).isEqualTo(first.id());
    Optional<String> other = Optional.of("linux/riscv64");
    assertThat(failure(() -> commits.pull(image("team/web:v1"), Optional.empty(), other)))
        .hasMessageContaining("it has no image for linux/riscv64");
    assertThat(proxy.asked("GET", "/blobs/")).isEmpty();
    Commit named =
        commits
            .pull(image("team/web:v1"), Optional.of("mine:v9"), Optional.empty())
            .commits()
            .getFirst();
    assertThat(named.id()).isEqualTo(first.id());
    assertThat(named.refs()).containsExactlyInAnyOrder("web:v1", "mine:v9");
  }

  @Test
  void aChangeOfAnImageIsPushedAsOneLayerMore() {
    Commit base = pulled(image("team/web:v1"));
    Union union =
        mica.unions()
            .create(
                ScratchTest.spec("u", List.of(base), scratch.path("upper"), scratch.path("at")));
    Scratch.write(scratch.path("at/new"), "of mine");
    Commit changed = commits.create(union, "web:mine", "a file");
    union.remove();
    proxy.forget();
    changed.push(image("team/web:mine"));
    assertThat(proxy.asked("PATCH", "")).hasSize(2); // the layer and the configuration
    Scratch.run(
        "skopeo",
        "--insecure-policy",
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        "docker://" + registry.host() + "/team/web:mine",
        "oci:" + scratch.path("back") + ":v1");
    Scratch.run(
        "umoci",
        "unpack",
        "--image",
        scratch.path("back") + ":v1",
        scratch.path("unpacked").toString());
    assertThat(scratch.path("unpacked/rootfs/new")).hasContent("of mine");
    assertThat(scratch.path("unpacked/rootfs/noise-image-layer-0")).hasSize(300_000);
    assertThat(Folder.of(scratch.path("unpacked/rootfs")).list()).hasSize(3);
  }

  /** The registry gives the upper layer only when the lower one has its folder in the store. */
  @Test
  void aLayerIsUnpackedWhileTheNextIsOnItsWay() throws IOException {
    TestImages.push(TestImages.layout(scratch, "first", 100), registry.host() + "/team/first:v1");
    pulled(image("team/first:v1"));
    ImageManifest manifest =
        ImageManifest.find(reader(registry.host() + "/team/web:v1"), "v1", AMD64);
    String upper = manifest.layers().getLast().digest();
    AtomicBoolean unpacked = new AtomicBoolean();
    Path layers = state.path().resolve("layers");
    try (WatchService watch = layers.getFileSystem().newWatchService()) {
      layers.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
      proxy.set((exchange, upstream) -> {
        if (exchange.getRequestURI().getPath().endsWith(upper)) {
          unpacked.set(isSeen(watch));
        }
        return false;
      });
      assertThat(pulled(image("team/web:v1")).layers()).hasSize(2);
    }
    assertThat(unpacked).isTrue();
  }

  private static boolean isSeen(WatchService watch) {
    try {
      return watch.poll(60, TimeUnit.SECONDS) != null;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Test
  void whatFailsLeavesNoCommit() {
    ImageManifest manifest =
        ImageManifest.find(reader(registry.host() + "/team/web:v1"), "v1", AMD64);
    String big = manifest.layers().getFirst().digest();
    proxy.set((exchange, upstream) -> {
      if (!exchange.getRequestURI().getPath().endsWith(big)) {
        return false;
      }
      byte[] body = upstream.ask().body();
      body[body.length / 2] ^= 1;
      Faults.send(exchange, 200, body);
      return true;
    });
    assertThat(failure(() -> commits.pull(image("team/web:v1"))))
        .hasMessageContaining("its bytes have the digest");
    assertThat(commits.list()).isEmpty();
    assertThat(state.path().resolve("layers")).isEmptyDirectory();
    checkBlobs();
    proxy.mend();
    assertThat(pulled(image("team/web:v1")).refs()).containsExactly("web:v1");
    commits.gc();
    assertThat(parts()).isEmpty();
  }

  @Test
  void badInputChangesNothing() {
    for (String text : List.of("", "A b", "localhost:5000/x:", "x@sha256:12")) {
      assertThat(failure(() -> commits.pull(text)).kind()).isEqualTo(MicaException.Kind.USAGE);
    }
    assertThat(
            failure(() ->
                    commits.pull(
                        image("team/web:v1"), Optional.empty(), Optional.of("linux/riscv64")))
                .getMessage())
        .isEqualTo(
            "cannot choose from "
                + image("team/web")
                + ": it has no image for linux/riscv64; name one of those that it has: --platform"
                + " linux/amd64");
    assertThat(failure(() -> commits.pull("127.0.0.1:1/x")).kind())
        .isEqualTo(MicaException.Kind.FAILED);
    assertThat(commits.list()).isEmpty();
    assertThat(blobs.digests()).isEmpty();
  }

  @Test
  void whatWasPulledIsFoundByItsReference() {
    assertThat(commits.findPulled(image("team/web:v1"))).isEmpty();
    Commit commit = pulled(image("team/web:v1"));
    assertThat(commits.findPulled(image("team/web:v1"))).map(Commit::id).contains(commit.id());
    assertThat(commits.findPulled(image("other/web:v1"))).isEmpty();
    assertThat(commits.findPulled("web:v1")).isEmpty(); // Docker's is another
    assertThat(commits.isReference("web")).isFalse();
  }

  @Test
  void aNameWithoutAHostIsSearchedFor() {
    Scratch.write(
        scratch.path("registries.conf"),
        "unqualified-search-registries = [\"127.0.0.1:1\", \"%s\"]".formatted(proxy.host()));
    assertThat(pulled("team/web:v1").origin()).isEqualTo(image("team/web"));
  }

  @Test
  void aViewerPullsAndPushesNothing() {
    Commit commit = pulled(image("team/web:v1"));
    Mica viewer =
        Mica.open(state.path())
            .as(Caller.of("eve", Role.VIEWER, scratch.path("user"), environment));
    assertThat(failure(() -> viewer.commits().pull(image("team/web:v1"))).kind())
        .isEqualTo(MicaException.Kind.DENIED);
    assertThat(failure(() -> viewer.commits().get(commit.id()).push(image("x:v1"))).kind())
        .isEqualTo(MicaException.Kind.DENIED);
  }
}
