package dev.mica.commit;

import dev.mica.state.LockedState;
import java.nio.file.Path;
import java.util.Optional;

/** What may stand on a layer of the store besides unions and commits. */
@FunctionalInterface
public interface LayerUser {
  /**
   * How people call the one that stands on {@code layer}, or is being made to, as "the VM web", if
   * there is one. Asked with the state directory locked; fails where a record is damaged, for that
   * one might.
   */
  Optional<String> standingOn(LockedState locked, Path layer);
}
