package dev.mica.image;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import java.nio.file.Path;
import java.util.Map;

/** Pushes a commit in a process of its own, which somebody may kill. */
final class PushChild {
  private PushChild() {}

  /** Arguments: the state directory, an empty registries.conf, the commit, the reference. */
  public static void main(String[] args) {
    Path home = Path.of(args[0]);
    Map<String, String> environment = Map.of("CONTAINERS_REGISTRIES_CONF", args[1]);
    Caller joe = Caller.of("joe", Role.OPERATOR, home, environment);
    Mica.open(home).as(joe).commits().get(args[2]).push(args[3]);
  }
}
