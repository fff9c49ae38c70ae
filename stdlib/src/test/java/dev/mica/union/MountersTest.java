package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.core.OpenDirectory;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which mounter is tried, and which are declared unavailable. */
final class MountersTest {
  private static Optional<String> refusal(String without, UnionSpec.Via via) {
    Mounters mounters = new Mounters(new NoHelper(), () -> without);
    try (OpenDirectory place = OpenDirectory.of(Path.of("/"))) {
      return mounters.refusal(mounters.of(via), place, directory -> Set.of()).map(Refusal::why);
    }
  }

  @Test
  void autoTriesTheHostItselfFirst() {
    assertThat(new Mounters(new NoHelper(), () -> "").candidates(UnionSpec.Via.AUTO))
        .extracting(Mounter::via)
        .containsExactly(UnionSpec.Via.KERNEL, UnionSpec.Via.FUSE, UnionSpec.Via.GUEST);
  }

  @Test
  void whatIsDeclaredUnavailableIsNotTried() {
    String declared = "kernel is declared unavailable by MICA_WITHOUT=kernel, fuse";
    assertThat(refusal("kernel, fuse", UnionSpec.Via.KERNEL)).hasValue(declared);
    assertThat(refusal("kernel, fuse", UnionSpec.Via.FUSE)).isPresent();
    assertThat(refusal("guest", UnionSpec.Via.KERNEL))
        .hasValueSatisfying(why -> assertThat(why).contains("cannot have its upper there"));
    assertThat(refusal("", UnionSpec.Via.GUEST))
        .hasValue(new NoHelper().refusal().orElseThrow().why());
  }

  @Test
  void whatIsNoMounterIsRefused() {
    assertThatThrownBy(() -> refusal("kernel,fuze", UnionSpec.Via.GUEST))
        .hasMessage("cannot use MICA_WITHOUT fuze: it is none of kernel, fuse, guest");
  }
}
