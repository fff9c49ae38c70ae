package dev.mica.container;

import dev.mica.failure.MicaException;
import java.util.List;

/**
 * A commit of a VM as it was asked for: a plain value, checked when it is made.
 *
 * @param ref how the commit is called: {@code NAME:TAG}, or {@code NAME} for {@code NAME:latest}
 * @param message what the commit is, for people; may be empty
 * @param before a command that is run in the container first, by {@code /bin/sh}; empty: none
 * @param after one that is run as soon as the container goes on, also where the moment could not be
 *     held; empty: none. If one of them fails there is no commit.
 * @param changes of how a container of it runs, as lines of a Dockerfile: {@code ENV LANG=C}
 * @param squash whether the commit is one layer that has the whole tree, and stands on nothing;
 *     then something need not have changed
 */
public record CommitSpec(
    String ref, String message, String before, String after, List<String> changes, boolean squash) {
  /** Copies the list. */
  public CommitSpec {
    changes = List.copyOf(changes);
  }

  /** One that is not squashed. */
  public CommitSpec(String ref, String message, String before, String after, List<String> changes) {
    this(ref, message, before, after, changes, false);
  }

  /** One that has no name and may change nothing, for another VM to stand on. */
  static final CommitSpec UNNAMED = of("");

  /** One with nothing but a name. */
  public static CommitSpec of(String ref) {
    return new CommitSpec(ref, "", "", "", List.of());
  }

  /** Fails if it does not say how the commit of the VM {@code vm} is to be called. */
  void requireName(String vm) {
    if (ref.isEmpty()) {
      throw MicaException.usage("commit the VM", vm, "it does not name the commit")
          .hint("name it, as web:v2");
    }
  }

  /** The failure of one that would have nothing in it. */
  static MicaException unchanged(String ref, String vm) {
    return MicaException.failed("commit " + ref + " from the VM", vm, "nothing has changed in it");
  }

  boolean hasCommands() {
    return !before.isEmpty() || !after.isEmpty();
  }
}
