package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.folder.LayerSource;
import dev.mica.state.Hold;
import dev.mica.state.Lock;
import dev.mica.state.Records;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import dev.mica.vm.Machine;
import dev.mica.vm.guest.ContainerRuntime;
import dev.mica.vm.stream.Attachable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The VMs of this host, each with a container. They outlive the process that makes them. */
public final class Vms {
  private static final String CREATE = "create a VM";
  private static final String REMOVE = "remove a VM";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  private static final Pattern MEMORY = Pattern.compile("MemTotal: +(\\d{1,15}) kB");
  private static final int ID_BYTES = 6;
  private static final long LEAST_MEMORY = 128L << 20;
  private static final long LEAST_DISK = 16L << 20;
  private static final int MOST_LOWERS = 50;

  private final Caller caller;
  private final StateDir state;
  private final Records records;

  /** Those that {@code state} keeps. */
  public Vms(StateDir state) {
    this(Caller.ofProcess(), state);
    state.onLeftover(
        CREATE,
        Recovery.of(
            facts -> VmRecord.of(facts.required("name").asString(), facts),
            vm -> List.of(object(vm.name())),
            this::recoverCreate));
    state.onLeftover(
        REMOVE,
        Recovery.of(
            facts -> VmRecord.of(facts.required("name").asString(), facts),
            vm -> List.of(object(vm.name())),
            this::forget));
  }

  /** The same as {@code caller} sees them, who may change what their role lets them. */
  public Vms(Caller caller, Vms same) {
    this(caller, same.state);
  }

  private Vms(Caller caller, StateDir state) {
    this.caller = caller;
    this.state = state;
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

  private static String object(String name) {
    return "VM " + name;
  }

  /** Checks the spec, makes its disk, records it. Nothing runs yet. */
  public Vm create(VmSpec asked) {
    String id = newId();
    String name = asked.name() != null ? asked.name() : "vm-" + id.substring(0, 6);
    caller.require(Role.OPERATOR, "create the VM", name);
    VmSpec spec = FromImage.filled(name, asked);
    requireSound(name, spec);
    try (Lock lock = state.lock("create the VM " + name, object(name))) {
      if (records.find(name).isPresent()) {
        throw MicaException.failed("create the VM", name, "there is one of that name")
            .hint("give it another name, or remove that one");
      }
      VmRecord vm = record(name, id, spec);
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

  private static String newId() {
    byte[] bytes = new byte[ID_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static void requireSound(String name, VmSpec spec) {
    if (!NAME.matcher(name).matches()) {
      throw refuse(
          name,
          "a name is 1 to 63 letters, digits, '.', '_' or '-', and begins with one of the first"
              + " two");
    }
    if (spec.program().isEmpty() || spec.program().getFirst().isEmpty()) {
      throw refuse(name, "it does not say what to run")
          .hint("name a program and its arguments, after --");
    }
    if (spec.memory() < LEAST_MEMORY) {
      throw refuse(name, "a VM needs 128 MiB of memory");
    }
    long most = hostMemory();
    if (spec.memory() > most) {
      throw MicaException.failed(
          "create the VM", name, "this host has " + (most >> 20) + " MiB of memory");
    }
    if (spec.disk() < LEAST_DISK) {
      throw refuse(name, "its disk needs 16 MiB");
    }
    int processors = Runtime.getRuntime().availableProcessors();
    if (spec.processors() < 1 || spec.processors() > processors) {
      throw refuse(name, "it can have 1 to " + processors + " processors on this host");
    }
    if (!spec.user().matches("\\d{1,9}(:\\d{1,9})?")) {
      throw refuse(name, "its user is a number, or two with ':' between");
    }
    if (!spec.folder().startsWith("/")) {
      throw refuse(name, "the working folder " + spec.folder() + " is not absolute");
    }
    for (String variable : spec.environment().keySet()) {
      if (variable.isEmpty() || variable.contains("=")) {
        throw refuse(name, "'" + variable + "' is no name of a variable");
      }
    }
  }

  /** All of it, in use or not; no limit where the kernel does not tell. */
  private static long hostMemory() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
      return lines
          .map(MEMORY::matcher)
          .filter(Matcher::matches)
          .map(line -> Long.parseLong(line.group(1)) << 10)
          .findFirst()
          .orElse(Long.MAX_VALUE);
    } catch (IOException untold) {
      return Long.MAX_VALUE;
    }
  }

  private static MicaException refuse(String name, String why) {
    return MicaException.usage("create the VM", name, why);
  }

  private static VmRecord record(String name, String id, VmSpec spec) {
    LayerSource from = spec.from();
    List<Path> lowers = from.layers().stream().map(Path::toAbsolutePath).toList();
    if (lowers.size() > MOST_LOWERS) {
      throw MicaException.failed(
          "create the VM", name, from.label() + " has " + lowers.size() + " layers, of at most 50");
    }
    List<Identity> is = new ArrayList<>();
    for (Path lower : lowers) {
      try (OpenDirectory open = OpenDirectory.of(lower)) {
        is.add(open.identity());
      }
    }
    return new VmRecord(
        name,
        id,
        from.label(),
        lowers,
        is,
        spec.program(),
        spec.environment(),
        spec.user(),
        spec.folder(),
        spec.terminal(),
        spec.input(),
        spec.memory(),
        spec.processors(),
        spec.labels(),
        Clock.systemUTC().instant());
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
        part("disks of VMs", Disk.program(), Disk.FIX),
        part("system calls of containers", Seccomp.profile(), Seccomp.FIX));
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
    return new LiveVm(this, require(name));
  }

  VmRecord require(String name) {
    return state
        .read(() -> records.find(name, VmRecord::of))
        .orElseThrow(() -> MicaException.unknown("VM", name, records.names()));
  }

  Runner runner(VmRecord vm) {
    return new Runner(state, vm);
  }

  void start(String name) {
    change("start", name, runner -> start(name, runner, () -> {}));
  }

  Attachable startAttached(String name) {
    AtomicReference<Attachable> attached = new AtomicReference<>();
    change("start", name, runner -> start(name, runner, () -> attached.set(runner.attach(true))));
    return attached.get();
  }

  private static void start(String name, Runner runner, Runnable ready) {
    if (runner.isUp()) {
      throw MicaException.failed("start the VM", name, "it is " + runner.status());
    }
    runner.start(ready);
  }

  Attachable attach(String name) {
    caller.require(Role.OPERATOR, "attach to the VM", name);
    return runner(require(name)).attach(false);
  }

  void stop(String name, Duration patience) {
    change("stop", name, runner -> runner.stop(patience));
  }

  void kill(String name) {
    change("kill", name, Runner::kill);
  }

  void pause(String name) {
    change("pause", name, Runner::pause);
  }

  void resume(String name) {
    change("resume", name, Runner::resume);
  }

  Attachable open(String name, ExecSpec spec) {
    String doing = "run a program in the VM";
    caller.require(Role.OPERATOR, doing, name);
    if (spec.program().isEmpty() || spec.program().getFirst().isEmpty()) {
      throw MicaException.usage(doing, name, "it does not say which")
          .hint("name a program and its arguments, after --");
    }
    try (Hold _ = state.hold(doing + " " + name, object(name))) {
      return new Exec(runner(require(name))).start(spec);
    }
  }

  private void change(String doing, String name, Consumer<Runner> how) {
    caller.require(Role.OPERATOR, doing + " the VM", name);
    try (Hold _ = state.hold(doing + " the VM " + name, object(name))) {
      how.accept(runner(require(name)));
    }
  }

  void remove(String name) {
    caller.require(Role.OPERATOR, "remove the VM", name);
    try (Lock lock = state.lock("remove the VM " + name, object(name))) {
      VmRecord vm = require(name);
      Runner runner = runner(vm);
      if (runner.isUp()) {
        throw MicaException.failed("remove the VM", name, "it is " + runner.status())
            .hint("stop it first");
      }
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
    records.remove(vm.name());
  }
}
