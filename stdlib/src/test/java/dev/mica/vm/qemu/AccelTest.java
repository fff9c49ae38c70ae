package dev.mica.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a guest's processor is run. */
final class AccelTest {
  @TempDir Path scratch;

  /** The probe is made once for a host, kernel and QEMU; a wish is obeyed without one. */
  @Test
  void accelerationIsProbedOnceAndSaysWhy() {
    Records cache = StateDir.at(scratch.resolve("home")).records("cache");
    List<Accel.Kind> probed = new ArrayList<>();
    java.util.function.Consumer<Accel.Kind> never =
        kind -> {
          probed.add(kind);
          throw MicaException.failed("boot", "it", "it hangs");
        };
    boolean device = Files.isWritable(Path.of("/dev/kvm"));
    for (String key : List.of("one", "one", "other")) {
      Accel found = Accel.choose("auto", cache, key, never);
      assertThat(found.kind()).isEqualTo(Accel.Kind.TCG);
      assertThat(found.why()).contains(device ? "no guest boots with it: it hangs" : "/dev/kvm");
    }
    assertThat(probed).hasSize(device ? 2 : 0);
    assertThat(Accel.choose("kvm", cache, "one", never).kind()).isEqualTo(Accel.Kind.KVM);
    assertThatThrownBy(() -> Accel.choose("hvf", cache, "one", never)).hasMessageContaining("hvf");
  }
}
