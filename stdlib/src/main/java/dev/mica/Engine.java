package dev.mica;

import dev.mica.access.Caller;
import dev.mica.access.Witness;
import dev.mica.audit.Audit;
import dev.mica.audit.AuditLog;
import dev.mica.background.Jobs;
import dev.mica.commit.CommitLayers;
import dev.mica.commit.Commits;
import dev.mica.container.VmFolders;
import dev.mica.container.Vms;
import dev.mica.helper.HelperServer;
import dev.mica.host.Host;
import dev.mica.image.Images;
import dev.mica.session.Sessions;
import dev.mica.state.StateDir;
import dev.mica.union.UnionLayers;
import dev.mica.union.Unions;
import dev.mica.user.Users;
import java.nio.file.Path;

/**
 * What all callers of one state directory share: the state itself, and who ends what was cut short
 * in it. It reads, locks and makes nothing until an object is used.
 */
final class Engine {
  private final StateDir state;
  private final HelperServer helper;
  private final Unions unions;
  private final Vms vms;
  private final Commits commits;
  private final Users users;
  private final Witness witness;
  private final Audit audit;
  private final Jobs jobs;
  private final Sessions sessions;

  Engine(StateDir state) {
    this.state = state;
    this.helper = new HelperServer(state);
    VmFolders folders = new VmFolders(state);
    this.unions = new Unions(state, helper, folders::writing);
    this.commits =
        new Commits(state, unions, new UnionLayers(state, helper), folders, new Images(state));
    this.users = new Users(state);
    this.witness = new AuditLog(state);
    this.audit = new Audit(state, witness);
    this.jobs = new Jobs(state);
    this.sessions = new Sessions(state);
    this.vms = new Vms(state, new CommitLayers(state), commits);
  }

  Path home() {
    return state.path();
  }

  Unions unions(Caller caller) {
    return new Unions(caller, unions);
  }

  Commits commits(Caller caller) {
    return new Commits(caller, commits);
  }

  Vms vms(Caller caller) {
    return new Vms(caller, vms);
  }

  Users users(Caller caller) {
    return new Users(caller, users);
  }

  Audit audit(Caller caller) {
    return new Audit(caller, audit);
  }

  Jobs jobs(Caller caller) {
    return new Jobs(caller, jobs);
  }

  Sessions sessions(Caller caller) {
    return new Sessions(caller, sessions);
  }

  /** Writes down what callers change. */
  Witness witness() {
    return witness;
  }

  Host host(Caller caller) {
    return new Host(caller, state, unions(caller), helper.vm(caller), commits(caller), vms(caller));
  }
}
