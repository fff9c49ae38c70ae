package dev.mica.background;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;
import java.util.Locale;

/** Jobs. */
public final class JobSchema {
  /** The descriptor of a job. */
  public static final Descriptor<Job> JOB =
      Descriptor.of(
          JobSchema.class,
          Job.class,
          Shape.<Job>of("jobs")
              .essential("id", "number", Job::id)
              .essential("state", "string", JobSchema::state)
              .column("user", "string", Job::user)
              .essential("what", "string", Job::what)
              .column("progress", "string", Job::progress)
              .column("began", "time", Job::began)
              .field("ended", "time", job -> job.ended().orElse(null))
              .field("status", "number", Job::status)
              .field("session", "string", Job::session)
              .build());

  /** The descriptor of all jobs of a host. */
  public static final Descriptor<Jobs> JOBS =
      Descriptor.of(JobSchema.class, Jobs.class, Rows.list(JOB, Jobs::list));

  private JobSchema() {}

  private static String state(Job job) {
    String word = job.state().name().toLowerCase(Locale.ROOT);
    return job.state() == Job.State.FAILED ? word + " (" + job.status() + ")" : word;
  }
}
