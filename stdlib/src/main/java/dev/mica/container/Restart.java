package dev.mica.container;

import dev.mica.failure.MicaException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether a VM is started again whose program has ended by itself.
 *
 * @param when after which ends
 * @param most how often in a row, for {@link When#ON_FAILURE}; 0: without end
 */
public record Restart(When when, int most) {
  private static final Pattern ON_FAILURE = Pattern.compile("on-failure(?::([1-9]\\d{0,5}))?");

  /** After which ends. */
  public enum When {
    /** None. */
    NO,
    /** Those with another status than 0, and those of its VM. */
    ON_FAILURE,
    /** All but those that somebody asked for. */
    ALWAYS
  }

  /** Never, as it is unless it is said. */
  public static final Restart NO = new Restart(When.NO, 0);

  /** What {@code no}, {@code on-failure}, {@code on-failure:3} or {@code always} means. */
  public static Restart of(String text) {
    Matcher failure = ON_FAILURE.matcher(text);
    if (failure.matches()) {
      String most = failure.group(1);
      return new Restart(When.ON_FAILURE, most == null ? 0 : Integer.parseInt(most));
    }
    return switch (text) {
      case "no" -> NO;
      case "always" -> new Restart(When.ALWAYS, 0);
      default ->
          throw MicaException.usage(
              "restart a VM by", text, "there are no, on-failure, on-failure:N and always");
    };
  }

  /** Whether it ever is. */
  boolean isOn() {
    return when != When.NO;
  }

  /** As {@link #of} takes it. */
  @Override
  public String toString() {
    return switch (when) {
      case NO -> "no";
      case ON_FAILURE -> most == 0 ? "on-failure" : "on-failure:" + most;
      case ALWAYS -> "always";
    };
  }
}
