package dev.mica;

import dev.mica.commit.Commits;
import dev.mica.folder.Folder;
import dev.mica.helper.HelperServer;
import dev.mica.host.Host;
import dev.mica.state.StateDir;
import dev.mica.union.UnionLayers;
import dev.mica.union.Unions;
import java.nio.file.Path;
import java.util.Map;

/**
 * The way in: the objects of one host, over one state directory.
 *
 * <p>Opening is cheap: nothing is read, locked or created until an object is used. Several
 * processes may use one state directory at once; each operation that changes something takes the
 * directory's lock for its own length, and finishes or undoes first what a dead process left.
 */
public final class Mica {
  private final StateDir state;
  private final Unions unions;
  private final Commits commits;
  private final Host host;

  private Mica(StateDir state) {
    this.state = state;
    HelperServer helper = new HelperServer(state);
    this.unions = new Unions(state, helper);
    this.commits = new Commits(state, unions, new UnionLayers(state, helper));
    this.host = new Host(state, unions, helper.vm());
  }

  /** The state directory that {@code MICA_HOME}, the user and the XDG rules name. */
  public static Mica open() {
    return open(System.getenv());
  }

  /** The same with other variables than the process's own. */
  public static Mica open(Map<String, String> environment) {
    return new Mica(StateDir.ofEnvironment(environment));
  }

  /** A state directory of the caller's choice; made with mode 0700 at first use. */
  public static Mica open(Path home) {
    return new Mica(StateDir.at(home));
  }

  /** A place: an absolute or relative local path, or a {@code file: tar: zip:} URI. */
  public Folder folder(String pathOrUri) {
    return Folder.of(pathOrUri);
  }

  /** The union mounts of this host. */
  public Unions unions() {
    return unions;
  }

  /** The commit store of this host. */
  public Commits commits() {
    return commits;
  }

  /** This machine and what works on it. */
  public Host host() {
    return host;
  }

  /** The state directory; made with mode 0700 at first use. */
  public Path home() {
    return state.path();
  }
}
