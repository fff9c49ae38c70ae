package dev.mica.audit;

import dev.mica.access.Deed;
import dev.mica.access.Door;
import dev.mica.access.Witness;
import dev.mica.audit.AuditFiles.Tail;
import dev.mica.audit.LineText.Link;
import dev.mica.audit.LineText.Written;
import dev.mica.failure.MicaException;
import dev.mica.state.Durable;
import dev.mica.state.Hold;
import dev.mica.state.StateDir;
import dev.mica.text.Printable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/**
 * Writes the audit. Any number of processes may write at once: a writer has the lock while it reads
 * the end of the last file and writes behind it. A line that was cut short by a crash is removed by
 * the next writer, who writes down that it was there.
 */
public final class AuditLog implements Witness {
  static final String DIRECTORY = "audit";
  static final String LOCK = "audit";
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final int RESERVE = 64 << 10;
  private static final int STEP = 1 << 10;
  private static final int SHOWN = 200;
  private static final Door NO_DOOR = new Door("", "", "");

  /**
   * How much is kept.
   *
   * @param size a file that has so many bytes is followed by another one
   * @param files so many files are kept, and the older ones removed
   */
  record Limits(long size, int files) {
    static final Limits USUAL = new Limits(2 << 20, 16);
  }

  private final StateDir state;
  private final Path directory;
  private final AuditFiles files;
  private final Limits limits;
  private final InstantSource clock;

  /** That of a state directory. */
  public AuditLog(StateDir state) {
    this(state, Limits.USUAL, InstantSource.system());
  }

  AuditLog(StateDir state, Limits limits, InstantSource clock) {
    this.state = state.waiting(WAIT);
    this.directory = state.path().resolve(DIRECTORY);
    this.files = new AuditFiles(directory);
    this.limits = limits;
    this.clock = clock;
  }

  /** An interruption is kept for later: what was done is written down all the same. */
  @Override
  public void saw(Deed deed) {
    boolean interrupted = Thread.interrupted();
    try {
      while (!isOver(deed)) {
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Whether it was written or cannot be; not if the thread was interrupted meanwhile. */
  private boolean isOver(Deed deed) {
    try (Hold _ = state.hold("write the audit", LOCK)) {
      write(deed);
      return true;
    } catch (MicaException | IOException failure) {
      if (Thread.currentThread().isInterrupted()) {
        return false;
      }
      Log.tell(deed, failure);
      return true;
    }
  }

  /** Loaded only if something goes wrong. */
  private static final class Log {
    static void tell(Deed deed, Exception failure) {
      LoggerFactory.getLogger(AuditLog.class)
          .error("the audit lacks '{}' of {}: {}", deed.what(), deed.user(), failure.getMessage());
    }
  }

  /** If there is no room, not even what was kept in reserve, the line is counted as lost. */
  private void write(Deed deed) throws IOException {
    Path _ = state.makeDirectory(DIRECTORY);
    Instant now = clock.instant();
    Head head = head();
    for (boolean written = false; !written; ) {
      try {
        append(head, deed, now);
        written = true;
      } catch (IOException full) {
        if (!giveUpSomeReserve()) {
          head.losing(now.toString()).write(directory);
          throw full;
        }
      }
    }
  }

  /** If the note is missing, what is there is all that there was. */
  private Head head() throws IOException {
    Optional<Head> noted = Head.read(directory);
    if (noted.isPresent()) {
      return noted.get();
    }
    List<Path> all = files.all();
    return all.isEmpty() ? Head.NEW : Head.NEW.from(AuditFiles.first(all.getFirst()));
  }

  private void append(Head head, Deed deed, Instant now) throws IOException {
    List<Path> all = files.all();
    Path newest = all.isEmpty() ? files.make(head.last().number() + 1) : all.getLast();
    Tail tail = Tail.of(newest);
    Link last = last(all, tail);
    Link before = last.number() > head.last().number() ? last : head.last();
    List<Written> lines = new ArrayList<>();
    for (Deed each : with(notes(head, last, tail), deed)) {
      Written line = LineText.write(before, now, each);
      lines.add(line);
      before = line.link();
    }
    cut(newest, tail);
    boolean full = tail.whole() >= limits.size();
    Path file = full ? next(newest, lines.getFirst().link()) : newest;
    append(file, file.equals(newest) ? tail.whole() : 0, lines);
    note(head.with(before), full);
  }

  /** The line is there; that it is noted and that there is room is the next writer's, too. */
  private void note(Head written, boolean full) {
    try {
      written.write(directory);
      if (full) {
        removeOld(written);
      }
      keepReserve();
    } catch (IOException later) {
      return;
    }
  }

  /** Where no file can be made, the last one gets longer. */
  private Path next(Path newest, Link line) {
    try {
      return files.make(line.number());
    } catch (IOException full) {
      return newest;
    }
  }

  private static List<Deed> with(List<Deed> notes, Deed deed) {
    List<Deed> all = new ArrayList<>(notes);
    all.add(deed);
    return all;
  }

  /** The last line that is as it was written; in an empty file there is none yet. */
  private static Link last(List<Path> all, Tail newest) throws IOException {
    Tail tail = newest;
    for (int i = all.size() - 2; i >= 0 && tail.whole() == 0; i--) {
      tail = Tail.of(all.get(i));
    }
    return tail.last().map(LineText::link).orElse(Link.BEFORE_FIRST);
  }

  /** What is to be written down about the audit itself. */
  private static List<Deed> notes(Head head, Link last, Tail tail) {
    List<Deed> notes = new ArrayList<>();
    if (!tail.rest().isEmpty()) {
      int length = tail.rest().length();
      String shown = tail.rest().substring(0, Math.min(length, SHOWN));
      byte[] bytes = shown.getBytes(StandardCharsets.ISO_8859_1);
      notes.add(
          told(
              "remove a line that was cut short, of " + length + " bytes",
              "whoever wrote it ended before its end: " + Printable.of(bytes)));
    }
    if (head.last().number() > last.number()) {
      notes.add(
          told(
              "go on behind line " + head.last().number(),
              "the lines before this one are missing, or not as they were written"));
    }
    if (head.last().number() == 0 && last.number() > 1) {
      notes.add(told("read the note of the last line", "it is missing or damaged"));
    }
    if (head.lost() > 0) {
      notes.add(
          told(
              "write " + head.lost() + " lines",
              "there was no room for them since " + head.since()));
    }
    return notes;
  }

  private static Deed told(String what, String why) {
    return new Deed("", "", NO_DOOR, "", what, Deed.Outcome.FAILED, why);
  }

  private static void cut(Path file, Tail tail) throws IOException {
    if (!tail.rest().isEmpty()) {
      try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
        out.setLength(tail.whole());
      }
    }
  }

  /** Not by a FileChannel: an interrupted thread would lose the file half way. */
  private static void append(Path file, long at, List<Written> lines) throws IOException {
    String all = lines.stream().map(line -> line.text() + "\n").collect(Collectors.joining());
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      try {
        out.seek(at);
        out.write(all.getBytes(StandardCharsets.UTF_8));
        out.getFD().sync();
      } catch (IOException full) {
        out.setLength(at);
        throw full;
      }
    }
  }

  /** The note comes first: a file that it calls removed may still be there after a crash. */
  private void removeOld(Head head) throws IOException {
    List<Path> all = files.all();
    if (all.size() > limits.files()) {
      List<Path> old = all.subList(0, all.size() - limits.files());
      head.from(AuditFiles.first(all.get(old.size()))).write(directory);
      for (Path file : old) {
        Files.deleteIfExists(file);
      }
      Durable.syncDirectory(directory);
    }
  }

  private Path reserve() {
    return directory.resolve("reserve");
  }

  /**
   * Makes room for a line about a removal that makes room on a full file system. No more than that:
   * what needs room is to find none, as before.
   */
  private boolean giveUpSomeReserve() throws IOException {
    long size = Files.exists(reserve()) ? Files.size(reserve()) : 0;
    if (size > 0) {
      try (RandomAccessFile file = new RandomAccessFile(reserve().toFile(), "rw")) {
        file.setLength(Math.max(0, size - STEP));
      }
    }
    return size > 0;
  }

  /** Keeps as much room again, if there is some now. */
  private void keepReserve() throws IOException {
    long size = Files.exists(reserve()) ? Files.size(reserve()) : 0;
    if (size == RESERVE) {
      return;
    }
    byte[] noise = new byte[RESERVE]; // which no file system compresses
    new Random(RESERVE).nextBytes(noise);
    try (RandomAccessFile file = new RandomAccessFile(reserve().toFile(), "rw")) {
      try {
        file.seek(size);
        file.write(noise, (int) size, (int) (RESERVE - size));
        file.getFD().sync(); // a full file system may say so only here
      } catch (IOException full) {
        file.setLength(size);
      }
    }
  }
}
