package dev.mica.background;

import dev.mica.state.Hold;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job that this process runs. The lock of its object says to all others that it runs: it falls
 * with the process.
 */
final class RunningJob {
  private static final Logger LOG = LoggerFactory.getLogger(RunningJob.class);
  private static final long MOST_PRINTED = 4 << 20;
  private static final long TICK_MILLIS = 250;

  /** Those of this process, by state directory and id. */
  private static final Map<String, RunningJob> HERE = new ConcurrentHashMap<>();

  private final StateDir state;
  private final Records records;
  private final JobFiles files;
  private final JobWork work;
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile JobRecord record;
  private volatile String progress = "";
  private volatile @Nullable RuntimeException failure;
  private volatile boolean leftForAnother;

  private RunningJob(StateDir state, JobRecord record, JobFiles files, JobWork work) {
    this.state = state;
    this.records = state.records(Jobs.KIND).ofProcesses();
    this.record = record;
    this.files = files;
    this.work = work;
  }

  private static String key(StateDir state, int id) {
    return id + " " + state.path();
  }

  static @Nullable RunningJob here(StateDir state, int id) {
    return HERE.get(key(state, id));
  }

  /** Begins; returns when others can see that it runs. */
  static RunningJob start(StateDir state, JobRecord record, JobFiles files, JobWork work) {
    RunningJob job = new RunningJob(state, record, files, work);
    HERE.put(key(state, record.id()), job);
    Thread.ofPlatform().daemon().name("mica-job-" + record.id()).start(job::live);
    try {
      job.begun.await();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      job.cancel();
    }
    RuntimeException failed = job.failure;
    if (failed != null) {
      throw failed;
    }
    return job;
  }

  private void live() {
    try (Hold _ = state.hold("run the job " + record.id(), Jobs.object(record.id()))) {
      records.put(Integer.toString(record.id()), record.toJson());
      begun.countDown();
      Thread ticking = Thread.ofVirtual().start(this::tick);
      int status = run();
      over.countDown();
      ticking.join();
      end(status);
    } catch (RuntimeException failed) {
      failure = failed;
      LOG.error("the job {} has failed", record.id(), failed);
    } catch (InterruptedException never) {
      Thread.currentThread().interrupt();
    } finally {
      HERE.remove(key(state, record.id()));
      over.countDown();
      begun.countDown();
    }
  }

  private int run() {
    try (OutputStream log = files.openLog(MOST_PRINTED)) {
      return work.run(log, text -> progress = text);
    } catch (IOException full) {
      LOG.warn("what the job {} prints cannot be kept", record.id(), full);
      return 1;
    }
  }

  private void end(int status) {
    if (leftForAnother) {
      return; // as if this process had been killed: whoever comes next takes it up
    }
    Job.State how =
        status == 0
            ? Job.State.DONE
            : files.isAskedForEnd() ? Job.State.CANCELLED : Job.State.FAILED;
    record = record.ended(how, status);
    records.put(Integer.toString(record.id()), record.toJson());
    files.tidyUp();
  }

  /** Tells others how far it is, and hears from them. */
  private void tick() {
    String told = "";
    try {
      files.setProgress(told); // what is removed at the end is heard by those who wait
      while (!over.await(TICK_MILLIS, TimeUnit.MILLISECONDS)) {
        if (files.isAskedForEnd()) {
          work.cancel();
        }
        String now = progress;
        if (!now.equals(told)) {
          files.setProgress(now);
          told = now;
        }
      }
    } catch (IOException full) {
      LOG.warn("how far the job {} is cannot be told", record.id(), full);
    } catch (InterruptedException never) {
      Thread.currentThread().interrupt();
    }
  }

  JobRecord record() {
    return record;
  }

  void cancel() {
    files.askForEnd();
    work.cancel();
  }

  /** Ends it here; if it can be taken up, it counts as running, for the next one. */
  void leave() {
    leftForAnother = !record.again().isEmpty();
    if (leftForAnother) {
      work.cancel();
    } else {
      cancel();
    }
  }

  /** Waits so long for its end; whether it has ended. */
  boolean await(long millis) throws InterruptedException {
    return over.await(millis, TimeUnit.MILLISECONDS);
  }

  /** All that this process runs for a state directory. */
  static java.util.List<RunningJob> all(StateDir state) {
    return HERE.values().stream().filter(job -> job.state.path().equals(state.path())).toList();
  }
}
