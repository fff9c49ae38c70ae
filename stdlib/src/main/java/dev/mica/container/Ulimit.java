package dev.mica.container;

import dev.mica.failure.MicaException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What each process of a container may have, as setrlimit(2) says it.
 *
 * @param kind of what
 * @param soft as a program finds it, in the unit of that; {@link #UNLIMITED}: as much as there is
 * @param hard up to which a program may raise it
 */
public record Ulimit(Kind kind, long soft, long hard) {
  /** No limit. */
  public static final long UNLIMITED = -1;

  /** As many files as the kernel of a guest lets a process have open. */
  static final long MOST_FILES = 1_048_576;

  private static final Pattern TEXT =
      Pattern.compile("([a-z]+)=(-1|unlimited|\\d{1,18})(?::(-1|unlimited|\\d{1,18}))?");

  /** Of what there can be a limit, as the kernel calls it. */
  public enum Kind {
    /** Bytes of addresses. */
    AS,
    /** Bytes of a core dump. */
    CORE,
    /** Seconds of a processor. */
    CPU,
    /** Bytes of data. */
    DATA,
    /** Bytes of a file. */
    FSIZE,
    /** Locks of files. */
    LOCKS,
    /** Bytes that are kept in memory. */
    MEMLOCK,
    /** Bytes in message queues. */
    MSGQUEUE,
    /** How far the nice value can be raised. */
    NICE,
    /** Open files. */
    NOFILE,
    /** Processes of the user. */
    NPROC,
    /** Bytes in memory. */
    RSS,
    /** The highest priority of real time. */
    RTPRIO,
    /** Microseconds of a processor in real time. */
    RTTIME,
    /** Signals that wait. */
    SIGPENDING,
    /** Bytes of the stack. */
    STACK;

    private static Optional<Kind> called(String name) {
      return Stream.of(values()).filter(kind -> kind.word().equals(name)).findFirst();
    }

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Fails where a container can have none such. */
  public Ulimit {
    if (Long.compareUnsigned(soft, hard) > 0) {
      throw refuse(
          text(kind, soft, hard), "the first limit is above the second: " + words(soft, hard));
    }
    if (kind == Kind.NOFILE && Long.compareUnsigned(hard, MOST_FILES) > 0) {
      throw refuse(
          text(kind, soft, hard), "a program can have " + MOST_FILES + " files open at most");
    }
  }

  /** The one of that text, {@code nofile=1024} or {@code nofile=1024:2048}, soft and hard. */
  public static Ulimit of(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw refuse(text, "it is written NAME=SOFT or NAME=SOFT:HARD, as nofile=1024:2048");
    }
    Kind kind =
        Kind.called(parts.group(1))
            .orElseThrow(() ->
                refuse(
                    text,
                    "there are "
                        + Stream.of(Kind.values())
                            .map(Kind::word)
                            .collect(Collectors.joining(", "))));
    String hard = parts.group(3);
    long soft = number(parts.group(2));
    return new Ulimit(kind, soft, hard == null ? soft : number(hard));
  }

  private static long number(String text) {
    return text.equals("unlimited") ? UNLIMITED : Long.parseLong(text);
  }

  private static MicaException refuse(String text, String why) {
    return MicaException.usage("limit the processes of a VM by", text, why);
  }

  private static String words(long soft, long hard) {
    return word(soft) + " and " + word(hard);
  }

  private static String word(long number) {
    return number == UNLIMITED ? "unlimited" : Long.toString(number);
  }

  private static String text(Kind kind, long soft, long hard) {
    return kind.word() + "=" + word(soft) + (soft == hard ? "" : ":" + word(hard));
  }

  /** What the runtime calls it. */
  String type() {
    return "RLIMIT_" + kind;
  }

  /** As {@link #of} takes it. */
  @Override
  public String toString() {
    return text(kind, soft, hard);
  }
}
