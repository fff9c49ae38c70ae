package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.image.TestImages;
import dev.mica.image.TestRegistry;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** VMs that are made from images of registries: by the command and by the word. */
@NeedsRoot
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class VmFromImageTest {
  private Scratch scratch;
  private TestRegistry registry;
  private Mica mica;

  @BeforeEach
  void make() {
    scratch = new Scratch();
    registry = TestRegistry.open(scratch);
    mica = Mica.open(scratch.path("home"));
    Guests.into(mica.home());
    TestImages.push(TestImages.layout(scratch, "image", 1000), registry.host() + "/team/web:v1");
  }

  @AfterEach
  void remove() {
    mica.vms().list().forEach(Vm::remove);
    registry.close();
    scratch.awaitDigests();
    scratch.close();
  }

  private Runs.Run here(String... args) {
    return Runs.here(
        Map.of(
            "MICA_HOME",
            mica.home().toString(),
            "CONTAINERS_REGISTRIES_CONF",
            scratch.file("registries.conf", "").toString()),
        args);
  }

  private String image(String tag) {
    return registry.host() + "/team/web:" + tag;
  }

  private String told() {
    return "mica: pulling " + image("v1") + ", which is not here\n";
  }

  @Test
  void whatIsNotHereIsPulledAndSaidSo() {
    String block = "vm('b') { from '" + image("v1") + "'; run 'true' }";
    Runs.Run plan = here("-e", "plan { " + block + " }*.does");
    assertThat(plan).isEqualTo(new Runs.Run(0, "[pull, make]\n", ""));
    assertThat(mica.commits().list()).isEmpty();
    Runs.Run word = here("-e", block + ".from");
    assertThat(word).isEqualTo(new Runs.Run(0, "web:v1\n", told()));
    assertThat(mica.commits().get("web:v1").origin()).isEqualTo(registry.host() + "/team/web");
    Runs.Run again = here("vm", "create", "c", "--from", image("v1"), "--", "true");
    assertThat(again.err()).as("it is here now").isEmpty();
    assertThat(again.status()).isZero();
    mica.vms().list().forEach(Vm::remove);
    mica.commits().removeAll();
    Runs.Run command = here("vm", "create", "d", "--from", image("v1"), "--", "true");
    assertThat(command.err()).isEqualTo(told());
    assertThat(mica.vms().get("d").from()).isEqualTo("web:v1");
  }

  @Test
  void oneThatCannotBePulledMakesNoVm() {
    for (String[] words :
        new String[][] {
          {"vm", "create", "x", "--from", image("none"), "--", "true"},
          {"-e", "vm('x') { from '" + image("none") + "'; run 'true' }"}
        }) {
      Runs.Run run = here(words);
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.err().lines())
          .satisfiesExactly(
              said -> assertThat(said).contains("pulling " + image("none")),
              said -> assertThat(said).contains("none").contains("v1"));
    }
    assertThat(mica.vms().list()).isEmpty();
    assertThat(mica.commits().list()).isEmpty();
  }
}
