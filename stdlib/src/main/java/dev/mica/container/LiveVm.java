package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.text.Signals;
import dev.mica.vm.Console;
import dev.mica.vm.stream.Attachable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A VM that was found once. It always means that VM: if it is removed, another of the same name is
 * not it. What it was made with never changes.
 */
final class LiveVm implements Vm {
  private final Vms vms;
  private final VmRecord vm;

  LiveVm(Vms vms, VmRecord vm) {
    this.vms = vms;
    this.vm = vm;
  }

  private Runner runner() {
    return vms.runner(vm);
  }

  private VmLife life() {
    return vms.life(vm);
  }

  @Override
  public String name() {
    return vm.name();
  }

  @Override
  public String id() {
    return vm.id();
  }

  @Override
  public State state() {
    return vms.isThere(vm) ? runner().status().state() : State.REMOVED;
  }

  @Override
  public String status() {
    return vms.isThere(vm) ? runner().status().text() : "removed";
  }

  @Override
  public Optional<Integer> exitStatus() {
    State at = state();
    return at == State.EXITED || at == State.RESTARTING
        ? runner().status().end().filter(end -> !end.lost()).map(VmFiles.End::status)
        : Optional.empty();
  }

  @Override
  public String restartPolicy() {
    return vm.restart().toString();
  }

  @Override
  public int restarts() {
    return runner().restarting().done().count();
  }

  @Override
  public String from() {
    return vm.from();
  }

  @Override
  public List<String> program() {
    return vm.program();
  }

  @Override
  public String user() {
    return vm.user();
  }

  @Override
  public String workdir() {
    return vm.folder();
  }

  @Override
  public long memory() {
    return vm.memory();
  }

  @Override
  public int processors() {
    return vm.processors();
  }

  @Override
  public String net() {
    return vm.network().mode();
  }

  @Override
  public List<Port> ports() {
    return runner().ports();
  }

  @Override
  public List<VmShare> shares() {
    return vm.shares().stream().map(share -> share.asSeenBy(vms.caller())).toList();
  }

  @Override
  public Map<String, String> labels() {
    return vm.labels();
  }

  @Override
  public Instant created() {
    return vm.created();
  }

  @Override
  public long pid() {
    return runner().machine().status().pid();
  }

  @Override
  public String logs() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try {
      logs(LogQuery.ALL, said, said, () -> true);
      return said.toString(StandardCharsets.UTF_8);
    } catch (IOException broken) {
      throw MicaException.failed("read the log of the VM", vm.name(), Why.of(broken))
          .because(broken);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("read the log of the VM", vm.name(), "interrupted").because(stop);
    }
  }

  @Override
  public void logs(LogQuery query, OutputStream out, OutputStream error, BooleanSupplier stop)
      throws IOException, InterruptedException {
    runner().log(query, stop).copyTo(out, error);
  }

  @Override
  public Folder consoleLog() {
    return Folder.of(vms.caller(), runner().machine().consoleLog());
  }

  @Override
  public Console console() {
    return vms.change("attach to the console of", vm.name(), () -> runner().machine().console());
  }

  @Override
  public Vm start() {
    life().start();
    return this;
  }

  @Override
  public Attachable startAttached() {
    return life().startAttached();
  }

  @Override
  public Attachable attach() {
    return life().attach();
  }

  /** Its files, as long as it runs. */
  VmTree files() {
    return new VmTree(life().copy("use the files of", Exec::files).stream(), vm.name());
  }

  @Override
  public Vm stop(Duration patience) {
    if (patience.isNegative()) {
      throw MicaException.usage("stop the VM", vm.name(), "a time to wait cannot be " + patience);
    }
    life().stop(patience);
    return this;
  }

  @Override
  public Vm kill() {
    life().kill();
    return this;
  }

  @Override
  public Vm kill(String signal) {
    int number =
        Signals.number(signal)
            .orElseThrow(() ->
                MicaException.usage(
                        "send a signal to the VM", vm.name(), "there is no signal " + signal)
                    .hint("name one as SIGHUP, HUP or 1"));
    if (number == Signals.KILL) {
      return kill();
    }
    life().send(number);
    return this;
  }

  @Override
  public Vm pause() {
    life().pause();
    return this;
  }

  @Override
  public Vm resume() {
    life().resume();
    return this;
  }

  @Override
  public Vm restart() {
    life().restart(Duration.ofSeconds(10));
    return this;
  }

  @Override
  public int await() {
    return life().await();
  }

  @Override
  public Attachable open(ExecSpec spec) {
    return life().open(spec);
  }

  @Override
  public Folder copyOut(String path, Folder target) {
    return new Copying(vms, vm).out(path, target);
  }

  @Override
  public Vm copyIn(Folder source, String path) {
    new Copying(vms, vm).in(source, path);
    return this;
  }

  @Override
  public Attachable send(String path) {
    return life().copy("copy from", exec -> exec.send(path));
  }

  @Override
  public Attachable receive(String path) {
    return life().copy("copy to", exec -> exec.receive(path, true));
  }

  @Override
  public Ran exec(String... program) {
    return Exec.run(open(new ExecSpec(List.of(program), Map.of(), false, false)));
  }

  @Override
  public Commit commit(CommitSpec spec) {
    return vms.moments(vm).commit(spec);
  }

  @Override
  public Diff diff() {
    return vms.moments(vm).diff();
  }

  @Override
  public Vm fork(String other) {
    return vms.moments(vm).fork(other);
  }

  @Override
  public Map<String, String> stats() {
    return runner().usage();
  }

  @Override
  public void remove() {
    life().remove();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LiveVm same && same.vm.id().equals(vm.id());
  }

  @Override
  public int hashCode() {
    return vm.id().hashCode();
  }

  @Override
  public String toString() {
    return vm.name();
  }
}
