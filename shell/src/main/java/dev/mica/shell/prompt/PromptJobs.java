package dev.mica.shell.prompt;

import dev.mica.Mica;
import dev.mica.background.Job;
import dev.mica.shell.command.Detaching;
import dev.mica.shell.print.Cells;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/** The jobs that were begun at a prompt, which says there when one has ended. */
final class PromptJobs implements Detaching {
  private static final long GRACE_MILLIS = 5_000;

  private final Mica mica;
  private final Background background;
  private final Set<Integer> begun = new HashSet<>();
  private boolean warned;

  PromptJobs(Mica mica, Background background) {
    this.mica = mica;
    this.background = background;
  }

  @Override
  public Job start(Mica asking, String what, List<String> words, boolean repeatable) {
    Job job = background.start(asking, what, words, repeatable);
    synchronized (begun) {
      begun.add(job.id());
    }
    return job;
  }

  /** Says which of them have ended since the last time. */
  void tellEnded(Consumer<String> told) {
    synchronized (begun) {
      if (begun.isEmpty()) {
        return;
      }
      for (Job job : mica.jobs().list()) {
        if (job.state() != Job.State.RUNNING && begun.remove(job.id())) {
          told.accept(
              job + " is " + job.state().name().toLowerCase(Locale.ROOT) + ": " + shown(job));
        }
      }
    }
  }

  private static String shown(Job job) {
    return Cells.printable(job.what());
  }

  /** Whether somebody who leaves is to be asked first, once: jobs end with this process. */
  boolean holdBack(Consumer<String> told) {
    List<Job> running = warned ? List.of() : mica.jobs().ofProcess();
    if (running.isEmpty()) {
      return false;
    }
    warned = true;
    running.forEach(job -> told.accept(job + " still runs: " + shown(job)));
    told.accept("leave once more to cancel " + (running.size() == 1 ? "it" : "them"));
    return true;
  }

  /** The process ends. */
  void end() {
    if (!mica.jobs().ofProcess().isEmpty()) {
      mica.jobs().leave(GRACE_MILLIS);
    }
  }
}
