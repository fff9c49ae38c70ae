package dev.mica.shell.command;

import dev.mica.Mica;
import dev.mica.access.Role;
import java.util.Set;

/** Serves users over SSH: what {@code mica serve} does, which only a process of its own can. */
@FunctionalInterface
public interface Serving {
  /**
   * Serves until it is to end; the exit status.
   *
   * @param listen where, as {@code ADDRESS:PORT}
   * @param compatible whether older clients may come in
   * @param recorded the roles whose terminals are recorded
   */
  int serve(Mica mica, String listen, boolean compatible, Set<Role> recorded, Invocation.Talk talk);
}
