package dev.mica.union;

import dev.mica.core.Mounts;
import dev.mica.failure.MicaException;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** The records of the unions, and who mounts each. */
final class UnionStore {
  private final StateDir state;
  private final Records records;
  private final Mounters mounters;

  UnionStore(StateDir state, Helper helper) {
    this.state = state;
    this.records = state.records("unions");
    this.mounters = new Mounters(helper);
  }

  Mounters mounters() {
    return mounters;
  }

  Mounter mounterOf(UnionRecord union) {
    return mounters.of(union.via());
  }

  /** All of them, by name. */
  Records.Listing<UnionRecord> all() {
    return records.all(UnionRecord::of);
  }

  /** Those that are being made, or were not made to the end. */
  List<UnionIntent> intended(LockedState locked) {
    return locked.noted(Unions.CREATE).stream().flatMap(UnionStore::intent).toList();
  }

  /** None where another Mica noted it in its own way: the doctor tells of that. */
  private static Stream<UnionIntent> intent(ObjectNode facts) {
    try {
      return Stream.of(UnionIntent.of(facts));
    } catch (RuntimeException another) {
      return Stream.empty();
    }
  }

  /** The one of that name; fails if its record is damaged. */
  Optional<UnionRecord> find(String name) {
    return records.find(name, UnionRecord::of);
  }

  /** Likewise, as it is between two operations; fails, naming the nearest, if there is none. */
  UnionRecord require(String name) {
    return state
        .read(() -> find(name))
        .orElseThrow(() -> MicaException.unknown("union", name, records.names()));
  }

  void put(UnionRecord union) {
    records.put(union.name(), union.toJson());
  }

  void remove(String name) {
    records.remove(name);
  }

  static boolean isMounted(UnionRecord union) {
    return UnionMounts.isServed(union, Mounts.all());
  }
}
