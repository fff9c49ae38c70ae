package dev.mica.container;

import java.time.Duration;
import java.util.Optional;

/**
 * How often a VM was started again since somebody started it.
 *
 * @param count that
 * @param waited how long before the last time
 */
record Restarts(int count, Duration waited) {
  /** Not once. */
  static final Restarts NONE = new Restarts(0, Duration.ZERO);

  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofMinutes(1);

  /** A program that ran for so long is not one that ends as soon as it is started. */
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(10);

  /**
   * What they are after one more, before which {@link #waited} is to be waited; empty if there is
   * to be none.
   *
   * @param failed whether it ended with another status than 0, or could not be started
   * @param ran for how long it ran
   */
  Optional<Restarts> next(Restart policy, boolean failed, Duration ran) {
    boolean wanted =
        switch (policy.when()) {
          case NO -> false;
          case ON_FAILURE -> failed && (policy.most() == 0 || count < policy.most());
          case ALWAYS -> true;
        };
    return wanted ? Optional.of(new Restarts(count + 1, wait(ran))) : Optional.empty();
  }

  private Duration wait(Duration ran) {
    if (waited.isZero() || ran.compareTo(LONG_ENOUGH) >= 0) {
      return SHORTEST;
    }
    Duration twice = waited.multipliedBy(2);
    return twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
  }
}
