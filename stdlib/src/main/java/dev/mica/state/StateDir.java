package dev.mica.state;

import java.nio.file.Path;
import java.util.Map;

/** The state directory of one host. */
public final class StateDir {
  private StateDir() {}

  /** The state directory at {@code home}. */
  @SuppressWarnings("DoNotCallSuggester")
  public static StateDir at(Path home) {
    throw new IllegalStateException("not here yet");
  }

  /** The state directory that {@code MICA_HOME}, the user and the XDG rules name. */
  @SuppressWarnings("DoNotCallSuggester")
  public static StateDir ofEnvironment(Map<String, String> environment) {
    throw new IllegalStateException("not here yet");
  }
}
