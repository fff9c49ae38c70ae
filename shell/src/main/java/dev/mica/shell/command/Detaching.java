package dev.mica.shell.command;

import dev.mica.Mica;
import dev.mica.background.Job;
import java.util.List;

/** Runs a command as a job: what only a process can that goes on afterwards. */
@FunctionalInterface
public interface Detaching {
  /**
   * Begins it.
   *
   * @param mica the objects as its user sees them
   * @param what the command as it is shown
   * @param words its words
   * @param repeatable whether it can be taken up by running it again
   */
  Job start(Mica mica, String what, List<String> words, boolean repeatable);
}
