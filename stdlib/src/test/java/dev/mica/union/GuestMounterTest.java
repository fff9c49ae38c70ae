package dev.mica.union;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** More seeds with {@code -Dmica.seeds.guest=N}: under software emulation each takes seconds. */
final class GuestMounterTest extends MounterContract {
  @Override
  UnionSpec.Via via() {
    return UnionSpec.Via.GUEST;
  }

  @Override
  int seeds() {
    return 2;
  }

  @BeforeEach
  void works() {
    require();
  }

  @AfterEach
  void stop() {
    mica.host().helper().kill();
  }
}
