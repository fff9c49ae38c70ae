package dev.mica.commit;

import dev.mica.state.StateDir;
import dev.mica.union.Union;
import dev.mica.union.Unions;
import java.util.List;
import java.util.Optional;

/** The commit store of this host. */
public final class Commits {
  /** The store of this state directory. */
  public Commits(StateDir state, Unions unions) {}

  /** Commits what {@code union} has changed, as {@code NAME:TAG}. */
  public Commit create(Union union, String ref, String message) {
    throw new IllegalStateException("not here yet");
  }

  /** All commits, newest first. */
  public List<Commit> list() {
    throw new IllegalStateException("not here yet");
  }

  /** The commit of this {@code NAME:TAG} or id. */
  public Optional<Commit> find(String refOrId) {
    throw new IllegalStateException("not here yet");
  }

  /** The same; fails with "did you mean" where there is none. */
  public Commit get(String refOrId) {
    throw new IllegalStateException("not here yet");
  }

  /** The commit, its parent, and so on. */
  public List<Commit> log(String refOrId) {
    throw new IllegalStateException("not here yet");
  }

  /** All commits as a drawing, newest on top. */
  public String graph() {
    throw new IllegalStateException("not here yet");
  }

  /** Removes all commits. */
  public void removeAll() {
    throw new IllegalStateException("not here yet");
  }

  /** Removes what no commit needs; says what went. */
  public List<String> gc() {
    throw new IllegalStateException("not here yet");
  }
}
