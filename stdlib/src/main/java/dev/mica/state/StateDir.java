package dev.mica.state;

import dev.mica.MicaException;
import dev.mica.core.Capability;
import dev.mica.core.Core;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/**
 * The state directory of one host: records, and a journal of the one operation under way.
 *
 * <p>Any number of processes may use it at once. Whoever changes something holds {@link #lock}
 * while doing so, and says in the journal beforehand what is about to be done. Whoever takes the
 * lock and finds such an intent knows its writer is dead, and first finishes or undoes it.
 */
public final class StateDir {
  static final Charset UTF_8 = StandardCharsets.UTF_8;

  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);
  private static final String PROBE = "probe a folder";
  private static final int OPTIMISTIC_READS = 5;

  private final Path home;
  private final Duration wait;
  private final Map<String, Consumer<ObjectNode>> recoveries;

  private StateDir(Path home, Duration wait, Map<String, Consumer<ObjectNode>> recoveries) {
    this.home = home;
    this.wait = wait;
    this.recoveries = recoveries;
    onLeftover(PROBE, facts -> removeProbes(Path.of(facts.required("directory").asString())));
  }

  /** The directory at {@code home}; made with mode 0700 when it is first written to. */
  public static StateDir at(Path home) {
    return new StateDir(real(home), DEFAULT_WAIT, new ConcurrentHashMap<>());
  }

  /**
   * {@code MICA_HOME}; else {@code /var/lib/mica} for root; else {@code mica} below {@code
   * XDG_STATE_HOME}, which is {@code ~/.local/state} unless set. {@code MICA_LOCK_WAIT} is how many
   * seconds to wait for another process; 10 unless set.
   */
  public static StateDir ofEnvironment(Map<String, String> environment) {
    return new StateDir(
        real(homeOf(environment)),
        waitOf(environment.getOrDefault("MICA_LOCK_WAIT", "")),
        new ConcurrentHashMap<>());
  }

  /** The real path, also of what is not there yet, so that a layer in it has one name only. */
  private static Path real(Path home) {
    Path absolute = home.toAbsolutePath().normalize();
    for (Path there = absolute; there != null; there = there.getParent()) {
      if (Files.exists(there)) {
        try {
          return there.toRealPath().resolve(there.relativize(absolute)).normalize();
        } catch (IOException hidden) {
          return absolute; // whoever uses it is told why it cannot be
        }
      }
    }
    return absolute;
  }

  private static Path homeOf(Map<String, String> environment) {
    String named = environment.getOrDefault("MICA_HOME", "");
    if (!named.isEmpty()) {
      return Path.of(named);
    }
    if (System.getProperty("user.name").equals("root")) {
      return Path.of("/var/lib/mica");
    }
    String xdg = environment.getOrDefault("XDG_STATE_HOME", "");
    Path base =
        xdg.startsWith("/") // the XDG rules: a relative one is ignored
            ? Path.of(xdg)
            : home(environment).resolve(".local/state");
    return base.resolve("mica");
  }

  /** {@code HOME} as the XDG rules have it; Java's own is that of the user database. */
  private static Path home(Map<String, String> environment) {
    String named = environment.getOrDefault("HOME", "");
    return Path.of(named.startsWith("/") ? named : System.getProperty("user.home"));
  }

  private static Duration waitOf(String seconds) {
    if (seconds.isEmpty()) {
      return DEFAULT_WAIT;
    }
    if (!seconds.matches("\\d{1,6}")) {
      throw MicaException.usage("use MICA_LOCK_WAIT", seconds, "it is not a number of seconds");
    }
    return Duration.ofSeconds(Long.parseLong(seconds));
  }

  /** The same directory, waiting that long for another process. */
  public StateDir waiting(Duration longest) {
    return new StateDir(home, longest, recoveries);
  }

  /** Where it is. */
  public Path path() {
    return home;
  }

  /** The records of one kind. */
  public Records records(String kind) {
    return new Records(this, home.resolve(kind));
  }

  /**
   * Takes the lock to do {@code what} ("create the union web"), and finishes or undoes first what a
   * dead process left half done. A thread may take it again inside. Fails, naming the holder, if
   * another has it for too long.
   */
  public Lock lock(String what) {
    Mutex mutex = mutex();
    mutex.acquire(what, wait);
    return locked(mutex);
  }

  /**
   * What {@code reader} reads, as it is between two operations and never in the middle of one.
   * Takes no lock unless a dead process left something half done.
   */
  public <T> T read(Supplier<T> reader) {
    if (!Files.isDirectory(home) || mutex().isMine()) {
      return reader.get();
    }
    for (int i = 0; i < OPTIMISTIC_READS; i++) {
      String before = stamp();
      Optional<ObjectNode> intent = intent();
      if (intent.isPresent() && mutex().tryAcquire("recover")) {
        locked(mutex()).close();
        continue;
      }
      if (intent.isPresent() && intent.get().path("publishing").asBoolean(true)) {
        break;
      }
      T result = reader.get();
      if (stamp().equals(before)) {
        return result;
      }
    }
    try (Lock _ = lock("read")) {
      return reader.get();
    }
  }

  /** Does {@code action} under the lock, if nobody else has it now; otherwise does nothing. */
  public void ifFree(String what, Runnable action) {
    if (mutex().tryAcquire(what)) {
      try (Lock _ = locked(mutex())) {
        action.run();
      }
    }
  }

  /**
   * Says who finishes or undoes an operation that was cut short: {@code recovery} is given the
   * facts the operation began with, under the lock, in this or a later process, and leaves either
   * the state before or the state after. It may be cut short itself and called again.
   */
  public void onLeftover(String operation, Consumer<ObjectNode> recovery) {
    recoveries.put(operation, recovery);
  }

  /** The lock, held. */
  public final class Lock implements AutoCloseable {
    private final Mutex mutex;

    private Lock(Mutex mutex) {
      this.mutex = mutex;
    }

    /**
     * Does a journaled operation: notes {@code facts}, runs {@code body}, strikes the note. If body
     * fails, the operation's recovery is run as it would be after a crash.
     */
    public <T> T run(String operation, ObjectNode facts, Supplier<T> body) {
      writeIntent(operation, facts, true);
      return finish(body);
    }

    /**
     * Likewise for an operation that takes long: {@code prepare} makes what no reader looks at, and
     * readers do not wait for it; {@code publish} is short.
     */
    public <T> T run(String operation, ObjectNode facts, Runnable prepare, Supplier<T> publish) {
      writeIntent(operation, facts, false);
      return finish(() -> {
        prepare.run();
        writeIntent(operation, facts, true);
        return publish.get();
      });
    }

    /**
     * What {@code directory} can do; what the trying leaves there if we are killed is removed
     * later.
     */
    public Set<Capability> probe(Path directory) {
      ObjectNode facts = Records.object().put("directory", directory.toString());
      return run(PROBE, facts, () -> Core.probe(directory));
    }

    private <T> T finish(Supplier<T> body) {
      T result;
      try {
        result = body.get();
      } catch (RuntimeException | Error failure) {
        try {
          recover();
        } catch (RuntimeException worse) {
          failure.addSuppressed(worse);
        }
        throw failure;
      }
      strikeIntent();
      return result;
    }

    @Override
    public void close() {
      mutex.release();
    }
  }

  private Lock locked(Mutex mutex) {
    boolean done = false;
    try {
      if (mutex.depth() == 1) {
        Files.deleteIfExists(scratch());
        recover();
      }
      done = true;
      return new Lock(mutex);
    } catch (IOException broken) {
      throw MicaException.failed("remove", scratch(), why(broken)).because(broken);
    } finally {
      if (!done) {
        mutex.release();
      }
    }
  }

  private void recover() {
    Optional<ObjectNode> left = intent();
    if (left.isEmpty()) {
      return;
    }
    String operation = left.get().path("operation").asString("");
    Consumer<ObjectNode> recovery = recoveries.get(operation);
    if (recovery == null || !(left.get().path("facts") instanceof ObjectNode facts)) {
      throw MicaException.failed(
          "finish what " + intentFile() + " notes", "", "nothing here knows '" + operation + "'");
    }
    recovery.accept(facts);
    strikeIntent();
  }

  private static void removeProbes(Path directory) {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, ".mica-probe-*")) {
      left.forEach(Core::remove);
    } catch (NoSuchFileException gone) {
      return;
    } catch (IOException broken) {
      throw MicaException.failed("list", directory, why(broken)).because(broken);
    }
  }

  private void writeIntent(String operation, ObjectNode facts, boolean publishing) {
    ObjectNode intent = Records.object();
    intent.put("operation", operation);
    intent.put("process", ProcessHandle.current().pid());
    intent.put("publishing", publishing);
    intent.set("facts", facts);
    try {
      Records.store(this, intentFile(), intent);
    } catch (IOException broken) {
      throw MicaException.failed("write the journal", intentFile(), why(broken)).because(broken);
    }
  }

  private void strikeIntent() {
    try {
      Durable.delete(intentFile());
    } catch (IOException broken) {
      throw MicaException.failed("strike the journal", intentFile(), why(broken)).because(broken);
    }
  }

  private Optional<ObjectNode> intent() {
    return Records.load(intentFile());
  }

  private String stamp() {
    return mutex().lastHolder() + intent().map(ObjectNode::toString).orElse("");
  }

  private Path intentFile() {
    return home.resolve("intent.json");
  }

  Path scratch() {
    return home.resolve("scratch");
  }

  private Mutex mutex() {
    try {
      Files.createDirectories(
          home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return Mutex.of(home.toRealPath());
    } catch (IOException broken) {
      throw MicaException.failed("make the state directory", home, why(broken))
          .hint("name another one in MICA_HOME")
          .because(broken);
    }
  }

  /** Renames durably; neither is a root. To another file system or mount it fails. */
  public static void move(Path from, Path to) throws IOException {
    Durable.move(from, to);
  }

  /** fsync(2) of a directory: what was renamed, made or removed in it stays so. */
  public static void syncDirectory(Path directory) {
    try {
      Durable.syncDirectory(directory);
    } catch (IOException broken) {
      throw MicaException.failed("sync", directory, why(broken)).because(broken);
    }
  }

  /** Why a file operation failed, for people; the JDK's message alone is often just the path. */
  public static String why(IOException failure) {
    return switch (failure) {
      case NoSuchFileException missing -> "it does not exist";
      case AccessDeniedException denied -> "permission denied";
      case FileAlreadyExistsException taken -> "it exists already";
      case DirectoryNotEmptyException full -> "it is not empty";
      case NotDirectoryException other -> "it is not a directory";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> String.valueOf(failure.getMessage());
    };
  }
}
