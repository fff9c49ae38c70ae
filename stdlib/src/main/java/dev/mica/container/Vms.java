package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.CommitLayers;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.state.Hold;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** The VMs of this host, each with a container. They outlive the process that makes them. */
public final class Vms {
  static final String CREATE = "create a VM";
  private static final int ID_BYTES = 6;

  private final Caller caller;
  private final StateDir state;
  private final Records records;
  private final CommitLayers layers;
  private final Optional<Commits> commits;

  /** The VMs of {@code state}, whose commits are among {@code commits}. */
  public Vms(StateDir state, CommitLayers layers, Commits commits) {
    this(Caller.ofProcess(), state, layers, Optional.of(commits));
    endLeftovers();
  }

  /** The same for callers that make no commits. */
  static Vms withoutCommits(StateDir state) {
    Vms vms = new Vms(Caller.ofProcess(), state, new CommitLayers(state), Optional.empty());
    vms.endLeftovers();
    return vms;
  }

  private void endLeftovers() {
    state.onLeftover(CREATE, recovery(Vms::object, this::recoverCreate));
    state.onLeftover(VmLife.START, recovery(Vms::object, vm -> life(vm).recoverStart()));
    forks().endLeftovers();
    state.onLeftover(VmLife.REMOVE, recovery(Vms::object, vm -> life(vm).forget()));
    state.onLeftover(VmMoments.HOLD, recovery(VmMoments::object, vm -> Moment.end(runner(vm))));
  }

  private Forks forks() {
    return new Forks(state, layers);
  }

  private static Recovery<VmRecord> recovery(
      UnaryOperator<String> object, Consumer<VmRecord> recover) {
    return Recovery.of(
        facts -> VmRecord.of(facts.required("name").asString(), facts),
        vm -> List.of(object.apply(vm.name())),
        recover);
  }

  /** The same VMs for {@code caller}, who may change what the caller's role allows. */
  public Vms(Caller caller, Vms same) {
    this(
        caller, same.state, same.layers, same.commits.map(commits -> new Commits(caller, commits)));
  }

  private Vms(Caller caller, StateDir state, CommitLayers layers, Optional<Commits> commits) {
    this.caller = caller;
    this.state = state;
    this.layers = layers;
    this.commits = commits;
    this.records = records(state);
  }

  static Records records(StateDir state) {
    return state.records("vms");
  }

  Caller caller() {
    return caller;
  }

  <T> T change(String doing, String name, Supplier<T> body) {
    return caller.change(Role.OPERATOR, doing, name, body);
  }

  static String object(String name) {
    return "VM " + name;
  }

  /** Checks the spec, makes the VM's disk and records the VM. Nothing runs yet. */
  public Vm create(VmSpec asked) {
    return create(asked, List.of());
  }

  /**
   * The same.
   *
   * @param own the commits that were made for this VM, the topmost first
   */
  Vm create(VmSpec asked, List<String> own) {
    String id = newId();
    String name = asked.name() != null ? asked.name() : "vm-" + id.substring(0, 6);
    return change("create the VM", name, () -> create(asked, own, id, name));
  }

  private Vm create(VmSpec asked, List<String> own, String id, String name) {
    VmSpec spec = FromImage.filled(name, asked);
    NewVm.requireSound(name, spec);
    try (LockedState locked = state.lock("create the VM " + name, object(name))) {
      if (records.find(name).isPresent()) {
        throw taken(name);
      }
      VmRecord vm = NewVm.record(caller, state, name, id, spec, own);
      VmFiles files = VmFiles.of(state, id);
      return locked.run(
          CREATE,
          vm::toJson,
          () -> {
            Path _ = state.makeDirectory(VmFiles.relative(id));
            new Disk(files.disk()).make(spec.disk());
          },
          () -> {
            records.put(name, vm.toJson());
            return new LiveVm(this, vm);
          });
    }
  }

  /**
   * Checks a VM as {@link #create} does, and as {@link Vm#start} does before it begins. Nothing is
   * made.
   *
   * @param start whether it is to be started, too
   * @return the spec as it would be kept, with the default values
   */
  VmSpec check(VmSpec asked, boolean start) {
    String name = asked.name() != null ? asked.name() : "";
    caller.require(Role.OPERATOR, "create the VM", name);
    VmSpec spec = FromImage.filled(name, asked);
    NewVm.requireSound(name, spec);
    requireFree(name);
    VmRecord vm = NewVm.record(caller, state, name, newId(), spec, List.of());
    Disk.requireProgram();
    if (start) {
      runner(vm).requireParts();
      List<Port> _ = HostPorts.choose(spec.network().ports());
    }
    return spec;
  }

  static String newId() {
    byte[] bytes = new byte[ID_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** Removes what was made for the VM, unless the VM exists. */
  private void recoverCreate(VmRecord vm) {
    if (records.find(vm.name(), VmRecord::of).filter(is -> is.id().equals(vm.id())).isEmpty()) {
      VmFiles.of(state, vm.id()).remove();
    }
  }

  /** All VMs, ordered by name. */
  public List<Vm> list() {
    return state.read(() ->
        records.all(VmRecord::of).readable().stream()
            .map(record -> new LiveVm(this, record))
            .collect(Collectors.toCollection(ArrayList<Vm>::new)));
  }

  /** Why each of the others cannot be listed: the record is damaged. */
  public List<MicaException> damaged() {
    return state.read(() -> records.all(VmRecord::of).damaged());
  }

  /** The VM of that name. */
  public Optional<Vm> find(String name) {
    return state.read(() -> records.find(name, VmRecord::of)).map(vm -> new LiveVm(this, vm));
  }

  /** The VM of that name. If there is none, it fails and names the most similar one. */
  public Vm get(String name) {
    return new LiveVm(this, record(name));
  }

  VmRecord record(String name) {
    return state
        .read(() -> records.find(name, VmRecord::of))
        .orElseThrow(() -> MicaException.unknown("VM", name, records.names()));
  }

  /** Whether this VM still exists, and not another one of its name. */
  boolean isThere(VmRecord vm) {
    return state.read(() -> find(vm)).isPresent();
  }

  private Optional<VmRecord> find(VmRecord vm) {
    return records.find(vm.name(), VmRecord::of).filter(is -> is.id().equals(vm.id()));
  }

  /** The state of a VM that exists. */
  Runner runner(VmRecord vm) {
    return new Runner(state, vm);
  }

  VmLife life(VmRecord vm) {
    return new VmLife(this, state, vm);
  }

  VmMoments moments(VmRecord vm) {
    return new VmMoments(this, state, layers, commits, vm);
  }

  /** Fails if there is a VM of that name. */
  void requireFree(String name) {
    if (find(name).isPresent()) {
      throw taken(name);
    }
  }

  private static MicaException taken(String name) {
    return MicaException.failed("create the VM", name, "there is one of that name")
        .hint("give it another name, or remove that one");
  }

  /**
   * Called by the monitor's hook at the end of a VM, and only for that VM, not for another of the
   * same name. If it is to be removed, it is removed. Otherwise it is returned if it may have to be
   * started again.
   */
  Optional<VmRecord> ended(String name, String id) {
    try (Hold _ = state.hold("see to the VM " + name + ", which has ended", object(name))) {
      Optional<VmRecord> vm =
          state
              .read(() -> records.find(name, VmRecord::of))
              .filter(is -> is.id().equals(id) && !runner(is).status().isUp());
      vm.filter(VmRecord::remove).ifPresent(is -> life(is).removeEnded());
      return vm.filter(is -> is.restart().isOn());
    }
  }

  /**
   * Removes its record, if it is still the record of this VM, and the commits that were made for
   * it.
   */
  void forget(VmRecord vm) {
    if (find(vm).isPresent()) {
      records.remove(vm.name());
    }
    forks().dropOwn(vm);
  }
}
