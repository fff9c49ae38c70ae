package dev.mica.union;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.core.Core;
import dev.mica.folder.Folder;
import dev.mica.test.Scratch;
import dev.mica.vm.share.Share;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** More seeds with {@code -Dmica.seeds.guest=N}: under software emulation each takes seconds. */
final class GuestMounterTest extends MounterContract {
  private static final int LINUX_IMMUTABLE = 9;

  @Override
  UnionSpec.Via via() {
    return UnionSpec.Via.GUEST;
  }

  @Override
  int seeds() {
    return 2;
  }

  @Override
  int commits() {
    return 4;
  }

  @BeforeEach
  void works() {
    require(via());
  }

  /** Its capabilities are all that a guest has on this host, whatever it asks for. */
  @Test
  void theGuestsFileServersCannotUnfreezeWhatIsShared() throws IOException {
    Union union =
        mica.unions()
            .create(
                new UnionSpec(
                    "u",
                    List.of(Folder.of(scratch.dir("lower"))),
                    Folder.of(scratch.dir("upper")),
                    null,
                    Folder.of(scratch.path("at")),
                    UnionSpec.Via.GUEST));
    Path folder = scratch.path(".u.mica-guest");
    assertThat(Core.freeze(folder)).isTrue();
    assertThatThrownBy(() -> Files.createFile(folder.resolve("new")))
        .isInstanceOf(IOException.class);
    for (Share share : mica.host().helper().shares()) {
      ProcessHandle server = ProcessHandle.of(share.pid()).orElseThrow();
      List<Long> mays =
          Stream.concat(Stream.of(server), server.descendants())
              .map(GuestMounterTest::may)
              .toList();
      assertThat(mays)
          .as("what the server of %s and its worker may", share.folder())
          .anyMatch(may -> may != 0)
          .noneMatch(may -> (may >> LINUX_IMMUTABLE & 1) != 0);
    }
    Scratch.write(scratch.path("at/file"), "text");
    union.remove();
    assertThat(Scratch.read(scratch.path("upper/file"))).isEqualTo("text");
    assertThat(folder).doesNotExist();
  }

  /** Its effective capabilities, a bit each. */
  private static long may(ProcessHandle process) {
    String status = Scratch.read(Path.of("/proc", Long.toString(process.pid()), "status"));
    return Long.parseUnsignedLong(status.replaceFirst("(?s).*CapEff:\\s*(\\w+).*", "$1"), 16);
  }

  @AfterEach
  void stop() {
    mica.host().helper().kill();
  }
}
