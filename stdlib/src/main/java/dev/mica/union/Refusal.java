package dev.mica.union;

import dev.mica.failure.MicaException;

/**
 * Why a mounter, or what it needs, cannot serve.
 *
 * @param why as a clause
 * @param needsRoot whether root would not hear it
 */
public record Refusal(String why, boolean needsRoot) {
  /** For whoever asks. */
  public static Refusal because(String why) {
    return new Refusal(why, false);
  }

  /** For all but root. */
  public static Refusal toOthersThanRoot(String why) {
    return new Refusal(why, true);
  }

  /** As a failure says it; to be root is said once, of all that only root may. */
  public static Refusal of(MicaException failure) {
    boolean needsRoot = failure.kind() == MicaException.Kind.DENIED;
    MicaException told = needsRoot ? failure.withoutHint() : failure;
    return new Refusal(String.valueOf(told.getMessage()), needsRoot);
  }
}
