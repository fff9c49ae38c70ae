package dev.mica.scripting.run;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A script that is wrong or failed: one line for the user, the rest for {@code :trace}. */
public final class ScriptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> excerpt;
  private final int exitStatus;

  public ScriptException(
      String message, List<String> excerpt, int exitStatus, @Nullable Throwable cause) {
    super(message, cause);
    this.excerpt = List.copyOf(excerpt);
    this.exitStatus = exitStatus;
  }

  /** The line that is wrong and a caret under the place; empty where there is no such place. */
  public List<String> excerpt() {
    return excerpt;
  }

  /** How a process that ran only this ends: 1, 2 or 3. */
  public int exitStatus() {
    return exitStatus;
  }
}
