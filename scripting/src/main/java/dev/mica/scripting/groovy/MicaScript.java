package dev.mica.scripting.groovy;

import dev.mica.Mica;
import dev.mica.audit.Audit;
import dev.mica.background.Jobs;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.container.Vm;
import dev.mica.container.VmSpec;
import dev.mica.container.Vms;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.host.Check;
import dev.mica.host.Host;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.words.Blocks;
import dev.mica.scripting.words.Coercions;
import dev.mica.scripting.words.PlanBlock;
import dev.mica.scripting.words.Step;
import dev.mica.scripting.words.UnionBlock;
import dev.mica.scripting.words.VmBlock;
import dev.mica.scripting.words.Words;
import dev.mica.session.Sessions;
import dev.mica.union.Union;
import dev.mica.union.Unions;
import dev.mica.user.Users;
import groovy.lang.Closure;
import groovy.lang.Script;
import java.util.List;
import org.codehaus.groovy.runtime.InvokerHelper;
import org.jspecify.annotations.Nullable;

/** What every compiled script extends; public for them. */
public abstract class MicaScript extends Script implements Words {
  @Override
  public Folder folder(String pathOrUri) {
    return mica().folder(pathOrUri);
  }

  @Override
  public Union union(Closure<?> block) {
    UnionBlock words = new UnionBlock(mica(), context().variables());
    return mica().unions().create(Blocks.run(block, words).spec());
  }

  @Override
  public Union union(String name) {
    return mica().unions().get(name);
  }

  @Override
  public Unions getUnions() {
    return mica().unions();
  }

  @Override
  public Vm vm(String name, Closure<?> block) {
    VmBlock words = new VmBlock(name, mica(), context().variables());
    VmSpec spec = Blocks.run(block, words).spec();
    return mica()
        .vms()
        .create(spec.with(new Coercions(mica()).pulled(spec.from(), context()::say)));
  }

  @Override
  public Vm vm(String name) {
    return mica().vms().get(name);
  }

  @Override
  public List<Step> plan(Closure<?> block) {
    PlanBlock plan = new PlanBlock(mica(), context().variables());
    mica()
        .caller()
        .plan(() -> {
          PlanBlock _ = Blocks.run(block, plan);
        });
    return plan.steps();
  }

  @Override
  public Vms getVms() {
    return mica().vms();
  }

  @Override
  public Commit commit(String refOrId) {
    return mica().commits().get(refOrId);
  }

  @Override
  public Commits getCommits() {
    return mica().commits();
  }

  @Override
  public Users getUsers() {
    return mica().users();
  }

  @Override
  public Audit getAudit() {
    return mica().audit();
  }

  @Override
  public Jobs getJobs() {
    return mica().jobs();
  }

  @Override
  public Sessions getSessions() {
    return mica().sessions();
  }

  @Override
  public Host getHost() {
    return mica().host();
  }

  @Override
  public List<Check> doctor() {
    return mica().host().checks();
  }

  @Override
  public Diff diff(Object from, Object to) {
    return new Coercions(mica()).diff(from, to, false);
  }

  @Override
  public void show(@Nullable Object value) {
    context().display().show(value);
  }

  /** Prints where the session prints. */
  @Override
  public void print(@Nullable Object value) {
    InvokerHelper.invokeMethod(context().out(), "print", value);
  }

  /** Ends a line where the session prints. */
  @Override
  public void println() {
    context().out().println();
  }

  /** Prints a line where the session prints. */
  @Override
  public void println(@Nullable Object value) {
    print(value);
    println();
  }

  /** Waits, unless it is cancelled: Groovy's own {@code sleep} swallows interruptions. */
  public void sleep(long millis) throws InterruptedException {
    Thread.sleep(millis);
  }

  private Context context() {
    return ((SessionBinding) getBinding()).context();
  }

  private Mica mica() {
    return context().mica();
  }
}
