package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Reads and writes the registry of Debian, beside skopeo and umoci. */
final class RegistryTest extends RegistryTestBase {
  private final TestRegistry registry = closed(TestRegistry.open(scratch));
  private final Path layout = TestImages.layout(scratch, "image", 300_000, 10, 2_000_000);

  private String image(String name) {
    return registry.host() + "/" + name;
  }

  @Test
  void whatIsPulledIsPushedWithTheSameDigest() {
    TestImages.push(layout, image("web:v1"));
    ImageManifest pulled = pull(image("web:v1"));
    assertThat(pulled.self().digest()).isEqualTo(TestImages.digest(image("web:v1")));
    assertThat(pulled.layers()).hasSize(3);
    assertThat(blobs.digests()).hasSize(4);
    checkBlobs();
    assertThat(parts()).isEmpty();

    push(writer(image("team/copy:v2")), pulled, "v2");
    assertThat(TestImages.digest(image("team/copy:v2"))).isEqualTo(pulled.self().digest());
    Scratch.run(
        "skopeo",
        "--insecure-policy",
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        "docker://" + image("team/copy:v2"),
        "oci:" + scratch.path("back") + ":v1");
    Scratch.run(
        "umoci",
        "unpack",
        "--image",
        scratch.path("back") + ":v1",
        scratch.path("unpacked").toString());
    assertThat(scratch.path("unpacked/rootfs/noise-image-layer-2")).hasSize(2_000_000);
  }

  @Test
  void aDigestIsAReference() {
    TestImages.push(layout, image("web:v1"));
    String digest = TestImages.digest(image("web:v1"));
    assertThat(pull(image("web@" + digest)).self().digest()).isEqualTo(digest);
  }

  @Test
  void whatIsThereIsNotAskedForAgain() {
    TestImages.push(layout, image("web:v1"));
    Faults proxy = closed(new Faults(registry.uri()));
    pull(proxy.host() + "/web:v1");
    assertThat(proxy.asked("GET", "/blobs/")).hasSize(4);
    pull(proxy.host() + "/web:v1");
    assertThat(proxy.asked("GET", "/blobs/")).hasSize(4);
  }

  @Test
  void aMissingTagIsToldWithThoseThatAreThere() {
    TestImages.push(layout, image("web:v1"));
    TestImages.push(layout, image("web:v2"));
    assertThat(failure(() -> pull(image("web:v3"))))
        .hasMessage(
            "cannot find the image %s: there is none; take one of its tags: v2, v1",
            image("web:v3"));
    assertThat(failure(() -> pull(image("nothing:v3"))))
        .hasMessage(
            "cannot find the image %s: there is none; see whether the name is right",
            image("nothing:v3"));
    assertThat(state.path().resolve("blobs")).doesNotExist();
  }

  @Test
  void whatTheRegistryHasIsNotSent() {
    TestImages.push(layout, image("web:v1"));
    ImageManifest pulled = pull(image("web:v1"));
    Faults proxy = closed(new Faults(registry.uri()));
    push(writer(proxy.host() + "/web:v2"), pulled, "v2");
    assertThat(proxy.asked("PATCH", "")).isEmpty();
    assertThat(TestImages.digest(image("web:v2"))).isEqualTo(pulled.self().digest());
  }

  @Test
  void whatAnotherRepositoryHasIsTakenFromThere() {
    TestImages.push(layout, image("web:v1"));
    ImageManifest pulled = pull(image("web:v1"));
    Faults proxy = closed(new Faults(registry.uri()));
    push(writer(proxy.host() + "/mounted:v1", "web"), pulled, "v1");
    assertThat(proxy.asked("PATCH", "")).isEmpty();
    assertThat(proxy.asked("POST", "mount=")).hasSize(4);
    assertThat(TestImages.digest(image("mounted:v1"))).isEqualTo(pulled.self().digest());

    proxy.forget();
    push(writer(proxy.host() + "/sent:v1", "of-nobody"), pulled, "v1");
    assertThat(proxy.asked("PATCH", "")).hasSize(4);
    assertThat(TestImages.digest(image("sent:v1"))).isEqualTo(pulled.self().digest());
  }

  @Test
  void aPasswordIsAskedForAndTaken() {
    TestRegistry ofJoe = closed(TestRegistry.closed(scratch));
    String image = ofJoe.host() + "/web:v1";
    TestImages.push(layout, image, "--dest-creds=joe:" + TestRegistry.PASSWORD);

    MicaException stranger = failure(() -> pull(image));
    assertThat(stranger.kind()).isEqualTo(MicaException.Kind.DENIED);
    assertThat(stranger)
        .hasMessageContaining("does not permit it (401")
        .hasMessageContaining("docker login " + ofJoe.host());

    login(ofJoe.host(), "wrong");
    assertThat(failure(() -> pull(image)).kind()).isEqualTo(MicaException.Kind.DENIED);

    login(ofJoe.host(), TestRegistry.PASSWORD);
    ImageManifest pulled = pull(image);
    push(writer(ofJoe.host() + "/copy:v2"), pulled, "v2");
    assertThat(pull(ofJoe.host() + "/copy:v2").self()).isEqualTo(pulled.self());
  }

  @Test
  void aHelperKeepsThePassword() {
    TestRegistry ofJoe = closed(TestRegistry.closed(scratch));
    String image = ofJoe.host() + "/web:v1";
    TestImages.push(layout, image, "--dest-creds=joe:" + TestRegistry.PASSWORD);
    Path helper =
        scratch.file(
            "bin/docker-credential-test",
            """
            #!/bin/sh
            read -r server
            echo "$1 $server" >"$HOME/asked"
            echo '{"ServerURL":"x","Username":"joe","Secret":"%s"}'
            """
                .formatted(TestRegistry.PASSWORD));
    Scratch.run("chmod", "+x", helper.toString());
    Scratch.write(
        scratch.path("user/.docker/config.json"),
        "{\"credHelpers\":{\"%s\":\"test\"}}".formatted(ofJoe.host()));
    pull(image);
    assertThat(scratch.path("user/asked")).hasContent("get " + ofJoe.host());
  }

  @Test
  void aRegistryThatIsNotThereIsOneLine() {
    assertThat(failure(() -> pull("127.0.0.1:1/web:v1")))
        .hasMessage(
            "cannot reach the registry 127.0.0.1:1: nothing answers there; see whether it runs and"
                + " can be reached");
    assertThat(failure(() -> pull("no-such-host.invalid/web:v1")))
        .hasMessageContaining("there is no host of that name");
    assertThat(state.path().resolve("blobs")).doesNotExist();
  }

  @Test
  void aMirrorIsAskedFirstAndTheRegistryAfterIt() {
    TestImages.push(layout, image("web:v1"));
    TestRegistry empty = closed(TestRegistry.open(scratch, "mirror"));
    Faults proxy = closed(new Faults(empty.uri()));
    configure(
        """
        [[registry]]
        prefix = "example.com/team"
        location = "%s"
        [[registry.mirror]]
        location = "%s/mirrored"
        """
            .formatted(registry.host(), proxy.host()));
    assertThat(pull("example.com/team/web:v1").layers()).hasSize(3);
    assertThat(proxy.asked("GET", "/v2/mirrored/web/manifests/v1")).hasSize(1);

    TestImages.push(layout, empty.host() + "/mirrored/web:v2");
    assertThat(pull("example.com/team/web:v2").layers()).hasSize(3);
    assertThat(failure(() -> pull("example.com/team/web:v3"))).hasMessageContaining("tags: v1");
  }

  @Test
  void aBlockedRegistryIsNotAsked() {
    configure("[[registry]]\nlocation = \"%s\"\nblocked = true\n".formatted(registry.host()));
    MicaException blocked = failure(() -> pull(image("web:v1")));
    assertThat(blocked.kind()).isEqualTo(MicaException.Kind.DENIED);
    assertThat(blocked).hasMessageContaining("blocked by registries.conf");
  }

  private void configure(String text) {
    Scratch.write(scratch.path("registries.conf"), text);
  }
}
