package dev.mica.state;

import dev.mica.MicaException;
import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The state directory of one host: records, and a journal with an entry per operation under way.
 *
 * <p>Any number of processes may use it at once. Whoever changes something holds {@link #lock}
 * while doing so, and says in the journal beforehand what is about to be done. Whoever takes the
 * lock and finds such an entry knows that its writer is dead or gave up, and first finishes or
 * undoes it. An entry of which neither can be done stays: it stands in the way of those who ask for
 * one of its objects, and of nobody else, until {@link #settle} decides it.
 */
public final class StateDir {
  static final Charset UTF_8 = StandardCharsets.UTF_8;

  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);
  private static final String PROBE = "probe a folder";
  private static final int OPTIMISTIC_READS = 5;
  private static final String MODE = "rwx------";

  private final Path home;
  private final Duration wait;
  private final Shared shared;
  private final Journal journal;
  private final Reserve reserve;

  /** What all that wait for different times have in common. */
  private static final class Shared {
    final Map<String, Recovery> recoveries = new ConcurrentHashMap<>();

    /** Why the entry of that id could not be carried out when it was last tried. */
    final Map<String, MicaException> stuck = new ConcurrentHashMap<>();

    /** The directory may be believed: nobody else can change that. */
    volatile boolean trusted;
  }

  private StateDir(Path home, Duration wait, Shared shared) {
    this.home = home;
    this.wait = wait;
    this.shared = shared;
    this.journal = new Journal(this, home.resolve("journal"));
    this.reserve = new Reserve(home.resolve("reserve"));
    onLeftover(PROBE, facts -> Core.cleanScratch(Path.of(facts.required("directory").asString())));
  }

  /** The directory at {@code home}; made with mode 0700 when it is first written to. */
  public static StateDir at(Path home) {
    return new StateDir(real(home), DEFAULT_WAIT, new Shared());
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
        new Shared());
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
    return new StateDir(home, longest, shared);
  }

  /** Where it is. */
  public Path path() {
    return home;
  }

  /** The directory itself, also where its path ends in a symlink; to be closed. */
  public OpenDirectory open() {
    return OpenDirectory.of(home.resolve("."), home);
  }

  /** The records of one kind. */
  public Records records(String kind) {
    return new Records(this, home.resolve(kind));
  }

  /**
   * Takes the lock to do {@code what} ("create the union web") to {@code objects} ("union web"),
   * and finishes or undoes first what was left half done. A thread may take it again inside. Fails,
   * naming the holder, if another has it for too long; and if what was left half done is about one
   * of the objects and could not be ended.
   */
  public Lock lock(String what, String... objects) {
    Mutex mutex = mutex();
    mutex.acquire(what, wait);
    Lock lock = locked(mutex);
    try {
      requireSettled(what, Set.of(objects));
    } catch (RuntimeException unsettled) {
      lock.close();
      throw unsettled;
    }
    return lock;
  }

  private void requireSettled(String what, Set<String> objects) {
    if (objects.isEmpty()) {
      return;
    }
    for (Leftover left : left(mutex())) {
      if (left.objects().stream().anyMatch(objects::contains)) {
        throw MicaException.failed(
                what,
                "",
                "'" + left.operation() + "' was cut short and cannot be ended: " + left.why())
            .hint(String.join(" or ", left.settling()));
      }
    }
  }

  /**
   * What was cut short and can neither be finished nor undone; it is tried once more. Of a
   * directory that cannot be written, all that was cut short.
   */
  public List<Leftover> leftovers() {
    if (!Files.isDirectory(home)) {
      return List.of();
    }
    requireTrusted();
    if (journal.entries().isEmpty()) {
      return List.of();
    }
    try (Lock _ = lock("look for what was left half done")) {
      return left(mutex());
    } catch (MicaException cannot) {
      return journal.entries().stream()
          .filter(entry -> !entry.isUnderWay())
          .map(entry -> leftover(entry, cannot))
          .toList();
    }
  }

  /** Under the lock: all that is not being done by its holder. */
  private List<Leftover> left(Mutex mutex) {
    return journal.entries().stream()
        .filter(entry -> !mutex.running().contains(entry.id()))
        .map(entry -> leftover(entry, shared.stuck.get(entry.id())))
        .toList();
  }

  private Leftover leftover(Journal.Entry entry, @Nullable MicaException stuck) {
    String why = stuck == null ? "it was not tried" : String.valueOf(stuck.getMessage());
    return new Leftover(entry.id(), entry.operation(), objects(entry), entry.damage().orElse(why));
  }

  private List<String> objects(Journal.Entry entry) {
    List<String> noted = entry.objects();
    return noted.isEmpty() ? List.of(entry.operation()) : noted;
  }

  /**
   * Ends what was cut short by a person's decision: what was made is kept as far as it was made, or
   * the operation is taken back. Nothing that holds data is removed either way.
   */
  public void settle(String id, boolean keep) {
    try (Lock lock = lock("settle " + id)) {
      List<Journal.Entry> entries = journal.entries();
      Journal.Entry entry =
          entries.stream()
              .filter(one -> one.id().equals(id))
              .findFirst()
              .orElseThrow(() ->
                  MicaException.unknown(
                      "unfinished operation",
                      id,
                      entries.stream().map(Journal.Entry::id).toList()));
      lock.makingRoom(() -> {
        Recovery recovery = shared.recoveries.getOrDefault(entry.operation(), facts -> {});
        if (keep) {
          recovery.keep(entry.facts());
        } else {
          recovery.discard(entry.facts());
        }
        strike(entry);
        return id;
      });
    }
  }

  /**
   * What {@code reader} reads, as it is between two operations and never in the middle of one.
   * Takes no lock unless a dead process left something half done.
   */
  public <T> T read(Supplier<T> reader) {
    if (!Files.isDirectory(home)) {
      return reader.get();
    }
    requireTrusted();
    if (Mutex.of(home).isMine()) {
      return reader.get();
    }
    boolean tried = false;
    for (int i = 0; i < OPTIMISTIC_READS; i++) {
      String before = stamp();
      List<Journal.Entry> entries = journal.entries();
      if (!tried && entries.stream().anyMatch(entry -> !entry.isUnderWay())) {
        tried = true;
        if (recoverIfFree()) {
          continue;
        }
      }
      if (entries.stream().anyMatch(entry -> entry.isPublishing() && entry.isUnderWay())) {
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

  /** Whether it was tried. Who only reads may not be able to, and reads on: the doctor tells. */
  private boolean recoverIfFree() {
    try {
      if (mutex().tryAcquire("recover")) {
        locked(mutex()).close();
        return true;
      }
      return false;
    } catch (MicaException cannotWrite) {
      return false;
    }
  }

  /** Fails unless the directory is ours alone, once. */
  void requireTrusted() {
    if (!shared.trusted && Files.isDirectory(home)) {
      Trust.require(home);
      shared.trusted = true;
    }
  }

  /**
   * Does {@code action} under the lock, if nobody else has it now and the directory can be written;
   * otherwise does nothing: for what is only kept to be quicker the next time.
   */
  public void ifFree(String what, Runnable action) {
    try {
      if (mutex().tryAcquire(what)) {
        try (Lock _ = locked(mutex())) {
          action.run();
        }
      }
    } catch (MicaException cannotWrite) {
      if (!(cannotWrite.getCause() instanceof IOException)) {
        throw cannotWrite;
      }
    }
  }

  /** Says who finishes or undoes an operation that was cut short. */
  public void onLeftover(String operation, Recovery recovery) {
    shared.recoveries.put(operation, recovery);
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
      String id = begin(operation, facts, true);
      return finish(id, body);
    }

    /** Likewise for an operation that makes room: on a full file system it uses the reserve. */
    public <T> T reclaim(String operation, ObjectNode facts, Supplier<T> body) {
      return makingRoom(() -> run(operation, facts, body));
    }

    /**
     * Likewise for an operation that takes long: {@code prepare} makes what no reader looks at, and
     * readers do not wait for it; {@code publish} is short.
     */
    public <T> T run(String operation, ObjectNode facts, Runnable prepare, Supplier<T> publish) {
      String id = begin(operation, facts, false);
      return finish(
          id,
          () -> {
            prepare.run();
            write(id, operation, facts, true);
            return publish.get();
          });
    }

    /**
     * What {@code directory} can do; what the trying leaves there if we are killed is removed
     * later.
     */
    public Set<Capability> probe(OpenDirectory directory) {
      ObjectNode facts = Records.object().put("directory", directory.openedBy().toString());
      return run(PROBE, facts, () -> Core.probe(directory.path()));
    }

    /** Under the lock: what was cut short and could not be ended is about these. */
    public Set<String> unsettled() {
      return left(mutex).stream()
          .flatMap(left -> left.objects().stream())
          .collect(Collectors.toUnmodifiableSet());
    }

    private <T> T makingRoom(Supplier<T> body) {
      return mutex.makingRoom(body);
    }

    private String begin(String operation, ObjectNode facts, boolean publishing) {
      String id = journal.newId();
      write(id, operation, facts, publishing);
      mutex.running().push(id);
      return id;
    }

    private void write(String id, String operation, ObjectNode facts, boolean publishing) {
      Recovery recovery = shared.recoveries.getOrDefault(operation, nothing -> {});
      journal.write(id, operation, recovery.objects(facts), facts, publishing);
    }

    private <T> T finish(String id, Supplier<T> body) {
      try {
        T result = body.get();
        mutex.turn();
        journal.strike(id);
        return result;
      } catch (RuntimeException | Error failure) {
        undo(id, failure);
        throw failure;
      } finally {
        mutex.running().remove(id);
      }
    }

    private void undo(String id, Throwable failure) {
      try {
        journal.entries().stream()
            .filter(entry -> entry.id().equals(id))
            .forEach(StateDir.this::recover);
      } catch (RuntimeException worse) {
        failure.addSuppressed(worse);
      }
      MicaException stuck = shared.stuck.get(id);
      if (stuck != null) {
        failure.addSuppressed(stuck);
      }
    }

    @Override
    public void close() {
      try {
        if (mutex.depth() == 1) {
          reserve.fill();
        }
      } finally {
        mutex.release();
      }
    }
  }

  private Lock locked(Mutex mutex) {
    boolean done = false;
    try {
      if (mutex.depth() == 1) {
        Files.deleteIfExists(scratch());
        mutex.makingRoom(() -> {
          journal.entries().forEach(this::recover);
          return mutex;
        });
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

  /** Carries one entry out; one that cannot be stays, and why is remembered. */
  private void recover(Journal.Entry entry) {
    try {
      if (entry.damage().isPresent()) {
        throw MicaException.failed("read the journal", entry.id(), entry.damage().get());
      }
      Recovery recovery = shared.recoveries.get(entry.operation());
      if (recovery == null) {
        throw MicaException.failed(
            "end what the journal notes", entry.id(), "nothing here knows " + entry.operation());
      }
      recovery.recover(entry.facts());
      strike(entry);
    } catch (CancellationException stop) {
      throw stop;
    } catch (RuntimeException cannot) {
      shared.stuck.put(
          entry.id(),
          cannot instanceof MicaException failure
              ? failure
              : MicaException.failed(
                      "end what the journal notes", entry.id(), String.valueOf(cannot.getMessage()))
                  .because(cannot));
    }
  }

  private void strike(Journal.Entry entry) {
    mutex().turn();
    journal.strike(entry.id());
    shared.stuck.remove(entry.id());
  }

  private String stamp() {
    StringBuilder all = new StringBuilder(Mutex.of(home).lastHolder());
    journal.entries().forEach(entry -> all.append(entry.id()).append(entry.json()));
    return all.toString();
  }

  /** Makes {@code file} hold {@code bytes}, for good. */
  void write(Path file, byte[] bytes) throws IOException {
    orWithReserve(() -> Durable.write(file, bytes, scratch()));
  }

  /** Likewise, but after a power cut it may hold what it held before, or be gone. */
  void writeWhole(Path file, byte[] bytes) throws IOException {
    orWithReserve(() -> Durable.writeWhole(file, bytes, scratch()));
  }

  /** Makes a directory of this one, for good. */
  void makeDirectory(Path directory) throws IOException {
    orWithReserve(() -> Durable.makeDirectories(directory, MODE));
  }

  private interface Step {
    void run() throws IOException;
  }

  private void orWithReserve(Step step) throws IOException {
    try {
      step.run();
    } catch (IOException full) {
      if (!Mutex.of(home).makesRoom() || !reserve.giveUp()) {
        throw full;
      }
      step.run();
    }
  }

  Path scratch() {
    return home.resolve("scratch");
  }

  private Mutex mutex() {
    try {
      Durable.makeDirectories(home, MODE);
      requireTrusted();
      return Mutex.of(home);
    } catch (IOException broken) {
      throw MicaException.failed("make the state directory", home, why(broken))
          .hint("name another one in MICA_HOME")
          .because(broken);
    }
  }

  /** Makes a directory in this one and those missing above it, for good. */
  public Path makeDirectory(String relative) {
    Path directory = home.resolve(relative);
    try {
      makeDirectory(directory);
      return directory;
    } catch (IOException broken) {
      throw MicaException.failed("make", directory, why(broken)).because(broken);
    }
  }

  /** Makes a directory and those missing above it with {@code mode}, for good; there is fine. */
  public static void makeDirectories(Path directory, String mode) throws IOException {
    Durable.makeDirectories(directory, mode);
  }

  /** Removes a file or an empty directory, for good; absent is fine. */
  public static void delete(Path path) throws IOException {
    Durable.delete(path);
  }

  /** What was made, renamed or removed at {@code path} stays so. */
  public static void syncParent(Path path) {
    try {
      Durable.syncParent(path);
    } catch (IOException broken) {
      throw MicaException.failed("sync", path, why(broken)).because(broken);
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
