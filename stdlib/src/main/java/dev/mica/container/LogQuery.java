package dev.mica.container;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted of what a program said.
 *
 * @param follow whether to wait for more until the program has ended
 * @param tail how many lines at most of those that are there already; negative: all
 * @param timestamps whether each line begins with the time at which it was said
 * @param since nothing that was said before that; null: all
 */
public record LogQuery(boolean follow, long tail, boolean timestamps, @Nullable Instant since) {
  /** All that is kept. */
  public static final LogQuery ALL = new LogQuery(false, -1, false, null);
}
