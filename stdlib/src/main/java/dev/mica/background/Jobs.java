package dev.mica.background;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.Hold;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The jobs of a state directory. Everybody may have some, which do what their commands may; they
 * see their own, and an admin sees all.
 */
public final class Jobs {
  static final String KIND = "jobs";

  /** How many of those that have ended are remembered. */
  private static final int KEPT = 100;

  /** How many of one user may run at once. */
  private static final int MOST_RUNNING = 16;

  private static final long TICK_MILLIS = 100;

  private final Caller caller;
  private final StateDir state;
  private final Records records;

  /** The jobs of a state directory. */
  public Jobs(StateDir state) {
    this(Caller.ofProcess(), state);
  }

  /** The same as {@code caller} sees them. */
  public Jobs(Caller caller, Jobs same) {
    this(caller, same.state);
  }

  private Jobs(Caller caller, StateDir state) {
    this.caller = caller;
    this.state = state;
    this.records = state.records(KIND);
  }

  static String object(int id) {
    return "job " + id;
  }

  private JobFiles files(int id) {
    return new JobFiles(state.path().resolve("job-files").resolve(Integer.toString(id)));
  }

  /**
   * Begins a job of the caller's in this process.
   *
   * @param what the command, without what may be secret
   * @param session the number of the session of the server that asks for it; "" if none does
   * @param again its words, if it can be taken up by running it again in another process; else
   *     empty
   */
  public Job start(String what, String session, List<String> again, JobWork work) {
    List<Job> running = list().stream().filter(job -> job.state() == Job.State.RUNNING).toList();
    if (running.stream().filter(job -> job.isOf(caller)).count() >= MOST_RUNNING) {
      throw MicaException.failed(
              "begin the job", what, MOST_RUNNING + " of " + caller.user() + " run already")
          .hint("wait for one, or cancel one: mica job ls");
    }
    RunningJob job;
    // Until it has its record, nobody else may take its number.
    try (Hold _ = state.hold("begin a job", KIND)) {
      List<Integer> ids = ids();
      forgetSome(ids);
      int id = ids.isEmpty() ? 1 : ids.getLast() + 1;
      Path _ = state.makeDirectory("job-files/" + id);
      JobRecord record = JobRecord.begun(id, what, caller.identity(), session, again);
      job = RunningJob.start(state, record, files(id), work);
    }
    return new Job(this, job.record(), "");
  }

  private List<Integer> ids() {
    return records.names().stream()
        .filter(name -> name.matches("\\d{1,9}"))
        .map(Integer::valueOf)
        .sorted()
        .toList();
  }

  /** Not the newest, whose number says which is free. */
  private void forgetSome(List<Integer> ids) {
    for (int id : ids.subList(0, Math.max(0, ids.size() - KEPT))) {
      state.ifFree(
          "forget the job " + id,
          object(id),
          () -> {
            records.remove(Integer.toString(id));
            files(id).remove();
          });
    }
  }

  /** The caller's jobs, for an admin all, the newest last. */
  public List<Job> list() {
    return all().readable().stream()
        .filter(this::isSeen)
        .sorted(Comparator.comparingInt(JobRecord::id))
        .map(this::job)
        .collect(Collectors.toCollection(ArrayList<Job>::new));
  }

  /** The caller's jobs that were begun in a session with that number, the newest last. */
  public List<Job> ofSession(String session) {
    return list().stream()
        .filter(job -> job.isOf(caller) && job.session().equals(session))
        .toList();
  }

  /** Why each of the others cannot be listed: its record is damaged. */
  public List<MicaException> damaged() {
    return caller.role() == Role.ADMIN ? all().damaged() : List.of();
  }

  private Records.Listing<JobRecord> all() {
    return state.read(() -> records.all(JobRecord::of));
  }

  private boolean isSeen(JobRecord record) {
    return caller.role() == Role.ADMIN || record.owner().equals(caller.identity());
  }

  /** The job with that number; fails if there is none that the caller may see. */
  public Job get(int id) {
    Optional<JobRecord> found = state.read(() -> records.find("" + id, JobRecord::of));
    return found
        .filter(this::isSeen)
        .map(this::job)
        .orElseThrow(() ->
            MicaException.unknown(
                "job", "" + id, list().stream().map(job -> "" + job.id()).toList()));
  }

  /** With how it is now: one whose process is gone is lost. */
  private Job job(JobRecord record) {
    if (!record.isRunning()) {
      return new Job(this, record, "");
    }
    if (RunningJob.here(state, record.id()) != null) {
      return new Job(this, record, files(record.id()).progress());
    }
    JobRecord[] now = {record};
    state.ifFree(
        "look at the job " + record.id(),
        object(record.id()),
        () -> now[0] = ended(again(record.id())));
    return new Job(this, now[0], now[0].isRunning() ? files(record.id()).progress() : "");
  }

  private JobRecord again(int id) {
    return records
        .find("" + id, JobRecord::of)
        .orElseThrow(() -> MicaException.unknown("job", "" + id, List.of()));
  }

  private static JobRecord ended(JobRecord record) {
    return record.isRunning() ? record.ended(Job.State.LOST, 1) : record;
  }

  String log(Job job) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] more = printed(job.id(), 0); more.length > 0; ) {
      all.writeBytes(more);
      more = printed(job.id(), all.size());
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  /** What a job has printed from that byte on, at most one MiB of it. */
  public byte[] printed(int id, long from) {
    return files(get(id).id()).printed(from);
  }

  Job await(Job job) {
    String text = job + ": " + job.what();
    try (Activity waiting = Activity.begin(text, OptionalLong.empty(), Activity.Work.NONE);
        JobWatch watch = watch(job.id())) {
      Job now = get(job.id());
      while (now.state() == Job.State.RUNNING) {
        waiting.check();
        waiting.step(now.progress());
        watch.await();
        now = get(job.id());
      }
      return now;
    }
  }

  private JobWatch watch(int id) {
    return JobWatch.of(files(get(id).id()).folder());
  }

  /**
   * Writes what a job has printed to {@code to}, and what it prints until it has ended; it as it is
   * then.
   */
  public Job follow(int id, OutputStream to) throws IOException {
    Job now = get(id);
    String text = now + ": " + now.what();
    try (Activity following = Activity.begin(text, OptionalLong.empty(), Activity.Work.NONE);
        JobWatch watch = watch(id)) {
      long at = 0;
      boolean runs = true;
      while (runs) {
        following.check();
        now = get(id); // before: what it printed last is read, too
        runs = now.state() == Job.State.RUNNING;
        following.step(now.progress());
        for (byte[] more = printed(id, at); more.length > 0; more = printed(id, at)) {
          at += more.length;
          to.write(more);
        }
        to.flush();
        if (runs) {
          watch.await();
        }
      }
    }
    return now;
  }

  Job cancel(Job job) {
    return caller.change(
        Role.VIEWER,
        "cancel the job",
        job.id(),
        () -> {
          RunningJob here = RunningJob.here(state, job.id());
          if (here != null) {
            here.cancel();
          } else if (get(job.id()).state() == Job.State.RUNNING) {
            files(job.id()).askForEnd();
          }
          return await(job);
        });
  }

  /**
   * Looks after the jobs whose process has ended: those that can be taken up go on here, with the
   * work that {@code resuming} gives for their user and words; the others are lost.
   *
   * @param resuming null for a job of a user who may not have it any more
   */
  public void takeUp(Function<Resumed, @Nullable JobWork> resuming) {
    caller.require(Role.ADMIN, "take up", "all jobs");
    for (JobRecord record : all().readable()) {
      if (record.isRunning() && RunningJob.here(state, record.id()) == null) {
        boolean[] isFree = {false};
        state.ifFree(
            "take up the job " + record.id(), object(record.id()), () -> isFree[0] = lose(record));
        JobWork work =
            isFree[0] && !record.again().isEmpty()
                ? resuming.apply(new Resumed(record.owner(), record.again()))
                : null;
        if (work != null) {
          RunningJob _ = RunningJob.start(state, record, files(record.id()), work);
        }
      }
    }
  }

  /**
   * A job that can be taken up.
   *
   * @param owner as {@link Caller#identity} tells callers apart
   */
  public record Resumed(String owner, List<String> words) {}

  private boolean lose(JobRecord record) {
    boolean isLost = again(record.id()).isRunning();
    if (isLost) {
      records.ofProcesses().put("" + record.id(), ended(record).toJson());
      files(record.id()).tidyUp();
    }
    return isLost;
  }

  /** Those that run in this process. */
  public List<Job> ofProcess() {
    return list().stream()
        .filter(job -> job.state() == Job.State.RUNNING)
        .filter(job -> RunningJob.here(state, job.id()) != null)
        .toList();
  }

  /** Ends all jobs of this process; waits so long. Those that can be taken up are for the next. */
  public void leave(long millis) {
    caller.require(Role.ADMIN, "leave", "all jobs");
    List<RunningJob> all = RunningJob.all(state);
    try {
      leave(all, System.nanoTime() + millis * 1_000_000);
    } catch (InterruptedException hurry) {
      all.forEach(RunningJob::leave);
      Thread.currentThread().interrupt();
    }
  }

  private static void leave(List<RunningJob> all, long deadline) throws InterruptedException {
    for (RunningJob job : all) {
      boolean _ = job.record().again().isEmpty() && job.await(left(deadline));
    }
    all.forEach(RunningJob::leave);
    for (RunningJob job : all) {
      boolean _ = job.await(left(deadline) + TICK_MILLIS);
    }
  }

  private static long left(long deadline) {
    return Math.max(0, (deadline - System.nanoTime()) / 1_000_000);
  }
}
