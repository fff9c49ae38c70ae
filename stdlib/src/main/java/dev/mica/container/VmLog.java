package dev.mica.container;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What a VM's program said, from what is kept of it. */
final class VmLog {
  private static final long PAUSE = Duration.ofMillis(20).toNanos();

  /** As the log has it, and so that the texts have the order of the times. */
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);

  private final VmFiles files;
  private final LogQuery query;
  private final BooleanSupplier stop;
  private final BooleanSupplier ended;

  /** Whether the next byte of the standard output, and of the standard error, begins a line. */
  private boolean outBegins = true;

  private boolean errorBegins = true;

  VmLog(VmFiles files, LogQuery query, BooleanSupplier stop, BooleanSupplier ended) {
    this.files = files;
    this.query = query;
    this.stop = stop;
    this.ended = ended;
  }

  /**
   * Writes what the program wrote to its standard output to {@code out} and what to its standard
   * error to {@code error}, in the order in which it was said, and flushes them. The two may be the
   * same.
   *
   * @throws IOException what a file or one of the two throws
   */
  void copyTo(OutputStream out, OutputStream error) throws IOException, InterruptedException {
    try (LogFiles log = new LogFiles(files.log())) {
      for (LogRecord record : kept(log)) {
        write(record, record.error() ? error : out);
      }
      flush(out, error);
      while (query.follow() && !stop.getAsBoolean()) {
        boolean last = ended.getAsBoolean();
        LogRecord record = log.next();
        if (record == null && last) {
          return;
        }
        for (; record != null && !stop.getAsBoolean(); record = log.next()) {
          if (isWanted(record)) {
            write(record, record.error() ? error : out);
          }
        }
        flush(out, error);
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        LockSupport.parkNanos(PAUSE);
      }
    }
  }

  private static void flush(OutputStream out, OutputStream error) throws IOException {
    out.flush();
    error.flush();
  }

  /** Those that are there and wanted. */
  private Iterable<LogRecord> kept(LogFiles log) throws IOException {
    Deque<LogRecord> kept = new ArrayDeque<>();
    long lines = 0;
    for (LogRecord record = log.next(); record != null; record = log.next()) {
      if (!isWanted(record)) {
        continue;
      }
      kept.add(record);
      lines += record.ends() ? 1 : 0;
      while (query.tail() >= 0 && lines > query.tail()) {
        lines -= kept.removeFirst().ends() ? 1 : 0;
      }
    }
    if (query.tail() == 0) {
      kept.clear();
    }
    return kept;
  }

  private boolean isWanted(LogRecord record) {
    Instant since = query.since();
    return since == null || (record.time() != null && !record.time().isBefore(since));
  }

  private void write(LogRecord record, OutputStream to) throws IOException {
    boolean begins = record.error() ? errorBegins : outBegins;
    @Nullable Instant time = record.time();
    if (begins && query.timestamps() && time != null) {
      to.write((STAMP.format(time) + " ").getBytes(StandardCharsets.US_ASCII));
    }
    record.writeTo(to);
    if (record.ends()) {
      to.write('\n');
    }
    if (record.error()) {
      errorBegins = record.ends();
    } else {
      outBegins = record.ends();
    }
  }
}
