package dev.mica.access;

import dev.mica.failure.MicaException;
import org.jspecify.annotations.Nullable;

/**
 * Something that was to be changed, who asked for it, and what came of it.
 *
 * @param user who asked
 * @param role what the user may do: {@code operator}
 * @param door how the user has come in
 * @param command the command, as {@code vm run}; "" if it was asked for in the language
 * @param what as a message says it: {@code remove the union web}
 * @param outcome what came of it
 * @param why the failure in one line, or ""
 */
public record Deed(
    String user, String role, Door door, String command, String what, Outcome outcome, String why) {
  /** What came of it. */
  public enum Outcome {
    /** It was done. */
    OK,
    /** The caller may not do that. */
    REFUSED,
    /** It was tried. */
    FAILED;

    static Outcome of(@Nullable Throwable failure) {
      if (failure == null) {
        return OK;
      }
      return failure instanceof MicaException told && told.kind() == MicaException.Kind.DENIED
          ? REFUSED
          : FAILED;
    }
  }

  static Deed of(Caller caller, String command, String what, @Nullable Throwable failure) {
    return new Deed(
        caller.user(),
        caller.role().word(),
        caller.door(),
        command,
        what,
        Outcome.of(failure),
        failure == null ? "" : why(failure));
  }

  private static String why(Throwable failure) {
    String message = failure.getMessage();
    String name = failure.getClass().getSimpleName();
    if (failure instanceof MicaException) {
      return String.valueOf(message);
    }
    return message == null ? name : name + ": " + message;
  }
}
