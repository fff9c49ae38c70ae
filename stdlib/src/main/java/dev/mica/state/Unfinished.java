package dev.mica.state;

import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The operations in the journal that are not under way. The {@link Recovery} of each finishes or
 * undoes it; if that fails, it is remembered with the reason. All of this needs the lock.
 */
final class Unfinished {
  private static final Recovery<ObjectNode> UNKNOWN =
      Recovery.of(facts -> facts, facts -> List.of(), Unfinished::refuse);

  /** Loaded only when there is something to log, which is rare. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(StateDir.class);
  }

  private final Journal journal;
  private final ObjectLocks objects;
  private final Map<String, Recovery<?>> recoveries = new ConcurrentHashMap<>();

  /** Why the entry of that id could not be recovered when it was last tried. */
  private final Map<String, MicaException> stuck = new ConcurrentHashMap<>();

  Unfinished(Journal journal, ObjectLocks objects) {
    this.journal = journal;
    this.objects = objects;
  }

  private static void refuse(ObjectNode facts) {
    throw MicaException.failed("end what the journal notes", "", "nothing here can do that");
  }

  /** Sets what finishes or undoes an operation that was cut short. */
  void on(String operation, Recovery<?> recovery) {
    recoveries.put(operation, recovery);
  }

  Recovery<?> recovery(String operation) {
    return recoveries.getOrDefault(operation, UNKNOWN);
  }

  /** Recovers all entries except that of this id, inner ones before outer ones. */
  void recoverAllBut(String id, Mutex mutex) {
    journal.entries().stream()
        .filter(entry -> !entry.id().equals(id) && !mutex.running().contains(entry.id()))
        .forEach(entry -> recoverIfFree(entry, mutex));
  }

  /**
   * If somebody works on an entry's objects, it is under way, or will be recovered by that process.
   */
  private void recoverIfFree(Journal.Entry entry, Mutex mutex) {
    boolean _ = ifFree(entry, () -> recover(entry, mutex));
  }

  /**
   * Does that with the entry's objects locked, if nobody else has one of them. Returns whether it
   * did.
   */
  private boolean ifFree(Journal.Entry entry, Runnable action) {
    List<String> taken = new ArrayList<>();
    try {
      for (String object : entry.objects()) {
        if (!objects.tryAcquire(object, entry.operation())) {
          return false;
        }
        taken.add(object);
      }
      action.run();
      return true;
    } finally {
      taken.forEach(objects::release);
    }
  }

  /** Recovers one entry, if it exists; returns why that failed. */
  Optional<MicaException> recover(String id, Mutex mutex) {
    find(id).ifPresent(entry -> recover(entry, mutex));
    return Optional.ofNullable(stuck.get(id));
  }

  /** An entry that cannot be recovered stays, and the reason is remembered. */
  private void recover(Journal.Entry entry, Mutex mutex) {
    try {
      if (entry.damage().isPresent()) {
        throw MicaException.failed("read the journal", entry.id(), entry.damage().get());
      }
      recovery(entry.operation()).recover(entry.facts());
      strike(entry, mutex);
      Log.LOG.info("ended '{}' of {}, which was cut short", entry.operation(), entry.objects());
    } catch (CancellationException stop) {
      throw stop;
    } catch (MicaException cannot) {
      remember(entry, cannot);
    } catch (RuntimeException odd) {
      remember(
          entry,
          MicaException.failed(
                  "end what the journal notes", entry.id(), String.valueOf(odd.getMessage()))
              .because(odd));
    }
  }

  private void remember(Journal.Entry entry, MicaException cannot) {
    stuck.put(entry.id(), cannot);
    Log.LOG.warn("'{}' was cut short and cannot be ended", entry.operation(), cannot);
  }

  private void strike(Journal.Entry entry, Mutex mutex) {
    mutex.turn();
    journal.strike(entry.id());
    stuck.remove(entry.id());
  }

  private Optional<Journal.Entry> find(String id) {
    return journal.entries().stream().filter(entry -> entry.id().equals(id)).findFirst();
  }

  /** All operations that are not under way. */
  List<Leftover> left(Mutex mutex) {
    return journal.entries().stream()
        .filter(entry -> !isUnderWay(entry, mutex))
        .map(this::leftover)
        .toList();
  }

  private Leftover leftover(Journal.Entry entry) {
    MicaException why = stuck.get(entry.id());
    return leftover(entry, why == null ? "somebody works on it" : String.valueOf(why.getMessage()));
  }

  /** Needs the lock: an operation without objects has it from beginning to end. */
  private boolean isUnderWay(Journal.Entry entry, Mutex mutex) {
    return mutex.running().contains(entry.id()) || !ifFree(entry, () -> {});
  }

  /**
   * All operations that are not under way, if they cannot be tried for that reason; takes no lock.
   */
  List<Leftover> untried(MicaException why) {
    return journal.entries().stream()
        .filter(entry -> !entry.isUnderWay())
        .map(entry -> leftover(entry, String.valueOf(why.getMessage())))
        .toList();
  }

  private static Leftover leftover(Journal.Entry entry, String why) {
    List<String> noted = entry.objects();
    return new Leftover(
        entry.id(),
        entry.operation(),
        noted.isEmpty() ? List.of(entry.operation()) : noted,
        entry.damage().orElse(why));
  }

  /** The objects of all entries, under way or not. */
  Set<String> objects() {
    return journal.entries().stream()
        .flatMap(entry -> entry.objects().stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The facts of all entries of an operation, under way or not. */
  List<ObjectNode> facts(String operation) {
    return journal.entries().stream()
        .filter(entry -> entry.operation().equals(operation))
        .map(Journal.Entry::facts)
        .toList();
  }

  /** Fails if an operation is left on one of these objects, which the caller has locked. */
  void requireNone(String what, Set<String> mine, Mutex mutex) {
    for (Journal.Entry entry : journal.entries()) {
      if (mutex.running().contains(entry.id())
          || entry.objects().stream().noneMatch(mine::contains)) {
        continue;
      }
      Leftover left = leftover(entry);
      throw MicaException.failed(
              what,
              "",
              "'" + left.operation() + "' was cut short and cannot be ended: " + left.why())
          .hint(String.join(" or ", left.settling()));
    }
  }

  /** Ends an operation as a person has decided. */
  void settle(String id, boolean keeping, Mutex mutex) {
    Journal.Entry entry =
        find(id)
            .orElseThrow(() ->
                MicaException.unknown(
                    "unfinished operation",
                    id,
                    journal.entries().stream().map(Journal.Entry::id).toList()));
    boolean settled =
        !mutex.running().contains(id) && ifFree(entry, () -> settle(entry, keeping, mutex));
    if (!settled) {
      throw MicaException.failed("settle", id, "it is under way");
    }
  }

  private void settle(Journal.Entry entry, boolean keeping, Mutex mutex) {
    Recovery<?> recovery = recoveries.get(entry.operation());
    if (entry.damage().isEmpty() && recovery != null) {
      recovery.settle(entry.facts(), keeping);
    }
    strike(entry, mutex);
  }
}
