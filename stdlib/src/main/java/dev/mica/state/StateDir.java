package dev.mica.state;

import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The state directory of one host: records, and a journal with an entry per operation under way.
 *
 * <p>Any number of processes may use it at once. An operation that changes an object has that
 * object's lock from beginning to end. It has the lock of the directory while it reads and writes
 * records. What takes long is done without the latter, so that work on other objects goes on. The
 * journal says beforehand what is about to be done. If a process has the directory's lock and finds
 * an entry whose objects nobody has locked, it knows that the writer of the entry is dead or gave
 * up, and finishes or undoes the operation. If neither is possible, the entry stays. It blocks
 * operations on its objects, and no others, until {@link #settle} decides.
 *
 * <p>Locks are taken in this order: objects, the directory, and last the locks below both (the
 * helper VM). While a process holds one of the last, it never takes one of the first two.
 */
public final class StateDir {
  static final Charset UTF_8 = StandardCharsets.UTF_8;

  static final String PROBE = "probe a folder";
  private static final String NONE = "";

  private static final int OPTIMISTIC_READS = 5;

  private final Home home;
  private final Duration wait;
  private final Journal journal;
  private final Unfinished unfinished;

  private StateDir(Home home, Duration wait, Journal journal, Unfinished unfinished) {
    this.home = home;
    this.wait = wait;
    this.journal = journal;
    this.unfinished = unfinished;
  }

  private static StateDir at(Path path, Duration wait) {
    Home home = new Home(Location.real(path));
    Journal journal = new Journal(home);
    StateDir state = new StateDir(home, wait, journal, new Unfinished(journal, home.objects()));
    state.onLeftover(
        PROBE,
        Recovery.of(
            facts -> Path.of(facts.required("directory").asString()),
            directory -> List.of(),
            Core::cleanScratch));
    return state;
  }

  /** The directory at {@code home}; made with mode 0700 when it is first written to. */
  public static StateDir at(Path home) {
    return at(home, Location.DEFAULT_WAIT);
  }

  /**
   * The directory {@code MICA_HOME}; if that is not set, {@code /var/lib/mica} for root, and for
   * others {@code mica} below {@code XDG_STATE_HOME}, which is {@code ~/.local/state} unless set.
   * {@code MICA_LOCK_WAIT} is the number of seconds to wait for another process; 10 unless set.
   */
  public static StateDir ofEnvironment(Map<String, String> environment) {
    return at(Location.of(environment), Location.wait(environment));
  }

  /** The same directory, waiting that long for another process. */
  public StateDir waiting(Duration longest) {
    return new StateDir(home, longest, journal, unfinished);
  }

  /** Where it is. */
  public Path path() {
    return home.path();
  }

  /** The directory itself, even if its path ends in a symlink; it must be closed. */
  public OpenDirectory open() {
    return OpenDirectory.of(path().resolve("."), path());
  }

  /** The records of one kind. */
  public Records records(String kind) {
    return new Records(home, path().resolve(kind));
  }

  /** Makes a directory in this one, and the missing ones above it, durably. */
  public Path makeDirectory(String relative) {
    Path directory = path().resolve(relative);
    try {
      home.makeDirectory(directory);
      return directory;
    } catch (IOException broken) {
      throw MicaException.failed("make", directory, Why.of(broken)).because(broken);
    }
  }

  /** Sets what finishes or undoes an operation that was cut short. */
  public void onLeftover(String operation, Recovery<?> recovery) {
    unfinished.on(operation, recovery);
  }

  /**
   * Locks {@code objects} ("union web") and the directory to do {@code what} ("create the union
   * web"). First it finishes or undoes operations that were left half done. A thread may take both
   * again inside. It fails and names the holder if another process has one of them for too long. It
   * also fails if a half-done operation on one of the objects could not be ended.
   */
  public LockedState lock(String what, String... objects) {
    Hold hold = hold(what, objects);
    try {
      return lockBut(NONE, what, hold);
    } catch (RuntimeException | Error failure) {
      hold.close();
      throw failure;
    }
  }

  private LockedState lockBut(String id, String what, Hold hold) {
    Mutex mutex = home.open();
    mutex.acquire(what, wait);
    LockedState locked = locked(mutex, what, hold, id);
    try {
      unfinished.requireNone(what, Set.copyOf(hold.objects()), mutex);
    } catch (RuntimeException unsettled) {
      locked.release();
      throw unsettled;
    }
    return locked;
  }

  /**
   * Locks {@code objects} alone, for operations that may take long and change only what belongs to
   * these objects.
   */
  public Hold hold(String what, String... objects) {
    home.open();
    Hold hold = new Hold(home.objects());
    try {
      for (String object : new TreeSet<>(List.of(objects))) {
        hold.add(object, what, wait);
      }
      return hold;
    } catch (RuntimeException | Error failure) {
      hold.close();
      throw failure;
    }
  }

  /** Does {@code action} with {@code object} locked, if nobody else has that lock now. */
  public void ifFree(String what, String object, Runnable action) {
    home.open();
    if (home.objects().tryAcquire(object, what)) {
      try {
        action.run();
      } finally {
        home.objects().release(object);
      }
    }
  }

  private LockedState locked(Mutex mutex, String what, Hold hold, String but) {
    boolean done = false;
    try {
      if (mutex.depth() == 1) {
        home.removeScratch();
        mutex.makingRoom(() -> {
          unfinished.recoverAllBut(but, mutex);
          return mutex;
        });
      }
      done = true;
      return new LockedState(home, journal, unfinished, mutex, what, hold);
    } finally {
      if (!done) {
        mutex.release();
      }
    }
  }

  /**
   * The operations that were cut short and can neither be finished nor undone; this is tried once
   * more. If the directory cannot be written to, all operations that were cut short.
   */
  public List<Leftover> leftovers() {
    if (!home.isThere()) {
      return List.of();
    }
    home.requireTrusted();
    if (journal.entries().isEmpty()) {
      return List.of();
    }
    try (LockedState _ = lock("look for what was left half done")) {
      return unfinished.left(home.mutex());
    } catch (MicaException cannot) {
      return unfinished.untried(cannot);
    }
  }

  /**
   * Ends an operation that was cut short, as a person has decided: what was made is kept as far as
   * it was made, or the operation is undone. In both cases nothing that contains data is removed.
   */
  public void settle(String id, boolean keep) {
    String what = "settle " + id;
    Mutex mutex = home.open();
    mutex.acquire(what, wait);
    try (LockedState _ = locked(mutex, what, new Hold(home.objects()), id)) {
      mutex.makingRoom(() -> {
        unfinished.settle(id, keep, mutex);
        return id;
      });
    }
  }

  /**
   * What {@code reader} reads, in the state between two operations and never in the middle of one.
   * It takes no lock unless a dead process left something half done.
   */
  public <T> T read(Supplier<T> reader) {
    if (!home.isThere()) {
      return reader.get();
    }
    home.requireTrusted();
    if (home.mutex().isMine()) {
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
    try (LockedState _ = lock("read")) {
      return reader.get();
    }
  }

  /**
   * The holder is read last. If an entry is struck from the journal while it is read, and so is not
   * seen there, the holder has written its text again before that.
   */
  private String stamp() {
    StringBuilder all = new StringBuilder();
    journal.entries().forEach(entry -> all.append(entry.id()).append(entry.json()));
    return all.append(home.mutex().lastHolder()).toString();
  }

  /**
   * Whether it was tried. A process that may only read cannot do it, and goes on reading; the
   * doctor reports it.
   */
  private boolean recoverIfFree() {
    try {
      Mutex mutex = home.open();
      if (mutex.tryAcquire("recover")) {
        locked(mutex, "recover", new Hold(home.objects()), NONE).close();
        return true;
      }
      return false;
    } catch (MicaException cannotWrite) {
      return false;
    }
  }

  /**
   * Does {@code action} with the lock held, if nobody else has it now and the directory can be
   * written to. Otherwise it does nothing. It is for what is kept only to be quicker the next time.
   */
  public void ifFree(String what, Runnable action) {
    try {
      Mutex mutex = home.open();
      if (mutex.tryAcquire(what)) {
        try (LockedState _ = locked(mutex, what, new Hold(home.objects()), NONE)) {
          action.run();
        }
      }
    } catch (MicaException cannotWrite) {
      if (!(cannotWrite.getCause() instanceof IOException)) {
        throw cannotWrite;
      }
    }
  }
}
