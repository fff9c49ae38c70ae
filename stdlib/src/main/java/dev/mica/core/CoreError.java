package dev.mica.core;

import dev.mica.failure.MicaException;

/**
 * What the C core said of a failure: always the cause of a {@link dev.mica.failure.MicaException}.
 */
public final class CoreError extends Exception {
  private static final long serialVersionUID = 1L;

  private final Errno errno;

  CoreError(Errno errno, String message) {
    super(message);
    this.errno = errno;
  }

  /**
   * The failure of something that a guest was asked to do, as a sentence.
   *
   * @param errno the number behind it, as the guest has said it
   * @param step what was being done there, a word
   * @param note why, where the number alone does not say; may be empty
   */
  public static MicaException told(
      int errno, String step, String note, String doing, Object object) {
    return Failure.told(errno, step, note).of(doing, object);
  }

  /** The number behind it. */
  public Errno errno() {
    return errno;
  }
}
