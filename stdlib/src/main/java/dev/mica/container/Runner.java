package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.job.Activity;
import dev.mica.state.StateDir;
import dev.mica.vm.Machine;
import dev.mica.vm.MachineSpec;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.guest.ContainerInit;
import dev.mica.vm.network.Carrier;
import dev.mica.vm.network.Forward;
import dev.mica.vm.network.Link;
import dev.mica.vm.process.Poll;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs the container of one VM. What it is at is found from its processes and from how its monitor
 * says it ended. Who changes something has the VM locked.
 */
final class Runner {
  /** The stream of the first process. The others of its processes have the ports after it. */
  private static final String FIRST_PORT = "dev.mica.stream.0";

  /** What the guest calls the disk, and where on it are the guest folder and overlayfs's own. */
  static final String DISK = "guest";

  static final String UPPER = "upper";
  private static final String WORK = "work";

  /** The disk's serial number. */
  static final String SERIAL = "disk-0";

  private static final int TERM = 15;
  private static final int KILL = 9;
  private static final int TOKEN = 16;
  private static final int KILLED = 137;

  /** A process that was killed is gone soon, unless something hangs. */
  private static final Duration SOON = Duration.ofSeconds(10);

  private static final Duration FOREVER = Duration.ofDays(365);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final StateDir state;
  private final Path home;
  private final VmRecord vm;
  private final VmFiles files;
  private final Machine machine;
  private final Monitor monitor;
  private final Restarting restarting;

  Runner(StateDir state, VmRecord vm) {
    this.state = state;
    this.home = state.path();
    this.vm = vm;
    this.files = VmFiles.of(state, vm.id());
    this.machine = Machine.of(state, spec(vm, files));
    this.monitor = new Monitor(files);
    this.restarting = new Restarting(vm.restart(), files);
  }

  private static MachineSpec spec(VmRecord vm, VmFiles files) {
    return MachineSpec.container(
        vm.name(),
        VmFiles.relative(vm.id()) + "/machine",
        vm.id(),
        vm.memory(),
        vm.processors(),
        List.of(files.disk()));
  }

  VmRecord vm() {
    return vm;
  }

  /** The state directory. */
  Path home() {
    return home;
  }

  Restarting restarting() {
    return restarting;
  }

  Machine machine() {
    return machine;
  }

  /** What its guest folder may grow to, bytes. */
  long diskSize() {
    try {
      return Files.size(files.disk());
    } catch (IOException broken) {
      throw MicaException.failed("look at", files.disk(), Why.of(broken)).because(broken);
    }
  }

  Optional<VmFiles.End> end() {
    return files.end();
  }

  Vm.State state() {
    Optional<VmFiles.End> end = files.end();
    if (end.isPresent()) {
      return isToRestart(end) ? Vm.State.RESTARTING : ended(end.get());
    }
    if (!Files.exists(files.started())) {
      return isToRestart(end)
          ? Vm.State.RESTARTING
          : restarting.trouble().isPresent()
              ? Vm.State.FAILED
              : Vm.State.CREATED; // or whoever started it has not come that far, or never will
    }
    if (!monitor.isAlive()) {
      return files.end().isPresent() ? state() : Vm.State.FAILED; // it ended just now
    }
    if (hasLostAFolder()) {
      return Vm.State.FAILED;
    }
    return isHalted() || isFrozen() ? Vm.State.PAUSED : Vm.State.RUNNING;
  }

  /** Its guest stands still, for there is no room on this host for what it writes. */
  private boolean isHalted() {
    return machine.status().state() == Machine.State.PAUSED;
  }

  private static Vm.State ended(VmFiles.End end) {
    return end.lost() ? Vm.State.FAILED : Vm.State.EXITED;
  }

  /** Somebody is about to start it again, or its monitor will have it done. */
  private boolean isToRestart(Optional<VmFiles.End> end) {
    if (!restarting.isAllowed()) {
      return false;
    }
    return restarting.restarter().isAlive()
        || (end.isPresent() && restarting.next().isPresent() && monitor.isAlive());
  }

  /** Whether nothing came between that end and us who are to start it again. */
  boolean isToStartAgain(Optional<VmFiles.End> end) {
    return files.end().equals(end) && !isUp() && restarting.isAllowed();
  }

  /** Its program has ended, and its guest is about to: what that has to write is written. */
  void awaitShutdown() {
    machine.shutdown();
  }

  /** Somebody ends it: it is not started again by itself. */
  void endRestarts() {
    boolean waits = state() == Vm.State.RESTARTING;
    restarting.forbid();
    if (waits) {
      monitor.stop();
      restarting.stop();
    }
  }

  private boolean hasLostAFolder() {
    return lost().isPresent();
  }

  /** A VM that ends takes its file servers along: only one that still answers can have lost one. */
  private Optional<String> lost() {
    Optional<String> lost =
        new Lowers(home, vm).isLost(machine)
            ? Optional.of("start folder")
            : new Volumes(state, vm).lost(machine).map(at -> "share at " + at);
    return lost.filter(_ -> answers() && files.end().isEmpty());
  }

  private boolean answers() {
    Machine.State at = machine.status().state();
    return at == Machine.State.RUNNING || at == Machine.State.PAUSED;
  }

  private boolean isFrozen() {
    return Files.exists(files.paused());
  }

  String status() {
    return switch (state()) {
      case CREATED -> "created";
      case RUNNING -> isCutOff() ? "running (its network is gone)" : restarted("running", "");
      case PAUSED ->
          restarted("paused", isHalted() ? "no room on this host for what it writes" : "");
      case RESTARTING -> restarted("restarting", files.end().map(Runner::atEnd).orElse(""));
      case EXITED -> exited(files.end().orElseThrow());
      case REMOVED -> "removed";
      case FAILED -> restarted("failed", failure());
    };
  }

  /** With how often, if it was. */
  private String restarted(String word, String note) {
    int count = restarting.done().count();
    String all =
        Stream.of(note, count == 0 ? "" : "restarts: " + count)
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining(", "));
    return all.isEmpty() ? word : word + " (" + all + ")";
  }

  private static String atEnd(VmFiles.End end) {
    return end.lost() ? "its VM ended" : "exited " + end.status();
  }

  /** What carried its network has ended, while it has not. */
  private boolean isCutOff() {
    return vm.network().hasCard() && !machine.isLinked();
  }

  private String failure() {
    if (files.end().isPresent()) {
      return "its VM ended first";
    }
    Optional<String> trouble = restarting.trouble();
    if (trouble.isPresent()) {
      return trouble.get();
    }
    return monitor.isAlive()
        ? "the file server of its " + lost().orElse("start folder") + " ended"
        : "its monitor ended first";
  }

  private String exited(VmFiles.End end) {
    return restarted(
        "exited " + end.status(),
        end.oom() ? "out of memory" : end.signal() > 0 ? "signal " + end.signal() : "");
  }

  boolean isUp() {
    Vm.State state = state();
    return state == Vm.State.RUNNING || state == Vm.State.PAUSED;
  }

  /**
   * Boots its VM, gives it its folders and starts its program.
   *
   * @param restarts how often it was started by itself, with this one
   * @param ready runs right before that, when one can attach to it
   */
  void start(Restarts restarts, Runnable ready) {
    requireParts();
    forgetRun();
    restarting.allow();
    if (restarts.count() > 0) {
      restarting.keep(restarts);
    }
    List<Port> ports = HostPorts.choose(vm.network().ports());
    try (Activity start =
        Activity.begin("start the VM " + vm.name(), OptionalLong.empty(), Activity.Work.NONE)) {
      start.step("boot its guest");
      machine.boot(Duration.ZERO);
      start.step("bring its folders together");
      try (Agent agent = machine.agent()) {
        mount(agent);
        new Volumes(state, vm).mount(machine, agent);
        link(agent, ports);
        start.step("start its program");
        run(agent, ready);
      }
    }
  }

  /** Fails if this host lacks something that it needs; nothing has been done then. */
  void requireParts() {
    Stream.of(
            Carrier.refusal(vm.network().outward()),
            vm.init() ? ContainerInit.refusal() : Optional.<MicaException>empty(),
            machine.refusal())
        .flatMap(Optional::stream)
        .findFirst()
        .ifPresent(no -> {
          throw no;
        });
  }

  /** Whether its start came to its end, whatever came then. */
  boolean wasStarted() {
    return Files.exists(files.started());
  }

  /** Ends its processes, and forgets how it ended: it was never started, or will be again. */
  void forgetRun() {
    clear();
    files.forgetRun();
    restarting.forgetRun();
  }

  /** Ends its processes, whatever they are at, and waits for nobody who still reads. */
  void clear() {
    machine.kill();
    monitor.stop();
    restarting.stop();
  }

  private void mount(Agent agent) {
    Agent.Answer<Boolean> disk = agent.mountDisk(SERIAL, DISK, List.of(UPPER, WORK));
    List<Path> lowers = new Lowers(home, vm).mount(machine, agent);
    boolean _ = disk.await();
    try {
      agent.union(
          vm.id(),
          lowers,
          Path.of("@" + DISK, UPPER),
          Path.of("@" + DISK, WORK),
          RuntimeConfig.mountPoints(vm));
    } catch (MicaException failure) {
      throw Unstarted.ofUnion(vm.name(), failure);
    }
    if (!Files.exists(files.used())) {
      mark(files.used());
      Core.syncDirectory(files.directory());
    }
  }

  /** Whether no program can have changed anything in it: its guest folder is not made yet. */
  boolean isUntouched() {
    return !Files.exists(files.used()) && !wasStarted();
  }

  private void link(Agent agent, List<Port> ports) {
    if (!vm.network().hasCard()) {
      agent.network(vm.id());
      return;
    }
    List<Forward> forwards =
        ports.stream()
            .map(port -> new Forward(port.address(), port.host(), port.guest(), port.isUdp()))
            .toList();
    machine.plugNetwork(new Link(vm.network().outward(), NameFiles.needsResolver(), forwards));
    agent.network(vm.id(), Link.ADDRESS + "/" + Link.PREFIX, Link.GATEWAY);
    files.keep(ports);
  }

  /** As they are now; free ones have the number 0 while it does not run. */
  List<Port> ports() {
    return files.keptPorts().filter(_ -> isUp()).orElse(vm.network().ports());
  }

  private void run(Agent agent, Runnable ready) {
    NameFiles.of(vm).forEach((name, content) -> agent.file(vm.id(), name, content));
    agent.file(
        vm.id(),
        "config.json",
        RuntimeConfig.of(
            vm,
            Users.find(agent, "start the VM", vm.name(), vm.id(), vm.user()),
            "/unions/" + vm.id(),
            "/run/netns/" + vm.id()));
    byte[] bytes = new byte[TOKEN];
    RANDOM.nextBytes(bytes);
    String token = HexFormat.of().formatHex(bytes);
    Path port = machine.plugPort(FIRST_PORT);
    monitor.start(port, machine.status().pid(), token, vm.input(), AtEnd.command(home, vm));
    ready.run();
    try {
      long _ = agent.run(vm.id(), new Agent.Streams(FIRST_PORT, token, vm.terminal())).await();
    } catch (MicaException failure) {
      throw Unstarted.of("start the VM", vm.name(), vm.program().getFirst(), vm.folder(), failure);
    }
    mark(files.started());
  }

  private static void mark(Path file) {
    try {
      Files.createFile(file);
    } catch (IOException broken) {
      throw MicaException.failed("write", file, Why.of(broken)).because(broken);
    }
  }

  /**
   * Its first process, by the monitor.
   *
   * @param all whether it waits for us when we are slow, so that we miss nothing
   */
  Attachable attach(boolean all) {
    if (!monitor.isAlive()) {
      throw MicaException.failed("attach to the VM", vm.name(), "it is " + status());
    }
    ProcessStream stream = ProcessStream.connect(files.attach(), "the VM " + vm.name());
    boolean done = false;
    try {
      if (all) {
        stream.requireAll();
      }
      done = true;
      return new Attachable(stream, vm.input(), vm.terminal(), true);
    } catch (IOException gone) {
      throw MicaException.failed("attach to the VM", vm.name(), Why.of(gone)).because(gone);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("attach to the VM", vm.name(), "interrupted").because(stop);
    } finally {
      if (!done) {
        stream.close();
      }
    }
  }

  /** Has it end, and then its VM. */
  void stop(Duration patience) {
    if (hasLostAFolder() || isHalted()) {
      kill(); // neither its program nor its guest can end by itself
      return;
    }
    if (isUp()) {
      thaw();
      signal(TERM, false);
      if (!ends(patience)) {
        signal(KILL, true);
        boolean _ = ends(SOON);
      }
    }
    machine.shutdown();
    boolean _ = ends(SOON); // its port hangs up
    forgetPause();
  }

  /**
   * Waits until it is known how its program ended, or nobody will tell; whether that is so. Its
   * monitor may be there for longer: it waits for those who still read.
   */
  private boolean ends(Duration limit) {
    return Poll.until(limit, () -> files.end().isPresent() || !monitor.isAlive());
  }

  private void signal(int number, boolean all) {
    try (Agent agent = machine.agent()) {
      agent.signal(vm.id(), number, all);
    } catch (MicaException silent) {
      if (monitor.isAlive()) {
        machine.kill(); // there is nobody to be asked
      }
    }
  }

  void kill() {
    if (isUp() && !isHalted()) {
      signal(KILL, true);
      boolean _ = ends(SOON);
    }
    machine.kill();
    boolean _ = ends(SOON);
    forgetPause();
  }

  void pause() {
    requireRunning("pause");
    try (Agent agent = machine.agent()) {
      agent.pause(vm.id());
    }
    mark(files.paused());
  }

  void resume() {
    if (state() != Vm.State.PAUSED) {
      throw MicaException.failed("resume the VM", vm.name(), "it is " + status());
    }
    if (isHalted()) {
      machine.resume();
    }
    thaw();
  }

  private void thaw() {
    if (isFrozen()) {
      try (Agent agent = machine.agent()) {
        agent.resume(vm.id());
      }
      forgetPause();
    }
  }

  private void forgetPause() {
    try {
      Files.deleteIfExists(files.paused());
    } catch (IOException broken) {
      throw MicaException.failed("remove", files.paused(), Why.of(broken)).because(broken);
    }
  }

  Map<String, String> usage() {
    requireRunning("look at");
    try (Agent agent = machine.agent()) {
      return agent.usage(vm.id());
    }
  }

  /** Running or paused, and its guest answers. */
  void requireUp(String doing) {
    if (!isUp()) {
      throw MicaException.failed(doing + " the VM", vm.name(), "it is " + status());
    }
    if (isHalted()) {
      throw MicaException.failed(doing + " the VM", vm.name(), "it is " + status())
          .hint("make room, and resume it with mica vm resume " + vm.name());
    }
  }

  void requireRunning(String doing) {
    Vm.State state = state();
    if (state != Vm.State.RUNNING) {
      String verb = state == Vm.State.PAUSED ? "resume" : "start";
      throw MicaException.failed(doing + " the VM", vm.name(), "it is " + status())
          .hint(verb + " it with mica vm " + verb + " " + vm.name());
    }
  }

  /** Waits for the end of its program; the exit status, if somebody heard of that. */
  Optional<Integer> await() {
    if (isUp()) {
      boolean _ = ends(FOREVER);
    }
    return files.end().map(end -> end.lost() ? KILLED : end.status());
  }

  private boolean isOver() {
    return !isUp() && state() != Vm.State.RESTARTING;
  }

  VmLog log(LogQuery query, BooleanSupplier stop) {
    return new VmLog(files, query, stop, this::isOver);
  }
}
