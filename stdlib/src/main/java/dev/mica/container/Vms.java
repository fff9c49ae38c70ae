package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.commit.CommitLayers;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.folder.LayerSource;
import dev.mica.state.Hold;
import dev.mica.state.Lock;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import dev.mica.vm.Machine;
import dev.mica.vm.guest.ContainerInit;
import dev.mica.vm.guest.ContainerRuntime;
import dev.mica.vm.network.Carrier;
import dev.mica.vm.stream.Attachable;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The VMs of this host, each with a container. They outlive the process that makes them. */
public final class Vms {
  static final String CREATE = "create a VM";
  private static final String START = "start a VM";
  private static final String REMOVE = "remove a VM";
  private static final String COMMIT = "hold a moment of a VM";
  private static final int ID_BYTES = 6;

  private final Caller caller;
  private final StateDir state;
  private final Records records;
  private final CommitLayers layers;
  private final Optional<Commits> commits;

  /** Those that {@code state} keeps, whose commits are among {@code commits}. */
  public Vms(StateDir state, CommitLayers layers, Commits commits) {
    this(Caller.ofProcess(), state, layers, Optional.of(commits));
    endLeftovers();
  }

  /** The same for who makes no commits. */
  static Vms withoutCommits(StateDir state) {
    Vms vms = new Vms(Caller.ofProcess(), state, new CommitLayers(state), Optional.empty());
    vms.endLeftovers();
    return vms;
  }

  private void endLeftovers() {
    state.onLeftover(CREATE, recovery(Vms::object, this::recoverCreate));
    state.onLeftover(START, recovery(Vms::object, this::recoverStart));
    forks().endLeftovers();
    state.onLeftover(REMOVE, recovery(Vms::object, this::forget));
    state.onLeftover(COMMIT, recovery(Vms::commitObject, vm -> Moment.end(runner(vm))));
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

  /** The same as {@code caller} sees them, who may change what their role lets them. */
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

  void requireOperator(String doing, String name) {
    caller.require(Role.OPERATOR, doing, name);
  }

  static String object(String name) {
    return "VM " + name;
  }

  /** One commit of a VM at a time, beside which the VM can be used. */
  static String commitObject(String name) {
    return "commit of the VM " + name;
  }

  /** Checks the spec, makes its disk, records it. Nothing runs yet. */
  public Vm create(VmSpec asked) {
    return create(asked, List.of());
  }

  private Vm create(VmSpec asked, List<String> own) {
    String id = newId();
    String name = asked.name() != null ? asked.name() : "vm-" + id.substring(0, 6);
    caller.require(Role.OPERATOR, "create the VM", name);
    VmSpec spec = FromImage.filled(name, asked);
    NewVm.requireSound(name, spec);
    try (Lock lock = state.lock("create the VM " + name, object(name))) {
      if (records.find(name).isPresent()) {
        throw taken(name);
      }
      VmRecord vm = NewVm.record(state, name, id, spec, own);
      VmFiles files = VmFiles.of(state, id);
      return lock.run(
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
   * @return the spec with all that was not said, as it would be kept
   */
  VmSpec check(VmSpec asked, boolean start) {
    String name = asked.name() != null ? asked.name() : "";
    caller.require(Role.OPERATOR, "create the VM", name);
    VmSpec spec = FromImage.filled(name, asked);
    NewVm.requireSound(name, spec);
    if (find(name).isPresent()) {
      throw taken(name);
    }
    VmRecord vm = NewVm.record(state, name, newId(), spec, List.of());
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

  /** What was made for it goes, unless it came to be. */
  private void recoverCreate(VmRecord vm) {
    if (records.find(vm.name(), VmRecord::of).filter(is -> is.id().equals(vm.id())).isEmpty()) {
      VmFiles.of(state, vm.id()).remove();
    }
  }

  /** What a container needs of this host besides what a helper VM does. */
  public List<Machine.Part> parts() {
    return List.of(
        part("container runtime", ContainerRuntime.program(), ContainerRuntime.FIX),
        part("first process of containers", ContainerInit.program(), ContainerInit.FIX),
        part("disks of VMs", Disk.program(), Disk.FIX),
        part("system calls of containers", Seccomp.profile(), Seccomp.FIX),
        part("network of containers", Carrier.passt(), Carrier.FIX));
  }

  private static Machine.Part part(String name, Optional<Path> found, String fix) {
    return found
        .map(path -> new Machine.Part(name, true, false, path.toString(), ""))
        .orElseGet(() -> new Machine.Part(name, false, false, "it is not installed", fix));
  }

  /** All of them, by name. */
  public List<Vm> list() {
    return state.read(() ->
        records.all(VmRecord::of).readable().stream()
            .map(record -> new LiveVm(this, record))
            .collect(Collectors.toCollection(ArrayList<Vm>::new)));
  }

  /** Why each of the others cannot be listed: its record is damaged. */
  public List<MicaException> damaged() {
    return state.read(() -> records.all(VmRecord::of).damaged());
  }

  /** The one of that name. */
  public Optional<Vm> find(String name) {
    return state.read(() -> records.find(name, VmRecord::of)).map(vm -> new LiveVm(this, vm));
  }

  /** The one of that name; fails, naming the nearest, if there is none. */
  public Vm get(String name) {
    return new LiveVm(this, record(name));
  }

  VmRecord record(String name) {
    return state
        .read(() -> records.find(name, VmRecord::of))
        .orElseThrow(() -> MicaException.unknown("VM", name, records.names()));
  }

  /** Whether it is there still, and not another of its name. */
  boolean isThere(VmRecord vm) {
    return state.read(() -> find(vm)).isPresent();
  }

  private Optional<VmRecord> find(VmRecord vm) {
    return records.find(vm.name(), VmRecord::of).filter(is -> is.id().equals(vm.id()));
  }

  private void requireThere(String doing, VmRecord vm) {
    if (!isThere(vm)) {
      throw MicaException.failed(doing + " the VM", vm.name(), "it was removed");
    }
  }

  /** What it is at; of one that is there. */
  Runner runner(VmRecord vm) {
    return new Runner(state, vm);
  }

  void start(VmRecord vm) {
    start(vm, runner -> {});
  }

  Attachable startAttached(VmRecord vm) {
    AtomicReference<Attachable> attached = new AtomicReference<>();
    start(vm, runner -> attached.set(runner.attach(true)));
    return attached.get();
  }

  Commit commit(VmRecord vm, CommitSpec spec) {
    caller.require(Role.OPERATOR, "commit the VM", vm.name());
    spec.requireName(vm.name());
    return makeCommit(vm, layers.newId(), spec);
  }

  private Commit makeCommit(VmRecord vm, String id, CommitSpec spec) {
    String doing = ("commit " + spec.ref()).strip() + " from the VM " + vm.name();
    try (Lock lock = state.lock(doing, commitObject(vm.name()))) {
      requireThere("commit", vm);
      VmCommitter committer = new VmCommitter(state, layers, runner(vm));
      return lock.run(
          COMMIT,
          vm::toJson,
          () -> committer.commit(id, spec),
          () -> commits.orElseThrow().get(id));
    }
  }

  Diff diff(VmRecord vm) {
    caller.require(Role.OPERATOR, "diff the VM", vm.name());
    AtomicReference<@Nullable Diff> found = new AtomicReference<>();
    try (Lock lock = state.lock("diff the VM " + vm.name(), commitObject(vm.name()))) {
      requireThere("diff", vm);
      VmDiffer differ = new VmDiffer(state, layers, runner(vm));
      return lock.run(
          COMMIT,
          vm::toJson,
          () -> found.set(differ.diff()),
          () -> Optional.ofNullable(found.get()).orElseThrow());
    }
  }

  /** Another VM from what that one has changed by now, which runs if that one does. */
  Vm fork(VmRecord vm, String other) {
    caller.require(Role.OPERATOR, "fork the VM", vm.name());
    NewVm.requireName(other);
    if (find(other).isPresent()) {
      throw taken(other);
    }
    boolean up = runner(vm).isUp();
    Vm made =
        forks()
            .make(
                vm,
                other,
                id -> makeCommit(vm, id, CommitSpec.UNNAMED),
                (from, own) -> create(forked(vm, other, from), own));
    return up ? made.start() : made;
  }

  private VmSpec forked(VmRecord vm, String other, LayerSource from) {
    return VmSpec.of(other, from)
        .program(vm.program())
        .environment(vm.environment())
        .user(vm.user())
        .folder(vm.folder())
        .terminal(vm.terminal())
        .input(vm.input())
        .memory(vm.memory())
        .processors(vm.processors())
        .disk(runner(vm).diskSize())
        .labels(vm.labels())
        .network(vm.network().withFreePorts())
        .shares(vm.shares().stream().map(share -> share.asSeenBy(caller)).toList())
        .init(vm.init())
        .restart(vm.restart())
        .remove(vm.remove())
        .build();
  }

  private static MicaException taken(String name) {
    return MicaException.failed("create the VM", name, "there is one of that name")
        .hint("give it another name, or remove that one");
  }

  /**
   * Starts it. Whoever finds a start that was cut short ends what it had begun.
   *
   * @param ready runs right before its program does
   */
  void start(VmRecord vm, Consumer<Runner> ready) {
    caller.require(Role.OPERATOR, "start the VM", vm.name());
    try (Lock lock = state.lock("start the VM " + vm.name(), object(vm.name()))) {
      requireThere("start", vm);
      Runner runner = runner(vm);
      if (runner.isUp()) {
        throw MicaException.failed("start the VM", vm.name(), "it is " + runner.status());
      }
      VmRecord _ =
          lock.run(
              START,
              vm::toJson,
              () -> runner.start(Restarts.NONE, () -> ready.accept(runner)),
              () -> vm);
    }
  }

  /**
   * Starts it once more, unless it was started, stopped or removed since it ended so.
   *
   * @param end how it ended; empty: it was tried before, and is not up for that
   * @param restarts with this one
   */
  void startAgain(VmRecord vm, Optional<VmFiles.End> end, Restarts restarts) {
    String name = vm.name();
    try (Lock lock = state.lock("start the VM " + name + " again", object(name))) {
      Runner runner = runner(vm);
      if (!isThere(vm) || !runner.isToStartAgain(end)) {
        return;
      }
      try {
        runner.awaitShutdown();
        VmRecord _ = lock.run(START, vm::toJson, () -> runner.start(restarts, () -> {}), () -> vm);
      } catch (MicaException failure) {
        runner.restarting().keep(restarts);
        runner.restarting().keepTrouble(failure);
        throw failure;
      }
    }
  }

  /** Its program runs, and all that was left to do is to say so; or it goes. */
  private void recoverStart(VmRecord vm) {
    Runner runner = runner(vm);
    if (!runner.wasStarted()) {
      runner.forgetRun();
    }
  }

  Attachable attach(VmRecord vm) {
    caller.require(Role.OPERATOR, "attach to the VM", vm.name());
    requireThere("attach to", vm);
    return runner(vm).attach(false);
  }

  int await(VmRecord vm) {
    requireThere("wait for", vm);
    Runner runner = runner(vm);
    Optional<Integer> status = runner.await();
    if (status.isEmpty()) {
      requireThere("wait for", vm);
      throw MicaException.failed("wait for the VM", vm.name(), "it is " + runner.status());
    }
    return status.get();
  }

  void stop(VmRecord vm, Duration patience) {
    end("stop", vm, runner -> runner.stop(patience));
  }

  void kill(VmRecord vm) {
    end("kill", vm, Runner::kill);
  }

  /** One that is to be removed then is, before anybody else has it. */
  private void end(String doing, VmRecord vm, Consumer<Runner> how) {
    caller.require(Role.OPERATOR, doing + " the VM", vm.name());
    try (Hold _ = state.hold(doing + " the VM " + vm.name(), object(vm.name()))) {
      if (isThere(vm)) {
        Runner runner = runner(vm);
        runner.endRestarts();
        how.accept(runner);
        if (vm.remove()) {
          removeEnded(vm);
        }
      }
    }
  }

  /** In one go: nobody removes one between that is to be removed when its program has ended. */
  void restart(VmRecord vm, Duration patience) {
    change(
        "restart",
        vm,
        runner -> {
          runner.endRestarts();
          runner.stop(patience);
          start(vm);
        });
  }

  void pause(VmRecord vm) {
    change("pause", vm, Runner::pause);
  }

  void resume(VmRecord vm) {
    change("resume", vm, Runner::resume);
  }

  Attachable open(VmRecord vm, ExecSpec spec) {
    String doing = "run a program in";
    caller.require(Role.OPERATOR, doing + " the VM", vm.name());
    if (spec.program().isEmpty() || spec.program().getFirst().isEmpty()) {
      throw MicaException.usage(doing + " the VM", vm.name(), "it does not say which")
          .hint("name a program and its arguments, after --");
    }
    if (spec.user() != null) {
      Users.requireSound(doing + " the VM", vm.name(), spec.user());
    }
    if (spec.folder() != null && !spec.folder().startsWith("/")) {
      throw MicaException.usage(
          doing + " the VM", vm.name(), "the working folder " + spec.folder() + " is not absolute");
    }
    try (Hold _ = state.hold(doing + " the VM " + vm.name(), object(vm.name()))) {
      requireThere(doing, vm);
      return new Exec(runner(vm)).start(spec);
    }
  }

  /** Starts a process that copies. */
  Attachable copy(String doing, VmRecord vm, Function<Exec, Attachable> how) {
    caller.require(Role.OPERATOR, doing + " the VM", vm.name());
    try (Hold _ = state.hold(doing + " the VM " + vm.name(), object(vm.name()))) {
      requireThere(doing, vm);
      return how.apply(new Exec(runner(vm)));
    }
  }

  /** A new file among those of the VM, which nobody else sees. */
  Path spool(VmRecord vm) {
    return VmFiles.of(state, vm.id()).directory().resolve("copy-" + newId() + ".tar");
  }

  private void change(String doing, VmRecord vm, Consumer<Runner> how) {
    caller.require(Role.OPERATOR, doing + " the VM", vm.name());
    try (Hold _ = state.hold(doing + " the VM " + vm.name(), object(vm.name()))) {
      requireThere(doing, vm);
      how.accept(runner(vm));
    }
  }

  void remove(VmRecord vm) {
    caller.require(Role.OPERATOR, "remove the VM", vm.name());
    removeEnded(vm);
  }

  /**
   * What its monitor has run at its end: another of that name is none of its business. It is
   * removed if it is to be; else it is returned if it may have to be started again.
   */
  Optional<VmRecord> ended(String name, String id) {
    try (Hold _ = state.hold("see to the VM " + name + ", which has ended", object(name))) {
      Optional<VmRecord> vm =
          state
              .read(() -> records.find(name, VmRecord::of))
              .filter(is -> is.id().equals(id) && !runner(is).isUp());
      vm.filter(VmRecord::remove).ifPresent(this::removeEnded);
      return vm.filter(is -> is.restart().isOn());
    }
  }

  private void removeEnded(VmRecord vm) {
    String doing = "remove the VM " + vm.name();
    try (Lock lock = state.lock(doing, object(vm.name()))) {
      if (!isThere(vm)) {
        return;
      }
      Runner runner = runner(vm);
      if (runner.isUp() || runner.state() == Vm.State.RESTARTING) {
        throw MicaException.failed("remove the VM", vm.name(), "it is " + runner.status())
            .hint("stop it first");
      }
      VmRecord _ =
          lock.reclaim(
              REMOVE,
              vm.toJson(),
              () -> {
                forget(vm);
                return vm;
              });
    }
  }

  private void forget(VmRecord vm) {
    runner(vm).clear();
    VmFiles.of(state, vm.id()).remove();
    if (find(vm).isPresent()) {
      records.remove(vm.name());
    }
    forks().dropOwn(vm);
  }
}
