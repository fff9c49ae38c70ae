package dev.mica.scripting.run;

/** What compiled scripts call; public for them alone. */
public final class Interrupt {
  private Interrupt() {}

  /** Ends the script if its evaluation was cancelled. */
  public static void check() {
    Evaluation.check();
  }
}
