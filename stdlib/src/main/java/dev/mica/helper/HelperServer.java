package dev.mica.helper;

import dev.mica.access.Caller;
import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.Hold;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import dev.mica.union.Helper;
import dev.mica.union.Refusal;
import dev.mica.vm.Machine;
import dev.mica.vm.MachineSpec;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.qemu.Ports;
import dev.mica.vm.share.FileServer;
import dev.mica.vm.share.Share;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Serves unions by the helper VM. Each has a record, which is written before anything is done for
 * it. Everything else is looked up in the running system, so that any process can go on where
 * another one died.
 */
public final class HelperServer implements Helper {
  /** What an upper must be able to do. */
  private static final Set<String> NEEDED = Set.of("link", "trusted", "whiteout", "xattr");

  private final StateDir state;
  private final Machine machine;
  private final Records records;

  /** Serves them by the helper VM of that state directory. */
  public HelperServer(StateDir state) {
    this(state, Machine.of(state, MachineSpec.HELPER));
  }

  HelperServer(StateDir state, Machine machine) {
    this.state = state;
    this.machine = machine;
    this.records = state.records("helper");
  }

  /** The VM itself, as {@code caller} sees it. */
  public HelperVm vm(Caller caller) {
    return new HelperVm(caller, state, machine, records);
  }

  @Override
  public Optional<Refusal> refusal() {
    return machine.refusal().map(Refusal::of);
  }

  @Override
  public void start() {
    machine.boot(HelperVm.IDLE);
  }

  @Override
  public void mount(Served union) {
    String text = "serve the union " + union.name();
    try (Activity serve = Activity.begin(text, OptionalLong.empty(), Activity.Work.NONE);
        LockedState _ = state.lock(text);
        Hold _ = state.hold(text, Machine.HELPER)) {
      HelperRecord record = HelperRecord.of(union, freePort());
      records.put(union.name(), record.toJson());
      if (machine.status().state() != Machine.State.RUNNING) {
        machine.boot(HelperVm.IDLE);
      }
      try (Agent agent = machine.agent()) {
        bring(agent, union, record, serve);
      }
    }
  }

  /** The guest works on each thing while the host prepares the next. */
  private void bring(Agent agent, Served union, HelperRecord record, Activity told) {
    List<Share> shares = new ArrayList<>();
    List<Agent.Answer<Agent.Probe>> mounted = new ArrayList<>();
    for (OpenDirectory folder : union.folders()) {
      told.step("start the file server of " + folder.openedBy());
      Share share = machine.plugShare(folder, folder != union.shared());
      shares.add(share);
      mounted.add(mount(agent, share));
    }
    records.put(union.name(), record.with(shares).toJson());
    told.step("mount its folders in the helper VM");
    Path socket = machine.plugPort(record.port());
    for (int i = 0; i < shares.size(); i++) {
      Agent.Probe probe = mounted.get(i).await();
      if (!shares.get(i).readOnly()) {
        requireUpper(shares.get(i).folder(), probe);
      }
    }
    told.step("mount it in the helper VM");
    union(agent, record, shares);
    told.step("bring it back to this host");
    Agent.Answer<?> exported = agent.exportFuse(record.name(), record.port(), files(shares));
    try {
      relay(union.name()).start(union, socket, machine.status().pid(), shares);
    } catch (MicaException late) {
      exported.await(); // if that failed, it says why
      throw late;
    }
    exported.await();
  }

  /** The guest calls a share by its tag. */
  private static Agent.Answer<Agent.Probe> mount(Agent agent, Share share) {
    return share.readOnly()
        ? agent.mountShare(share.tag(), share.tag(), true)
        : agent.mountShare(share.tag(), share.tag(), NEEDED);
  }

  private static void union(Agent agent, HelperRecord union, List<Share> shares) {
    List<Path> places = shares.stream().map(share -> Path.of(share.tag())).toList();
    if (union.shared() == null) {
      agent.union(union.name(), places, null, null);
      return;
    }
    Path shared = places.getFirst();
    List<Path> lowers = places.subList(1, places.size());
    agent.union(union.name(), lowers, shared.resolve("upper"), shared.resolve("work"));
  }

  /**
   * To be called when the shares are mounted: only then do their servers have the limit that they
   * set.
   */
  private static long files(List<Share> shares) {
    return shares.stream()
        .mapToLong(share -> FileServer.openFiles(share.pid()))
        .min()
        .orElseThrow();
  }

  /** If a share lost a mark without an error, the upper would mean something else. */
  private static void requireUpper(Path folder, Agent.Probe probe) {
    TreeSet<String> missing = new TreeSet<>(NEEDED);
    missing.removeAll(probe.can());
    if (!missing.isEmpty()) {
      throw MicaException.failed(
              "have an upper in",
              folder,
              "as the helper VM sees it, it has no " + String.join(", ", missing))
          .hint("take an upper on another file system");
    }
  }

  private String freePort() {
    List<String> taken = all().stream().map(HelperRecord::port).toList();
    for (int i = 0; i < Ports.MOST; i++) {
      String port = "dev.mica.export." + i;
      if (!taken.contains(port)) {
        return port;
      }
    }
    throw MicaException.failed(
        "serve", "another union", "the helper VM serves " + Ports.MOST + " already");
  }

  @Override
  public void flush(String name) {
    try (Hold _ = state.hold("flush the union " + name, Machine.HELPER);
        Agent agent = machine.agent()) {
      agent.sync(name);
    }
  }

  @Override
  public void clear(String name) {
    String text = "end serving the union " + name;
    try (LockedState _ = state.lock(text);
        Hold _ = state.hold(text, Machine.HELPER)) {
      relay(name).stop();
      Optional<HelperRecord> record = record(name);
      if (record.isPresent()) {
        take(record.get());
        records.remove(name);
      }
    }
  }

  /** After this, nothing in the guest can write to the union's upper any more. */
  private void take(HelperRecord union) {
    if (machine.status().state() != Machine.State.RUNNING) {
      machine.kill(); // its remains serve nobody
      return;
    }
    try (Agent agent = machine.agent()) {
      take(agent, union);
    } catch (MicaException wedged) {
      machine.kill(); // other unions that it served are dead as well, and can be remounted
    }
  }

  private void take(Agent agent, HelperRecord union) {
    // One that stands still would hold the guest as long as it does; it is ended like one that
    // ended.
    List<Share> alive =
        machine.shares().stream().filter(share -> !FileServer.isStopped(share.pid())).toList();
    SortedSet<String> tags = tags(union, alive);
    boolean whole = alive.stream().map(Share::tag).toList().containsAll(tags);
    tags.removeIf(tag -> isUsedByAnother(tag, union));
    if (whole) {
      release(agent, union, tags);
    } else {
      abandon(agent, union, tags);
    }
  }

  private void release(Agent agent, HelperRecord union, SortedSet<String> tags) {
    agent.unexport(union.name());
    agent.unmount(union.name());
    machine.unplugPort(union.port());
    for (String tag : tags) {
      agent.unmountShare(tag, machine.device(tag));
      machine.unplugShare(tag);
    }
  }

  /**
   * Gives up a union if one of its file servers is gone. Its other file servers are ended first, so
   * that nothing is written to a folder any more.
   */
  private void abandon(Agent agent, HelperRecord union, SortedSet<String> tags) {
    tags.forEach(machine::abandonShare);
    agent.abandonUnion(union.name());
    tags.forEach(agent::abandonShare);
    machine.unplugPort(union.port());
  }

  /** The shares that it noted, and those that were plugged in for it before it could note them. */
  private static SortedSet<String> tags(HelperRecord union, List<Share> alive) {
    SortedSet<String> tags = new TreeSet<>(union.tags());
    alive.stream()
        .filter(share -> union.uses(Identity.of(share.identity())))
        .forEach(share -> tags.add(share.tag()));
    return tags;
  }

  private boolean isUsedByAnother(String tag, HelperRecord union) {
    return all().stream()
        .anyMatch(other -> !other.name().equals(union.name()) && other.tags().contains(tag));
  }

  @Override
  public Optional<String> problem(String name) {
    return switch (machine.status().state()) {
      case NONE -> Optional.of("the helper VM has ended");
      case STUCK -> Optional.of("the helper VM does not answer");
      case PAUSED -> Optional.of("the helper VM stands still");
      case RUNNING -> record(name).flatMap(this::loss);
    };
  }

  private Optional<String> loss(HelperRecord union) {
    Map<String, Share> served =
        machine.shares().stream().collect(Collectors.toMap(Share::tag, share -> share));
    for (int i = 0; i < union.tags().size(); i++) {
      Share share = served.get(union.tags().get(i));
      if (share == null || FileServer.isStopped(share.pid())) {
        return Optional.of(
            "the file server of "
                + union.folders().get(i)
                + (share == null ? " has ended" : " stands still"));
      }
    }
    return relay(union.name()).problem();
  }

  private Relay relay(String name) {
    return new Relay(state.path().resolve("relays"), name);
  }

  private List<HelperRecord> all() {
    return records.names().stream().map(this::record).flatMap(Optional::stream).toList();
  }

  private Optional<HelperRecord> record(String name) {
    return records.find(name, (named, json) -> HelperRecord.of(json));
  }
}
