package dev.mica.union;

import org.junit.jupiter.api.BeforeEach;

final class KernelMounterTest extends MounterContract {
  @Override
  UnionSpec.Via via() {
    return UnionSpec.Via.KERNEL;
  }

  @Override
  int seeds() {
    return 60;
  }

  @Override
  int commits() {
    return "1".equals(System.getenv("MICA_FULL")) ? 300 : 60;
  }

  @BeforeEach
  void works() {
    require(via());
  }
}
