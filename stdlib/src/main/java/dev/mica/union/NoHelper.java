package dev.mica.union;

import dev.mica.failure.MicaException;
import java.util.Optional;

/** Where nothing serves unions of {@link UnionSpec.Via#GUEST}. */
final class NoHelper implements Helper {
  private static final String WHY = "there is no helper VM in this program";

  @Override
  public Optional<Refusal> refusal() {
    return Optional.of(Refusal.because(WHY));
  }

  @Override
  public void start() {
    throw MicaException.failed("start", "the helper VM", WHY);
  }

  @Override
  public void mount(Served union) {
    throw MicaException.failed("mount the union", union.name(), WHY);
  }

  @Override
  public void flush(String name) {
    throw MicaException.failed("flush the union", name, WHY);
  }

  @Override
  public void clear(String name) {}

  @Override
  public Optional<String> problem(String name) {
    return Optional.of(WHY);
  }
}
