package dev.mica.state;

import java.util.List;

/**
 * An operation that was cut short and can neither be finished nor undone without a decision.
 *
 * @param id of its journal entry, for {@link StateDir#settle}
 * @param operation "create a union"
 * @param objects what it is about: "union web"
 * @param why what stood in the way when it was last tried
 */
public record Leftover(String id, String operation, List<String> objects, String why) {
  public Leftover {
    objects = List.copyOf(objects);
  }

  /** The two command lines of which one settles it. */
  public List<String> settling() {
    String line = "mica doctor --settle " + id;
    return List.of(line + " --keep", line + " --discard");
  }
}
