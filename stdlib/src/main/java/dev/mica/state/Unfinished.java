package dev.mica.state;

import dev.mica.failure.MicaException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the journal has of operations that are not under way: each is carried out by its {@link
 * Recovery}, and one that cannot be is remembered with the reason. All of it under the lock.
 */
final class Unfinished {
  private static final Recovery<ObjectNode> UNKNOWN =
      Recovery.of(facts -> facts, facts -> List.of(), Unfinished::refuse);

  private final Journal journal;
  private final Map<String, Recovery<?>> recoveries = new ConcurrentHashMap<>();

  /** Why the entry of that id could not be carried out when it was last tried. */
  private final Map<String, MicaException> stuck = new ConcurrentHashMap<>();

  Unfinished(Journal journal) {
    this.journal = journal;
  }

  private static void refuse(ObjectNode facts) {
    throw MicaException.failed("end what the journal notes", "", "nothing here knows how");
  }

  /** Says who ends an operation that was cut short. */
  void on(String operation, Recovery<?> recovery) {
    recoveries.put(operation, recovery);
  }

  Recovery<?> recovery(String operation) {
    return recoveries.getOrDefault(operation, UNKNOWN);
  }

  /** Carries all entries out, the inner before the outer, but for the one of that id. */
  void recoverAllBut(String id, Mutex mutex) {
    journal.entries().stream()
        .filter(entry -> !entry.id().equals(id))
        .forEach(entry -> recover(entry, mutex));
  }

  /** Carries one entry out, if it is there; returns why that failed. */
  Optional<MicaException> recover(String id, Mutex mutex) {
    find(id).ifPresent(entry -> recover(entry, mutex));
    return Optional.ofNullable(stuck.get(id));
  }

  /** One that cannot be carried out stays, and why is remembered. */
  private void recover(Journal.Entry entry, Mutex mutex) {
    try {
      if (entry.damage().isPresent()) {
        throw MicaException.failed("read the journal", entry.id(), entry.damage().get());
      }
      recovery(entry.operation()).recover(entry.facts());
      strike(entry, mutex);
    } catch (CancellationException stop) {
      throw stop;
    } catch (MicaException cannot) {
      stuck.put(entry.id(), cannot);
    } catch (RuntimeException odd) {
      stuck.put(
          entry.id(),
          MicaException.failed(
                  "end what the journal notes", entry.id(), String.valueOf(odd.getMessage()))
              .because(odd));
    }
  }

  private void strike(Journal.Entry entry, Mutex mutex) {
    mutex.turn();
    journal.strike(entry.id());
    stuck.remove(entry.id());
  }

  private Optional<Journal.Entry> find(String id) {
    return journal.entries().stream().filter(entry -> entry.id().equals(id)).findFirst();
  }

  /** All that is not being done by the lock's holder. */
  List<Leftover> left(Mutex mutex) {
    return journal.entries().stream()
        .filter(entry -> !mutex.running().contains(entry.id()))
        .map(entry ->
            leftover(
                entry,
                Optional.ofNullable(stuck.get(entry.id()))
                    .map(why -> String.valueOf(why.getMessage()))
                    .orElse("it was not tried")))
        .toList();
  }

  /** All that is not under way, where it cannot be tried and that is why; takes no lock. */
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

  /** What {@link #left} is about. */
  Set<String> objects(Mutex mutex) {
    return left(mutex).stream()
        .flatMap(left -> left.objects().stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Fails if something is left that is about one of these. */
  void requireNone(String what, Set<String> objects, Mutex mutex) {
    if (objects.isEmpty()) {
      return;
    }
    for (Leftover left : left(mutex)) {
      if (left.objects().stream().anyMatch(objects::contains)) {
        throw MicaException.failed(
                what,
                "",
                "'" + left.operation() + "' was cut short and cannot be ended: " + left.why())
            .hint(String.join(" or ", left.settling()));
      }
    }
  }

  /** Ends one by a person's decision. */
  void settle(String id, boolean keeping, Mutex mutex) {
    Journal.Entry entry =
        find(id)
            .orElseThrow(() ->
                MicaException.unknown(
                    "unfinished operation",
                    id,
                    journal.entries().stream().map(Journal.Entry::id).toList()));
    if (mutex.running().contains(id)) {
      throw MicaException.failed("settle", id, "it is under way");
    }
    if (entry.damage().isEmpty()) {
      Recovery<?> recovery = recoveries.get(entry.operation());
      if (recovery != null) {
        recovery.settle(entry.facts(), keeping);
      }
    }
    strike(entry, mutex);
  }
}
