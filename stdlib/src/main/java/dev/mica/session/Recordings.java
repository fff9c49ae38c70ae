package dev.mica.session;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of recordings, of which each user has the last hundred. */
final class Recordings {
  static final String DIRECTORY = "recordings";
  static final int MOST_OF_USER = 100;
  private static final long LARGEST = 16 << 20;
  private static final Logger LOG = LoggerFactory.getLogger(Recordings.class);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final Pattern NAME = Pattern.compile("(\\d{8}T\\d{6}Z)-\\d+-(.+)\\.cast");

  private final StateDir state;

  Recordings(StateDir state) {
    this.state = state;
  }

  private Path directory() {
    return state.path().resolve(DIRECTORY);
  }

  /** Begins to record a session; one that cannot be recorded goes on without, which is logged. */
  synchronized void begin(Registry.Entry entry, Shown shown) {
    String user = entry.served().caller().user();
    String name = TIME.format(entry.since()) + "-" + entry.number() + "-" + user + ".cast";
    try {
      Path file = state.makeDirectory(DIRECTORY).resolve(name);
      makeRoom(user);
      FileChannel channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Recorder recorder =
          new Recorder(file, Channels.newOutputStream(channel), LARGEST, System::nanoTime);
      recorder.begin(
          shown.type(),
          shown.columns(),
          shown.rows(),
          entry.since().getEpochSecond(),
          "session " + entry.number() + " of " + user);
      shown.record(recorder);
    } catch (IOException | MicaException broken) {
      LOG.warn("a session of {} is not recorded as {}: {}", user, name, why(broken));
    }
  }

  private static String why(Exception broken) {
    return broken instanceof IOException io ? Why.of(io) : String.valueOf(broken.getMessage());
  }

  private void makeRoom(String user) throws IOException {
    List<Recording> own = list().stream().filter(one -> one.user().equals(user)).toList();
    for (Recording oldest : own.subList(0, Math.max(0, own.size() - MOST_OF_USER + 1))) {
      Files.deleteIfExists(oldest.file());
    }
  }

  /** All of them, the oldest first. */
  List<Recording> list() {
    if (!Files.isDirectory(directory())) {
      return List.of();
    }
    List<Recording> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory())) {
      for (Path file : files.toList()) {
        recording(file).ifPresent(all::add);
      }
    } catch (IOException broken) {
      throw MicaException.failed("list the recordings in", directory(), Why.of(broken))
          .because(broken);
    }
    all.sort(Comparator.comparing(Recording::began).thenComparing(one -> one.file().toString()));
    return all;
  }

  private static Optional<Recording> recording(Path file) throws IOException {
    Matcher name = NAME.matcher(file.getFileName().toString());
    if (!name.matches()) {
      return Optional.empty();
    }
    Instant began = TIME.parse(name.group(1), Instant::from);
    return Optional.of(new Recording(file, name.group(2), began, Files.size(file)));
  }
}
