package dev.mica.license.check;

import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.Seats;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks a history whose answers name their place in the log. That place is the witness: if all is
 * well in its order, the history is linearizable, and no search is needed. In linear time but for
 * sorting.
 *
 * <p>What is checked: (a) what ended before another began has a lower index; (b) whoever replays
 * the log in its order gives the same answers, and each answer is of the entry that stands there;
 * (c) no two entries have one index; (d) no key has more seats taken than it has; (e) hosts that
 * have applied the same index have the same state. An operation without an answer may stand in the
 * log or not; one with an answer must, unless no replica has come that far.
 */
public final class WitnessChecker {
  private final List<Operation> history;
  private final List<Replica> replicas;
  private final List<String> faults = new ArrayList<>();
  private final Map<Long, Replica.Applied> log = new HashMap<>();

  private WitnessChecker(List<Operation> history, List<Replica> replicas) {
    this.history = history;
    this.replicas = replicas;
  }

  /** What is wrong with it, a line each; none if nothing is. */
  public static List<String> faults(List<Operation> history, List<Replica> replicas) {
    WitnessChecker checker = new WitnessChecker(history, replicas);
    checker.sameEverywhere();
    checker.inOrderOfTime();
    checker.replayed();
    return checker.faults;
  }

  private void sameEverywhere() {
    for (Replica replica : replicas) {
      long before = 0;
      for (Replica.Applied applied : replica.log()) {
        if (applied.index() <= before) {
          fault("%s applied %d after %d".formatted(replica.name(), applied.index(), before));
        }
        before = applied.index();
        Replica.Applied other = log.putIfAbsent(applied.index(), applied);
        if (other != null && !other.entry().equals(applied.entry())) {
          fault(
              "at %d are two: %s and %s"
                  .formatted(applied.index(), other.entry(), applied.entry()));
        } else if (other != null && !other.state().equals(applied.state())) {
          fault("after %d %s has another state".formatted(applied.index(), replica.name()));
        }
      }
    }
  }

  /** Of all that had ended when it began, none may stand behind it. */
  private void inOrderOfTime() {
    List<Operation> byEnd = answered(Comparator.comparingLong(Operation::ended));
    Map<Entry, Long> first = firstSent();
    int ended = 0;
    long highest = 0;
    for (Operation one : answered(Comparator.comparingLong(Operation::began))) {
      for (; ended < byEnd.size() && byEnd.get(ended).ended() < one.began(); ended++) {
        highest = Math.max(highest, index(byEnd.get(ended)));
      }
      if (index(one) < highest && one.began() == first.getOrDefault(one.entry(), 0L)) {
        fault(
            "%s began after %d had ended, and stands at %d"
                .formatted(one.client(), highest, index(one)));
      }
    }
  }

  /** When each was sent first: one that is sent again is answered with its first place. */
  private Map<Entry, Long> firstSent() {
    Map<Entry, Long> first = new HashMap<>();
    history.forEach(one -> first.merge(one.entry(), one.began(), Math::min));
    return first;
  }

  private static long index(Operation one) {
    return one.decided().orElseThrow().index();
  }

  private List<Operation> answered(Comparator<Operation> order) {
    return history.stream().filter(one -> one.decided().isPresent()).sorted(order).toList();
  }

  private void replayed() {
    Seats seats = new Seats();
    Map<Long, List<Answer>> answers = new HashMap<>();
    long last = 0;
    List<Replica.Applied> inOrder =
        log.values().stream().sorted(Comparator.comparingLong(Replica.Applied::index)).toList();
    for (Replica.Applied applied : inOrder) {
      long index = applied.index();
      answers.put(index, seats.apply(index, applied.clock(), applied.entry()));
      overfull(index, seats);
      last = index;
    }
    for (Operation one : answered(Comparator.comparingLong(Operation::began))) {
      long index = index(one);
      if (index > last) {
        continue;
      }
      Replica.Applied applied = log.get(index);
      if (applied == null || !holds(applied.entry(), one.entry())) {
        fault("what %s was answered at %d is lost: %s".formatted(one.client(), index, one.entry()));
      } else if (!answersOf(applied.entry(), one.entry(), answers.getOrDefault(index, List.of()))
          .equals(one.decided().orElseThrow().answers())) {
        fault("%s was answered otherwise at %d than the log says".formatted(one.client(), index));
      }
    }
  }

  private static boolean holds(Entry applied, Entry asked) {
    return applied.equals(asked)
        || (applied instanceof Entry.Renewals many && many.requests().contains(asked));
  }

  private static List<Answer> answersOf(Entry applied, Entry asked, List<Answer> all) {
    return !applied.equals(asked) && applied instanceof Entry.Renewals many
        ? List.of(all.get(many.requests().indexOf(asked)))
        : all;
  }

  private void overfull(long index, Seats seats) {
    seats.keys().stream()
        .map(seats::usage)
        .filter(usage -> usage.used() > usage.capacity())
        .forEach(usage -> fault("after %d: %s".formatted(index, usage)));
  }

  private void fault(String line) {
    faults.add(line);
  }
}
