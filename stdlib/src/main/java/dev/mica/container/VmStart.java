package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.StateDir;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.guest.ContainerInit;
import dev.mica.vm.network.Carrier;
import dev.mica.vm.network.Forward;
import dev.mica.vm.network.Link;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Starts one VM: boots its guest, gives that its folders and its network, and starts its program.
 */
final class VmStart {
  /** The stream of the first process. The others of its processes have the ports after it. */
  private static final String FIRST_PORT = "dev.mica.stream.0";

  /** What the guest calls the disk, and where on it are the guest folder and overlayfs's own. */
  static final String DISK = "guest";

  static final String UPPER = "upper";
  private static final String WORK = "work";

  /** The disk's serial number. */
  static final String SERIAL = "disk-0";

  private static final int TOKEN = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final StateDir state;
  private final VmRecord vm;
  private final VmFiles files;
  private final Machine machine;
  private final Monitor monitor;

  VmStart(StateDir state, VmRecord vm, Machine machine, Monitor monitor) {
    this.state = state;
    this.vm = vm;
    this.files = VmFiles.of(state, vm.id());
    this.machine = machine;
    this.monitor = monitor;
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

  /**
   * Does it; nothing of an earlier run may be left.
   *
   * @param ready runs right before its program does, when one can attach to it
   */
  void run(Runnable ready) {
    List<Port> ports = HostPorts.choose(vm.network().ports());
    try (Activity start =
        Activity.begin("start the VM " + vm.name(), OptionalLong.empty(), Activity.Work.NONE)) {
      start.step("boot its guest");
      machine.boot(Duration.ZERO);
      start.step("mount its folders");
      try (Agent agent = machine.agent()) {
        mount(agent);
        new Volumes(state, vm).mount(machine, agent);
        link(agent, ports);
        start.step("start its program");
        startProgram(agent, ready);
      } catch (MicaException failure) {
        throw isHalted() ? noRoom(failure) : failure;
      }
    }
  }

  /** Its guest stands still, and answers nothing. */
  private boolean isHalted() {
    return machine.status().state() == Machine.State.PAUSED;
  }

  private MicaException noRoom(MicaException silent) {
    return MicaException.failed(
            "start the VM", vm.name(), "there is no room on this host for what it writes")
        .hint("make room")
        .because(silent);
  }

  private void mount(Agent agent) {
    Agent.Answer<Boolean> disk = agent.mountDisk(SERIAL, DISK, List.of(UPPER, WORK));
    List<Path> lowers = new Lowers(state.path(), vm).mount(machine, agent);
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
      VmFiles.mark(files.used());
      Core.syncDirectory(files.directory());
    }
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

  private void startProgram(Agent agent, Runnable ready) {
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
    monitor.start(port, machine.status().pid(), token, vm.input(), AtEnd.command(state.path(), vm));
    ready.run();
    try {
      long _ = agent.run(vm.id(), new Agent.Streams(FIRST_PORT, token, vm.terminal())).await();
    } catch (MicaException failure) {
      throw Unstarted.of("start the VM", vm.name(), vm.program().getFirst(), vm.folder(), failure);
    }
    VmFiles.mark(files.started());
  }
}
