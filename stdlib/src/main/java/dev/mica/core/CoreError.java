package dev.mica.core;

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

  /** The number behind it. */
  public Errno errno() {
    return errno;
  }
}
