package dev.mica.shell.attach;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.Writer;

/** Whose streams something is attached to: somebody at a terminal, or a program. */
@FunctionalInterface
public interface Client {
  /** Nobody's. */
  Client NONE =
      (what, out) -> {
        throw refused(what, "there is nobody to attach it to");
      };

  /**
   * Attaches it until one of the two sides ends; the exit status. What is said in lines goes to
   * {@code out}, bytes go where the client's own do.
   */
  int attach(Attachment what, Writer out) throws IOException;

  /** The same for a program that reads JSON or YAML; what was said. */
  default String record(Attachment what) throws IOException {
    throw refused(what, "a terminal shows it as it is; --output is for lines that a program sends");
  }

  /** Whether there is a terminal at the client's end. */
  default boolean hasTerminal() {
    return false;
  }

  /** It cannot be attached here. */
  static MicaException refused(Attachment what, String why) {
    return MicaException.usage("attach to", what, why);
  }
}
