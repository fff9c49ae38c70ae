package dev.mica.shell.print;

import dev.mica.job.Activity;
import java.time.Instant;

/** Where somebody is told how far work is. */
public interface Progress {
  /** Says where {@code activity} is. */
  void show(Activity activity);

  /** Says that {@code work}, which says nothing of itself, goes on. */
  void show(String work, Instant started);

  /** There is nothing to be told now. */
  void clear();

  /** There is nothing to be told any more. */
  void stop();
}
