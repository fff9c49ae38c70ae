package dev.mica.scripting.jshell;

import dev.mica.Mica;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How Java snippets reach their session; public for them alone. */
public final class JavaWords {
  private JavaWords() {}

  /** The objects of a session. */
  public static Mica mica(String shell) {
    return JavaShell.named(shell).context().mica();
  }

  /** The variables of a session. */
  public static Map<String, @Nullable Object> variables(String shell) {
    return JavaShell.named(shell).context().variables();
  }

  /** The value that a variable had in the shell before. */
  public static @Nullable Object inherited(String shell, String name) {
    return JavaShell.named(shell).inherited(name);
  }
}
