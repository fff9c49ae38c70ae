package dev.mica;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.audit.Audit;
import dev.mica.background.Jobs;
import dev.mica.commit.Commits;
import dev.mica.container.Vms;
import dev.mica.folder.Folder;
import dev.mica.host.Host;
import dev.mica.session.Sessions;
import dev.mica.state.StateDir;
import dev.mica.union.Unions;
import dev.mica.user.Users;
import java.nio.file.Path;
import java.util.Map;

/**
 * The way in: the objects of one host, over one state directory, as one caller sees them. What they
 * lead to is the same caller's.
 *
 * <p>Opening is cheap: nothing is read, locked or created until an object is used. Several
 * processes may use one state directory at once; each operation locks what it changes for its own
 * length, and finishes or undoes first what a dead process left.
 */
public final class Mica {
  private final Engine engine;
  private final Caller caller;
  private final Unions unions;
  private final Commits commits;
  private final Vms vms;
  private final Host host;
  private final Users users;
  private final Audit audit;
  private final Jobs jobs;
  private final Sessions sessions;

  private Mica(Engine engine, Caller asking) {
    this.engine = engine;
    this.caller = asking.seenBy(engine.witness());
    this.unions = engine.unions(caller);
    this.commits = engine.commits(caller);
    this.vms = engine.vms(caller);
    this.host = engine.host(caller);
    this.users = engine.users(caller);
    this.audit = engine.audit(caller);
    this.jobs = engine.jobs(caller);
    this.sessions = engine.sessions(caller);
  }

  /** The state directory that {@code MICA_HOME}, the user and the XDG rules name. */
  public static Mica open() {
    return open(System.getenv());
  }

  /** The same with other variables than the process's own. */
  public static Mica open(Map<String, String> environment) {
    return open(StateDir.ofEnvironment(environment));
  }

  /** A state directory of the caller's choice; made with mode 0700 at first use. */
  public static Mica open(Path home) {
    return open(StateDir.at(home));
  }

  private static Mica open(StateDir state) {
    return new Mica(new Engine(state), Caller.ofProcess());
  }

  /** The same objects as {@code other} sees them. Only an admin may speak for somebody else. */
  public Mica as(Caller other) {
    caller.require(Role.ADMIN, "speak for", other.user());
    return new Mica(engine, other);
  }

  /** Who asks. */
  public Caller caller() {
    return caller;
  }

  /**
   * A place: an absolute local path, one relative to the caller's, or a {@code file: tar: zip:}
   * URI.
   */
  public Folder folder(String pathOrUri) {
    return Folder.of(caller, pathOrUri);
  }

  /** The union mounts of this host. */
  public Unions unions() {
    return unions;
  }

  /** The commit store of this host. */
  public Commits commits() {
    return commits;
  }

  /** The VMs of this host, each with a container. */
  public Vms vms() {
    return vms;
  }

  /** This machine and what works on it. */
  public Host host() {
    return host;
  }

  /** Those who may log in over SSH. */
  public Users users() {
    return users;
  }

  /** The sessions of the SSH server that runs in this process. */
  public Sessions sessions() {
    return sessions;
  }

  /** Who has changed what, and who has tried to log in. */
  public Audit audit() {
    return audit;
  }

  /** Commands that run in the background. */
  public Jobs jobs() {
    return jobs;
  }

  /** The state directory; made with mode 0700 at first use. */
  public Path home() {
    return engine.home();
  }
}
