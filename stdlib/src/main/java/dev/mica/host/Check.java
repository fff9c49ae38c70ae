package dev.mica.host;

import org.jspecify.annotations.Nullable;

/**
 * One line of {@code mica doctor}.
 *
 * @param name what was tried, a few words
 * @param status how it went
 * @param detail what was seen
 * @param fix the command line or step that mends it; null where nothing is to mend
 */
public record Check(String name, Status status, String detail, @Nullable String fix) {
  /** How a check went. */
  public enum Status {
    OK,
    /** Works, but something is missing or slower than it could be. */
    LIMITED,
    MISSING
  }
}
