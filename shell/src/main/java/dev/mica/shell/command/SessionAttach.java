package dev.mica.shell.command;

import dev.mica.background.Job;
import dev.mica.background.Jobs;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.session.Session;
import dev.mica.shell.print.Cells;
import dev.mica.shell.print.Result;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code session attach}: what a session has left behind. A command ends with its session, and a
 * job goes on; so whoever comes back after the line was cut hears of the jobs that they had begun.
 */
final class SessionAttach {
  private SessionAttach() {}

  /** One job after the other; the exit status is that of the first that has failed. */
  static Result run(Invocation in) {
    int status = 0;
    for (Job job : jobs(in)) {
      in.say(job + ": " + Cells.printable(job.what()));
      Job ended = follow(in, job.id());
      in.say(job + " is " + ended.state().name().toLowerCase(Locale.ROOT));
      status = status == 0 ? ended.status() : status;
    }
    return new Result.Done(status);
  }

  private static Job follow(Invocation in, int id) {
    try {
      return in.mica().jobs().follow(id, in.conversation().out());
    } catch (IOException broken) {
      throw MicaException.failed("print the log of", "job " + id, Why.of(broken)).because(broken);
    }
  }

  private static List<Job> jobs(Invocation in) {
    Jobs jobs = in.mica().jobs();
    Optional<String> wanted = in.optional("ID").or(() -> lastThatEnded(in));
    if (wanted.isEmpty()) {
      throw MicaException.failed(
              "attach to", "the last session", "none that has ended had begun a job")
          .hint("all your jobs are in job ls");
    }
    List<Job> found = jobs.ofSession(wanted.get());
    if (found.isEmpty()) {
      throw MicaException.failed(
              "attach to", "the session " + wanted.get(), "no job of yours was begun in it")
          .hint("all your jobs are in job ls; session watch shows a session that is open");
    }
    return found;
  }

  private static Optional<String> lastThatEnded(Invocation in) {
    Set<String> open =
        in.mica().sessions().list().stream().map(Session::id).collect(Collectors.toSet());
    return in.mica().jobs().list().reversed().stream()
        .map(Job::session)
        .filter(session -> !session.isEmpty() && !open.contains(session))
        .filter(session -> !in.mica().jobs().ofSession(session).isEmpty())
        .findFirst();
  }
}
