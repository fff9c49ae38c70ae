package dev.mica.text;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The signals of Linux by their names, as images and people write them. */
public final class Signals {
  /** SIGKILL. */
  public static final int KILL = 9;

  /** SIGTERM. */
  public static final int TERM = 15;

  private static final int FIRST_REAL_TIME = 34; // those before it are the C library's own
  private static final int LAST = 64;
  private static final List<String> NAMES =
      List.of(
          "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
          "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
          "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");
  private static final Pattern REAL_TIME = Pattern.compile("RTM(IN|AX)(?:([+-])(\\d{1,2}))?");

  private Signals() {}

  /** The number of {@code SIGQUIT}, {@code quit}, {@code 3} or {@code SIGRTMIN+3}, if it is one. */
  public static OptionalInt number(String text) {
    String name = text.strip().toUpperCase(Locale.ROOT);
    if (name.matches("\\d{1,3}")) {
      return sound(Integer.parseInt(name));
    }
    String bare = name.startsWith("SIG") ? name.substring("SIG".length()) : name;
    Matcher realTime = REAL_TIME.matcher(bare);
    if (realTime.matches()) {
      int from = realTime.group(1).equals("IN") ? FIRST_REAL_TIME : LAST;
      int more = realTime.group(2) == null ? 0 : Integer.parseInt(realTime.group(3));
      int number = "-".equals(realTime.group(2)) ? from - more : from + more;
      return number < FIRST_REAL_TIME ? OptionalInt.empty() : sound(number);
    }
    return sound(NAMES.indexOf(bare) + 1);
  }

  private static OptionalInt sound(int number) {
    return number >= 1 && number <= LAST ? OptionalInt.of(number) : OptionalInt.empty();
  }
}
