package dev.mica.state;

import dev.mica.failure.MicaException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/**
 * Who finishes or undoes a kind of operation that was cut short. Each step is given the facts the
 * operation began with, under the lock, in this or a later process; it may be cut short itself and
 * called again. None removes what holds data.
 *
 * @param <T> what the operation makes of its facts
 */
public final class Recovery<T> {
  private final Function<ObjectNode, T> facts;
  private final Function<T, List<String>> objects;
  private final Consumer<T> recover;
  private final Consumer<T> keep;
  private final Consumer<T> discard;

  private Recovery(
      Function<ObjectNode, T> facts,
      Function<T, List<String>> objects,
      Consumer<T> recover,
      Consumer<T> keep,
      Consumer<T> discard) {
    this.facts = facts;
    this.objects = objects;
    this.recover = recover;
    this.keep = keep;
    this.discard = discard;
  }

  /**
   * One that by a person's decision keeps what was made by doing nothing, and discards it by {@code
   * recover}.
   *
   * @param facts reads what the journal keeps; fails where that is of another Mica
   * @param objects what the operation is about, as {@link StateDir#lock} is told: "union web"
   * @param recover leaves either the state before or the state after, or fails: then the journal
   *     entry stays, and stands in the way of nothing but its objects
   */
  public static <T> Recovery<T> of(
      Function<ObjectNode, T> facts, Function<T, List<String>> objects, Consumer<T> recover) {
    return new Recovery<>(facts, objects, recover, nothing -> {}, recover);
  }

  /** The same, where a person decides that what was made stays, as far as it was made. */
  public Recovery<T> keeping(Consumer<T> step) {
    return new Recovery<>(facts, objects, recover, step, discard);
  }

  /** The same, where a person decides that the operation is taken back. */
  public Recovery<T> discarding(Consumer<T> step) {
    return new Recovery<>(facts, objects, recover, keep, step);
  }

  List<String> objects(ObjectNode noted) {
    return objects.apply(facts.apply(noted));
  }

  /** Fails if it cannot be done, also where the facts are of another Mica. */
  void recover(ObjectNode noted) {
    recover.accept(read(noted));
  }

  /** Ends it by a person's decision. Facts that nobody can read have nothing that could be done. */
  void settle(ObjectNode noted, boolean keeping) {
    T read;
    try {
      read = read(noted);
    } catch (MicaException unreadable) {
      return;
    }
    (keeping ? keep : discard).accept(read);
  }

  private T read(ObjectNode noted) {
    try {
      return facts.apply(noted);
    } catch (RuntimeException another) {
      throw MicaException.failed(
              "read what the operation began with",
              "",
              "another version of Mica noted it (" + another.getMessage() + ")")
          .because(another);
    }
  }
}
