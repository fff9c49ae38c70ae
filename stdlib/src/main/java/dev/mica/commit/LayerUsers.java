package dev.mica.commit;

import dev.mica.state.LockedState;
import dev.mica.union.UnionLayers;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What stands on commits: others, unions, VMs, and what is being made. */
final class LayerUsers {
  private final Store store;
  private final UnionLayers unions;
  private final LayerUser others;

  LayerUsers(Store store, UnionLayers unions, LayerUser others) {
    this.store = store;
    this.unions = unions;
    this.others = others;
  }

  /**
   * How people call what stands on a commit, whose layers {@code own} no other commit has; fails
   * where a record is damaged, for that might be of one.
   */
  Optional<String> of(LockedState locked, CommitRecord commit, List<String> own) {
    return own.stream()
        .flatMap(layer -> of(locked, layer).stream())
        .findFirst()
        .or(() -> childOf(commit.id()))
        .or(() ->
            underWay(locked, other -> other.parent().filter(commit.id()::equals).isPresent()));
  }

  private Optional<String> childOf(String id) {
    return store.all().complete().stream()
        .filter(other -> other.parent().filter(id::equals).isPresent())
        .map(this::called)
        .findFirst();
  }

  private String called(CommitRecord commit) {
    return "the commit " + store.names().of(commit.id()).stream().findFirst().orElse(commit.id());
  }

  /** What has the layer below it: a commit, a union, or another. */
  Optional<String> of(LockedState locked, String layer) {
    Optional<String> child =
        store.all().complete().stream()
            .filter(other -> other.standsOn(layer))
            .map(this::called)
            .findFirst();
    Optional<String> union = unions.standingOn(locked, store.layer(layer));
    return child
        .or(() -> union.map(name -> "the union " + name))
        .or(() -> others.standingOn(locked, store.layer(layer)))
        .or(() -> underWay(locked, commit -> commit.standsOn(layer)));
  }

  /** What is being made of a VM, which may have gone by now. */
  private static Optional<String> underWay(LockedState locked, Predicate<CommitRecord> stands) {
    return CommitLayers.UNDER_WAY.stream()
        .flatMap(operation -> locked.noted(operation).stream())
        .map(facts -> CommitIntent.of(facts).commit())
        .filter(stands)
        .map(commit -> "what is being made of " + commit.origin())
        .findFirst();
  }
}
