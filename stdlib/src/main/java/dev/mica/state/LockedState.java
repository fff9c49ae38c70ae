package dev.mica.state;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a thread holds that has locked the directory and some objects: it may run journaled
 * operations. One lock may run several of them, so it is no transaction.
 */
public final class LockedState implements AutoCloseable {
  /** Nobody has the directory for so long; it is waited for all the same. */
  private static final Duration AGAIN = Duration.ofMinutes(10);

  private final Home home;
  private final Journal journal;
  private final Unfinished unfinished;
  private final Mutex mutex;
  private final String what;
  private final Hold hold;

  /** For a thread that has locked the directory to do {@code what}. */
  LockedState(
      Home home, Journal journal, Unfinished unfinished, Mutex mutex, String what, Hold hold) {
    this.home = home;
    this.journal = journal;
    this.unfinished = unfinished;
    this.mutex = mutex;
    this.what = what;
    this.hold = hold;
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
    return mutex.makingRoom(() -> run(operation, facts, body));
  }

  /**
   * Likewise for an operation that takes long: {@code prepare} makes what no reader looks at, and
   * has only the objects locked; {@code publish} is short.
   *
   * @param facts asked for again before {@code publish}, when others may have changed records
   */
  public <T> T run(
      String operation, Supplier<ObjectNode> facts, Runnable prepare, Supplier<T> publish) {
    String id = begin(operation, facts.get(), false);
    return finish(
        id,
        () -> {
          meanwhile(prepare);
          write(id, operation, facts.get(), true);
          return publish.get();
        });
  }

  /**
   * Does what may take long, with the objects locked and the directory not, unless the thread had
   * locked that before: so what was read of other objects may have changed afterwards.
   */
  public void meanwhile(Runnable body) {
    if (mutex.depth() > 1) {
      body.run();
      return;
    }
    mutex.release();
    try {
      body.run();
    } finally {
      mutex.acquireAgain(what, AGAIN);
    }
  }

  /**
   * What {@code directory} can do; what the trying leaves there if we are killed is removed later.
   */
  public Set<Capability> probe(OpenDirectory directory) {
    ObjectNode facts = Records.object().put("directory", directory.openedBy().toString());
    return run(StateDir.PROBE, facts, () -> Core.probe(directory.path()));
  }

  /** What operations are about that are under way or were cut short. */
  public Set<String> noted() {
    return unfinished.objects();
  }

  /** The facts of each operation of that name that is under way or was cut short. */
  public List<ObjectNode> noted(String operation) {
    return unfinished.facts(operation);
  }

  private String begin(String operation, ObjectNode facts, boolean publishing) {
    String id = journal.newId();
    write(id, operation, facts, publishing);
    mutex.running().add(id);
    return id;
  }

  private void write(String id, String operation, ObjectNode facts, boolean publishing) {
    List<String> objects = unfinished.recovery(operation).objects(facts);
    journal.write(id, operation, objects, facts, publishing);
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
    if (!mutex.isMine()) {
      return; // it could not be had again: the next one that has it ends this
    }
    try {
      unfinished.recover(id, mutex).ifPresent(failure::addSuppressed);
    } catch (RuntimeException worse) {
      failure.addSuppressed(worse);
    }
  }

  @Override
  public void close() {
    try (Hold _ = hold) {
      release();
    }
  }

  void release() {
    if (!mutex.isMine()) {
      return;
    }
    try {
      if (mutex.depth() == 1) {
        home.fillReserve();
      }
    } finally {
      mutex.release();
    }
  }
}
