package dev.mica.scripting;

import dev.mica.Mica;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How Java snippets reach their session; public for them alone. */
public final class JavaWords {
  private JavaWords() {}

  /** The objects of a session. */
  public static Mica mica(String session) {
    return JShellEngine.session(session).mica();
  }

  /** The variables of a session. */
  public static Map<String, @Nullable Object> variables(String session) {
    return JShellEngine.session(session).variables();
  }
}
