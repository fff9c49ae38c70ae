package dev.mica.shell.print;

import dev.mica.job.Activity;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/** One line that says how far long work is; it vanishes before anything else is printed. */
public final class ProgressLine implements Progress {
  static final Duration PATIENCE = Duration.ofMillis(700);

  private static final String CLEAR = "\r\u001b[K";

  private final PrintStream out;
  private final IntSupplier width;
  private final BooleanSupplier quiet;
  private boolean shown;
  private boolean stopped;

  public ProgressLine(PrintStream out, IntSupplier width) {
    this(out, width, () -> false);
  }

  /** {@code quiet}: whether somebody else has the terminal. */
  public ProgressLine(PrintStream out, IntSupplier width, BooleanSupplier quiet) {
    this.out = out;
    this.width = width;
    this.quiet = quiet;
  }

  /** Shows it if it has lasted for a while. */
  @Override
  public synchronized void show(Activity activity) {
    Duration elapsed = Duration.between(activity.started(), Instant.now());
    if (elapsed.compareTo(PATIENCE) >= 0) {
      draw(text(activity, elapsed));
    }
  }

  /** Likewise. */
  @Override
  public synchronized void show(String work, Instant started) {
    Duration elapsed = Duration.between(started, Instant.now());
    if (elapsed.compareTo(PATIENCE) >= 0) {
      draw(Cells.printable(work) + ": " + elapsed.toSeconds() + " s");
    }
  }

  private void draw(String text) {
    if (!stopped && !quiet.getAsBoolean()) {
      int room = width.getAsInt() <= 1 ? 79 : width.getAsInt() - 1;
      out.print(CLEAR + Cells.cut(text, room));
      out.flush();
      shown = true;
    }
  }

  /** Removes the line. */
  @Override
  public synchronized void clear() {
    if (shown) {
      out.print(CLEAR);
      out.flush();
      shown = false;
    }
  }

  /** Removes it for good. */
  @Override
  public synchronized void stop() {
    clear();
    stopped = true;
  }

  /** How far {@code activity} is, after so long. */
  public static String text(Activity activity, Duration elapsed) {
    double seconds = elapsed.toMillis() / 1000.0;
    long entries = activity.entries();
    StringBuilder line = new StringBuilder(Cells.printable(activity.text()));
    Optional<Activity> measured = activity.measured();
    if (measured.isPresent()) {
      line.append(": ").append(measured(measured.get()));
      String step = Cells.printable(activity.step());
      return step.isEmpty() ? line.toString() : line + "; " + step;
    }
    if (!activity.step().isEmpty()) {
      return line + ": " + Cells.printable(activity.step()) + ", " + elapsed.toSeconds() + " s";
    }
    if (entries == 0 && activity.total().isEmpty()) {
      return line + ": " + elapsed.toSeconds() + " s";
    }
    line.append(": ").append(count(entries));
    activity.total().ifPresent(total -> line.append(" of ").append(count(total)));
    line.append(" entries, ").append(count(Math.round(entries / seconds))).append("/s");
    if (activity.bytes() > 0) {
      line.append(", ").append(bytes(activity.bytes()));
      line.append(", ").append(bytes(Math.round(activity.bytes() / seconds))).append("/s");
    }
    if (entries > 0 && activity.total().orElse(0) > entries) {
      long left = Math.round((activity.total().getAsLong() - entries) * seconds / entries);
      line.append(", ").append(left(left));
    }
    return line.toString();
  }

  /** How far work is whose bytes are known beforehand. */
  private static String measured(Activity activity) {
    double seconds = Duration.between(activity.started(), Instant.now()).toMillis() / 1000.0;
    long done = activity.bytes();
    long total = activity.totalBytes();
    String line = bytes(done) + " of " + bytes(total);
    if (done == 0 || seconds == 0) {
      return line;
    }
    line += ", " + bytes(Math.round(done / seconds)) + "/s";
    return done < total ? line + ", " + left(Math.round((total - done) * seconds / done)) : line;
  }

  private static String left(long seconds) {
    return String.format(Locale.ROOT, "%d:%02d left", seconds / 60, seconds % 60);
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  static String bytes(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  }
}
