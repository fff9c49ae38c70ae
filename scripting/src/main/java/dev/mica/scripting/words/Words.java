package dev.mica.scripting.words;

import dev.mica.audit.Audit;
import dev.mica.background.Jobs;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.container.Vm;
import dev.mica.container.Vms;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.host.Check;
import dev.mica.host.Host;
import dev.mica.session.Sessions;
import dev.mica.union.Union;
import dev.mica.union.Unions;
import dev.mica.user.Users;
import groovy.lang.Closure;
import groovy.lang.DelegatesTo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The words a script begins with. Each fails with one line that names the thing. */
public interface Words {
  /** The place at a local path or a {@code file: sftp: tar: zip:} URI; nothing is opened yet. */
  Folder folder(String pathOrUri);

  /** Describes a union in a block, then mounts it. */
  Union union(
      @DelegatesTo(value = UnionWords.class, strategy = Closure.DELEGATE_ONLY) Closure<?> block);

  /** The union of that name. */
  Union union(String name);

  /** The unions of this host. */
  Unions getUnions();

  /** Describes a VM with a container in a block, and makes it; {@code start()} starts it. */
  Vm vm(
      String name,
      @DelegatesTo(value = VmWords.class, strategy = Closure.DELEGATE_ONLY) Closure<?> block);

  /** The VM of that name. */
  Vm vm(String name);

  /**
   * What would be done if what the block describes were made: each step with how, and why it would
   * fail. Nothing is done.
   */
  List<Step> plan(
      @DelegatesTo(value = PlanWords.class, strategy = Closure.DELEGATE_ONLY) Closure<?> block);

  /** The VMs of this host. */
  Vms getVms();

  /** The commit that a {@code NAME:TAG} or an id leads to. */
  Commit commit(String refOrId);

  /** The commit store of this host. */
  Commits getCommits();

  /** Those who may log in over SSH. */
  Users getUsers();

  /** Who has changed what on this host, and who has tried to log in. */
  Audit getAudit();

  /** Commands that run in the background. */
  Jobs getJobs();

  /** The sessions of the SSH server, if it runs in this process. */
  Sessions getSessions();

  /** This machine. */
  Host getHost();

  /** What works on this host, what does not, and the line that mends it. */
  List<Check> doctor();

  /**
   * What turns {@code from} into {@code to}: two folders (or paths, or unions, which stand for
   * where they are mounted), or two commits (or their references).
   */
  Diff diff(Object from, Object to);

  /** Prints a value as the prompt would: tables for lists of objects, trees, scalars. */
  void show(@Nullable Object value);
}
