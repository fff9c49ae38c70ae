package dev.mica.scripting.run;

/**
 * Ends an evaluation that was cancelled; an error, so that no {@code catch (Exception)} keeps it.
 */
public final class Cancelled extends Error {
  private static final long serialVersionUID = 1L;

  Cancelled() {
    super("cancelled", null, false, false);
  }
}
