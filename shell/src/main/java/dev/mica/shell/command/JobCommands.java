package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.flag;

import dev.mica.access.Role;
import dev.mica.background.Job;
import dev.mica.background.JobSchema;
import dev.mica.background.Jobs;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.io.IOException;
import java.util.List;

/** {@code job …}: commands that run in the background. */
final class JobCommands {
  private static final String ID = "ID";

  private JobCommands() {}

  static List<Command> all() {
    return List.of(ls(), show(), await(), cancel(), log());
  }

  private static Parameter id() {
    return argument(ID, Kind.JOB, "the number of a job");
  }

  private static Job job(Invocation in) {
    String text = in.value(ID);
    if (!text.matches("\\d{1,9}")) {
      throw in.wrong("a job has a number, and no name such as '" + text + "'");
    }
    return in.mica().jobs().get(Integer.parseInt(text));
  }

  private static Command ls() {
    return new Command(
        List.of("job", "ls"),
        List.of(),
        Role.VIEWER,
        "lists your jobs, for an admin all, the newest last",
        "mica job ls",
        "jobs.list()",
        JobSchema.JOB.shape().jsonList(),
        in -> {
          Jobs jobs = in.mica().jobs();
          in.without(jobs.damaged());
          List<Job> all = jobs.list();
          if (all.isEmpty()) {
            in.say("no jobs");
          }
          return new Result.Rows<>(JobSchema.JOB.shape(), all.stream());
        });
  }

  private static Command show() {
    return new Command(
        List.of("job", "show"),
        List.of(id()),
        Role.VIEWER,
        "shows a job and how far it is",
        "mica job show 3",
        "jobs[3]",
        JobSchema.JOB.shape().json(),
        in -> new Result.One<>(JobSchema.JOB.shape(), job(in)));
  }

  private static Command await() {
    return new Command(
        List.of("job", "wait"),
        List.of(id()),
        Role.VIEWER,
        "waits until a job has ended; the exit status is the job's",
        "mica job wait 3",
        "jobs[3].await()",
        "",
        in -> new Result.Done(job(in).await().status()));
  }

  private static Command cancel() {
    return new Command(
        List.of("job", "cancel"),
        List.of(id()),
        Role.VIEWER,
        "cancels a job and waits until it has ended",
        "mica job cancel 3",
        "jobs[3].cancel()",
        JobSchema.JOB.shape().json(),
        in -> new Result.One<>(JobSchema.JOB.shape(), job(in).cancel()));
  }

  private static Command log() {
    return new Command(
        List.of("job", "log"),
        List.of(id(), flag("-f --follow", "until it has ended")),
        Role.VIEWER,
        "prints what a job has printed",
        "mica job log 3 --follow",
        "jobs[3].log()",
        "",
        JobCommands::print);
  }

  private static Result print(Invocation in) {
    Jobs jobs = in.mica().jobs();
    int id = job(in).id();
    try {
      if (in.has("--follow")) {
        jobs.follow(id, in.conversation().out());
      } else {
        in.conversation().out().print(jobs.get(id).log());
      }
      return new Result.Done(0);
    } catch (IOException broken) {
      throw MicaException.failed("print the log of", "job " + id, Why.of(broken)).because(broken);
    }
  }
}
