package dev.mica.union;

import dev.mica.test.Lab;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;

final class FuseMounterTest extends MounterContract {
  @Override
  UnionSpec.Via via() {
    return UnionSpec.Via.FUSE;
  }

  /** Seed 8 has a name of 255 bytes, of which the program (1.10) dies. */
  @Override
  int seeds() {
    return 7;
  }

  @Override
  boolean upperIsLayer() {
    return false;
  }

  @Override
  String oddName() {
    return "a,c\\d e";
  }

  /**
   * Some edits the program (1.10) fails, with EIO or ENXIO: then the seed goes on with those
   * before.
   */
  @Override
  void edit(Lab lab, int seed, Path at) {
    try {
      lab.ask("edit", seed, at);
    } catch (AssertionError refused) {
      if (!String.valueOf(refused.getMessage()).contains("OSError")) {
        throw refused;
      }
    }
  }

  @Override
  int commits() {
    return 10;
  }

  @BeforeEach
  void works() {
    require(via());
  }
}
