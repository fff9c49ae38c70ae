package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.vm.Console;
import dev.mica.vm.stream.Attachable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A VM by its name. */
final class LiveVm implements Vm {
  private final Vms vms;
  private final String name;

  LiveVm(Vms vms, VmRecord record) {
    this.vms = vms;
    this.name = record.name();
  }

  private VmRecord record() {
    return vms.require(name);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String id() {
    return record().id();
  }

  @Override
  public State state() {
    return vms.runner(record()).state();
  }

  @Override
  public String status() {
    return vms.runner(record()).status();
  }

  @Override
  public Optional<Integer> exitStatus() {
    Runner runner = vms.runner(record());
    return runner.state() == State.EXITED
        ? runner.end().map(VmFiles.End::status)
        : Optional.empty();
  }

  @Override
  public String from() {
    return record().from();
  }

  @Override
  public List<String> program() {
    return record().program();
  }

  @Override
  public long memory() {
    return record().memory();
  }

  @Override
  public int processors() {
    return record().processors();
  }

  @Override
  public String net() {
    return record().network().mode();
  }

  @Override
  public List<Port> ports() {
    return vms.runner(record()).ports();
  }

  @Override
  public Map<String, String> labels() {
    return record().labels();
  }

  @Override
  public Instant created() {
    return record().created();
  }

  @Override
  public long pid() {
    return vms.runner(record()).machine().status().pid();
  }

  @Override
  public String logs() {
    return vms.runner(record()).logs();
  }

  @Override
  public Folder consoleLog() {
    return Folder.of(vms.caller(), vms.runner(record()).machine().consoleLog());
  }

  @Override
  public Console console() {
    vms.requireOperator("attach to the console of", name);
    return vms.runner(record()).machine().console();
  }

  @Override
  public Vm start() {
    vms.start(name);
    return this;
  }

  @Override
  public Attachable startAttached() {
    return vms.startAttached(name);
  }

  @Override
  public Attachable attach() {
    return vms.attach(name);
  }

  @Override
  public Vm stop(Duration patience) {
    if (patience.isNegative()) {
      throw MicaException.usage("stop the VM", name, "it cannot be waited for " + patience);
    }
    vms.stop(name, patience);
    return this;
  }

  @Override
  public Vm kill() {
    vms.kill(name);
    return this;
  }

  @Override
  public Vm pause() {
    vms.pause(name);
    return this;
  }

  @Override
  public Vm resume() {
    vms.resume(name);
    return this;
  }

  @Override
  public Vm restart() {
    stop();
    return start();
  }

  @Override
  public int await() {
    return vms.runner(record()).await();
  }

  @Override
  public Attachable open(ExecSpec spec) {
    return vms.open(name, spec);
  }

  @Override
  public Ran exec(String... program) {
    return Exec.run(open(new ExecSpec(List.of(program), Map.of(), false, false)));
  }

  @Override
  public Commit commit(CommitSpec spec) {
    return vms.commit(name, spec);
  }

  @Override
  public Vm fork(String other) {
    return vms.fork(name, other);
  }

  @Override
  public Map<String, String> stats() {
    return vms.runner(record()).usage();
  }

  @Override
  public void remove() {
    vms.remove(name);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LiveVm vm && vm.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
