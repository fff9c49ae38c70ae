package dev.mica.background;

import dev.mica.access.Caller;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** A job as it was when it was asked for: a command that runs, or has run, in the background. */
public final class Job {
  /** How a job is. */
  public enum State {
    /** It runs. */
    RUNNING,
    /** It has done what it should. */
    DONE,
    /** It has failed; its log says why. */
    FAILED,
    /** Somebody has cancelled it. */
    CANCELLED,
    /**
     * Its process ended before it did. What it was doing is finished or undone as after a crash.
     */
    LOST
  }

  private final Jobs jobs;
  private final JobRecord record;
  private final String progress;

  Job(Jobs jobs, JobRecord record, String progress) {
    this.jobs = jobs;
    this.record = record;
    this.progress = progress;
  }

  /** Its number, counted from 1. */
  public int id() {
    return record.id();
  }

  /** The command, in which what may be secret is hidden. */
  public String what() {
    return record.what();
  }

  /** The name of whoever has asked for it. */
  public String user() {
    return record.owner().substring(record.owner().indexOf(':') + 1);
  }

  /** The number of the session of the server that it was begun in; "" if in none. */
  public String session() {
    return record.session();
  }

  boolean isOf(Caller caller) {
    return record.owner().equals(caller.identity());
  }

  /** How it is. */
  public State state() {
    return record.state();
  }

  /** Its exit status; 0 while it runs. */
  public int status() {
    return record.status();
  }

  /** How far it was when it said so last; "" if it has not said so, or has ended. */
  public String progress() {
    return progress;
  }

  /** When it began. */
  public Instant began() {
    return record.began();
  }

  /** When it ended. */
  public Optional<Instant> ended() {
    return Optional.ofNullable(record.ended());
  }

  /** How long it has run. */
  public Duration elapsed() {
    return Duration.between(began(), ended().orElseGet(Instant::now));
  }

  /** What it has printed until now. */
  public String log() {
    return jobs.log(this);
  }

  /** Waits until it has ended; it as it is then. */
  public Job await() {
    return jobs.await(this);
  }

  /** Cancels it, and waits until it has ended; it as it is then. One that has ended stays so. */
  public Job cancel() {
    return jobs.cancel(this);
  }

  @Override
  public String toString() {
    return "job " + id();
  }
}
