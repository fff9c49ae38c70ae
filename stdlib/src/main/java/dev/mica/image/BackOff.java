package dev.mica.image;

import java.net.http.HttpResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ThreadLocalRandom;

/** How often and when a registry that is overloaded or has failed is asked again. */
final class BackOff {
  private static final int TRIES = 5;
  private static final Duration FIRST = Duration.ofMillis(250);

  /** If a registry asks for a longer pause, the request fails at once. */
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private int tries = 1;

  /** Whether the same request may succeed soon. */
  static boolean isBusy(HttpResponse<?> answer) {
    return switch (answer.statusCode()) {
      case 429, 500, 502, 503, 504 -> true;
      default -> false;
    };
  }

  /**
   * Waits, as long as the answer asks for or a little longer than the last time; or says at once
   * that it has been asked often enough.
   */
  boolean waits(Optional<HttpResponse<?>> answer) {
    Duration own = FIRST.multipliedBy(1L << (tries - 1));
    Duration pause = answer.flatMap(BackOff::asked).orElse(own);
    if (tries++ == TRIES || pause.compareTo(LONGEST) > 0) {
      return false;
    }
    // At different times: several requests may have been refused together.
    long more = ThreadLocalRandom.current().nextLong(FIRST.toMillis());
    sleep(pause.plusMillis(more));
    return true;
  }

  private static void sleep(Duration pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (CancellationException)
          new CancellationException("cancelled: wait for the registry").initCause(stop);
    }
  }

  /** {@code Retry-After}: seconds, or a date. */
  static Optional<Duration> asked(HttpResponse<?> answer) {
    return answer.headers().firstValue("Retry-After").flatMap(BackOff::parse);
  }

  private static Optional<Duration> parse(String text) {
    if (text.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      Instant when = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration left = Duration.between(Instant.now(), when);
      return Optional.of(left.isNegative() ? Duration.ZERO : left);
    } catch (DateTimeException neither) {
      return Optional.empty();
    }
  }
}
