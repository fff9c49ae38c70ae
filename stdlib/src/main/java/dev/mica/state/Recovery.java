package dev.mica.state;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * Who finishes or undoes a kind of operation that was cut short. Each method is given the facts the
 * operation began with, under the lock, in this or a later process; it may be cut short itself and
 * called again. None removes what holds data.
 */
@FunctionalInterface
public interface Recovery {
  /**
   * Leaves either the state before or the state after, or fails: then the journal entry stays, and
   * stands in the way of nothing but its {@link #objects}.
   */
  void recover(ObjectNode facts);

  /** What the operation is about, as {@link StateDir#lock} is told: "union web". */
  default List<String> objects(ObjectNode facts) {
    return List.of();
  }

  /** By a person's decision: what was made stays, as far as it was made. */
  default void keep(ObjectNode facts) {}

  /** By a person's decision: the operation is taken back. */
  default void discard(ObjectNode facts) {
    recover(facts);
  }
}
