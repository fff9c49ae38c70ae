package dev.mica.union;

import dev.mica.state.StateDir;
import java.util.List;
import java.util.Optional;

/** The union mounts of this host. */
public final class Unions {
  /** The unions of this state directory. */
  public Unions(StateDir state) {}

  /** Checks, mounts, records; what can be refused is refused before anything is touched. */
  public Union create(UnionSpec spec) {
    throw new IllegalStateException("not here yet");
  }

  /** All unions by name. */
  public List<Union> list() {
    throw new IllegalStateException("not here yet");
  }

  /** The union of this name. */
  public Optional<Union> find(String name) {
    throw new IllegalStateException("not here yet");
  }

  /** The same; fails with "did you mean" where there is none. */
  public Union get(String name) {
    throw new IllegalStateException("not here yet");
  }

  /** Removes all unions; says which. */
  public List<String> removeAll() {
    throw new IllegalStateException("not here yet");
  }
}
