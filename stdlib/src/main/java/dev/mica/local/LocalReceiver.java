package dev.mica.local;

import java.util.List;

/** Runs what is asked for. The shell implements it; this package does not know the shell. */
public interface LocalReceiver {
  /** Whether it may run these words here: it does the same as in a process of its own. */
  boolean accepts(List<String> words);

  /**
   * Runs what was asked for, on a thread of its own, and returns the exit status. It writes nothing
   * to the visit's streams after that.
   */
  int receive(LocalVisit visit);
}
