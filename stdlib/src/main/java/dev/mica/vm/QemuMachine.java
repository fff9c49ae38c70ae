package dev.mica.vm;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.Hold;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.agent.AgentConnection;
import dev.mica.vm.network.Carrier;
import dev.mica.vm.network.Link;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Poll;
import dev.mica.vm.qemu.Disks;
import dev.mica.vm.qemu.Ports;
import dev.mica.vm.qemu.Qemu;
import dev.mica.vm.qemu.Qmp;
import dev.mica.vm.qemu.Snapshots;
import dev.mica.vm.share.Share;
import dev.mica.vm.share.Shares;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A machine that QEMU runs. Its state is not remembered, but asked of its processes. */
final class QemuMachine implements Machine {
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final Duration HELLO = Duration.ofSeconds(10);

  /** The agent needs 10 s at most to end. */
  private static final Duration POWER_OFF = Duration.ofSeconds(20);

  private final StateDir state;
  private final MachineSpec spec;
  private final Starter starter;
  private final Qemu qemu;
  private final Shares shares;
  private final Ports ports;
  private final Disks disks;
  private final Snapshots snapshots;
  private final Carrier carrier;
  private final Records records;

  QemuMachine(StateDir state, MachineSpec spec, Starter.Settings settings) {
    this.state = state;
    this.spec = spec;
    this.starter = new Starter(state, spec, settings);
    this.qemu = new Qemu(spec.directory(state), spec.object());
    this.disks = new Disks(qemu);
    this.snapshots = new Snapshots(qemu, disks);
    this.carrier = new Carrier(qemu);
    this.shares =
        new Shares(
            state.records(spec.directory() + "/shares").ofProcesses(),
            state.records("cache").ofProcesses(),
            qemu,
            settings.environment());
    this.ports = new Ports(qemu);
    this.records = state.records("machine").ofProcesses();
  }

  @Override
  public Optional<MicaException> refusal() {
    return starter.refusal();
  }

  @Override
  public List<Part> parts() {
    return starter.parts();
  }

  @Override
  public Start boot(Duration idle) {
    try (Activity start =
            Activity.begin("start the " + spec.object(), OptionalLong.empty(), Activity.Work.NONE);
        Hold _ = state.hold("start the " + spec.object(), spec.object())) {
      if (isAdopted(idle)) {
        return Start.ADOPTED;
      }
      end();
      Starter.Started started = starter.start(qemu, idle, start);
      for (int i = 0; i < spec.disks().size(); i++) {
        disks.plug(i);
      }
      ObjectNode facts = Records.object().put("accel", started.accel().kind().word());
      facts.put("kernel", started.kernel().release()).put("memory", spec.memory());
      records.put(spec.id(), facts);
      return started.how();
    }
  }

  private boolean isAdopted(Duration idle) {
    if (!qemu.daemon().isAlive() || records.find(spec.id()).isEmpty()) {
      return false; // or the process that started it died before it answered
    }
    try (Qmp qmp = qemu.qmp(ANSWER)) {
      qmp.run("cont");
    } catch (MicaException stuck) {
      return false;
    }
    try (Agent agent = AgentConnection.connect(qemu.agent(), HELLO)) {
      agent.idle(idle);
      return true;
    } catch (MicaException silent) {
      return false;
    }
  }

  @Override
  public Status status() {
    Daemon daemon = qemu.daemon();
    Optional<ProcessHandle> process = daemon.process();
    if (process.isEmpty()) {
      return new Status(State.NONE, 0, Optional.empty(), "", "", 0);
    }
    JsonNode facts = records.find(spec.id()).orElseGet(Records::object);
    return new Status(
        liveState(),
        process.get().pid(),
        daemon.started(),
        facts.path("accel").asString(""),
        facts.path("kernel").asString(""),
        facts.path("memory").asLong(0));
  }

  @Override
  public void resume() {
    try (Qmp qmp = qemu.qmp()) {
      qmp.run("cont");
    }
  }

  private State liveState() {
    try (Qmp qmp = qemu.qmp(ANSWER)) {
      boolean running = qmp.run("query-status").path("running").asBoolean(false);
      return running ? State.RUNNING : State.PAUSED;
    } catch (MicaException silent) {
      return qemu.daemon().isAlive() ? State.STUCK : State.NONE;
    }
  }

  @Override
  public Agent agent() {
    requireRunning();
    return AgentConnection.connect(qemu.agent(), HELLO);
  }

  private void requireRunning() {
    if (!qemu.daemon().isAlive()) {
      throw MicaException.failed("use", "the " + spec.object(), "it does not run").hint("start it");
    }
  }

  @Override
  public Share plugShare(OpenDirectory folder, boolean readOnly) {
    try (Hold _ = state.hold("share " + folder.openedBy(), spec.object())) {
      requireRunning();
      return shares.plug(folder, readOnly);
    }
  }

  @Override
  public Share plugVolume(OpenDirectory folder, boolean readOnly) {
    try (Hold _ = state.hold("share " + folder.openedBy(), spec.object())) {
      requireRunning();
      return shares.plugVolume(folder, readOnly);
    }
  }

  @Override
  public Share plugLayers(List<OpenDirectory> folders) {
    try (Hold _ = state.hold("share layers", spec.object())) {
      requireRunning();
      return shares.plugTogether(folders);
    }
  }

  @Override
  public Optional<String> device(String tag) {
    requireRunning();
    return shares.device(tag);
  }

  @Override
  public void unplugShare(String tag) {
    try (Hold _ = state.hold("unplug the share " + tag, spec.object())) {
      if (qemu.daemon().isAlive()) {
        shares.unplug(tag);
      } else {
        shares.forgetAll();
      }
    }
  }

  @Override
  public void abandonShare(String tag) {
    try (Hold _ = state.hold("abandon the share " + tag, spec.object())) {
      shares.forget(tag);
    }
  }

  @Override
  public void plugNetwork(Link link) {
    try (Hold _ = state.hold("link the " + spec.object(), spec.object())) {
      requireRunning();
      carrier.plug(link);
    }
  }

  @Override
  public boolean isLinked() {
    return carrier.isAlive();
  }

  @Override
  public List<Share> shares() {
    return shares.all();
  }

  @Override
  public List<Share> lostShares() {
    return shares.lost();
  }

  @Override
  public Path plugPort(String name) {
    try (Hold _ = state.hold("plug the port " + name, spec.object())) {
      requireRunning();
      return ports.plug(name);
    }
  }

  @Override
  public void unplugPort(String name) {
    try (Hold _ = state.hold("unplug the port " + name, spec.object())) {
      if (qemu.daemon().isAlive()) {
        ports.unplug(name);
      }
    }
  }

  @Override
  public List<String> ports() {
    return qemu.daemon().isAlive() ? ports.all() : List.of();
  }

  @Override
  public Set<String> busyPorts() {
    return qemu.daemon().isAlive() ? ports.busy() : Set.of();
  }

  @Override
  public void takeSnapshot(int disk) {
    try (Hold _ = state.hold("take a snapshot of the " + spec.object(), spec.object())) {
      requireRunning();
      snapshots.take(disk);
    }
  }

  @Override
  public String plugSnapshot(int disk) {
    try (Hold _ = state.hold("plug a snapshot of the " + spec.object(), spec.object())) {
      requireRunning();
      snapshots.plug(disk);
      return Snapshots.device(disk);
    }
  }

  @Override
  public void releaseSnapshot(int disk) {
    try (Hold _ = state.hold("end a snapshot of the " + spec.object(), spec.object())) {
      if (qemu.daemon().isAlive()) {
        snapshots.release(disk);
      }
    }
  }

  @Override
  public Path consoleLog() {
    return qemu.console();
  }

  @Override
  public Console console() {
    return Console.attach(qemu, spec.start());
  }

  @Override
  public void shutdown() {
    try (Hold _ = state.hold("end the " + spec.object(), spec.object())) {
      if (qemu.daemon().isAlive()) {
        powerOff();
      }
      end();
    }
  }

  private void powerOff() {
    Optional<ProcessHandle> process = qemu.daemon().process();
    try (Agent agent = AgentConnection.connect(qemu.agent(), HELLO)) {
      agent.poweroff();
    } catch (MicaException silent) {
      return; // it is killed then
    }
    // QEMU removes its pid file first, and runs a little longer.
    boolean _ = Poll.until(POWER_OFF, () -> process.filter(ProcessHandle::isAlive).isEmpty());
  }

  @Override
  public void kill() {
    try (Hold _ = state.hold("end the " + spec.object(), spec.object())) {
      end();
    }
  }

  /** QEMU is ended first, because a guest that has lost its shares could hang on them. */
  private void end() {
    qemu.daemon().kill();
    carrier.end();
    shares.forgetAll();
    records.remove(spec.id());
  }
}
