package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.test.Scratch;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A registry that speaks TLS with a certificate of which the JDK knows nothing. */
final class RegistryTlsTest extends RegistryTestBase {
  private final TestRegistry registry = closed(TestRegistry.secure(scratch));

  RegistryTlsTest() {
    TestImages.push(TestImages.layout(scratch, "image", 50_000), registry.host() + "/web:v1");
  }

  private void pull() {
    pull(registry.host() + "/web:v1");
    checkBlobs();
    assertThat(blobs.digests()).hasSize(2);
  }

  @Test
  void whomNobodyVouchesForIsNotBelieved() {
    assertThat(failure(this::pull))
        .hasMessageContaining("cannot reach the registry " + registry.host())
        .hasMessageContaining(
            "put its authority's certificate into /etc/containers/certs.d/" + registry.host());
    assertThat(state.path().resolve("blobs")).doesNotExist();
  }

  @Test
  void anAuthorityOfTheUserIsBelieved() throws Exception {
    Path folder = scratch.dir("user/.config/containers/certs.d/" + registry.host());
    Files.copy(scratch.path("tls.crt"), folder.resolve("ca.crt"));
    pull();
  }

  @Test
  void theConfigurationMaySayThatItDoesNotMatter() {
    Scratch.write(
        scratch.path("registries.conf"),
        "[[registry]]\nlocation = \"%s\"\ninsecure = true\n".formatted(registry.host()));
    pull();
  }
}
