package dev.mica.vm;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.StateDir;
import dev.mica.vm.agent.AgentConnection;
import dev.mica.vm.guest.ContainerRuntime;
import dev.mica.vm.guest.Kernel;
import dev.mica.vm.guest.Kernels;
import dev.mica.vm.guest.Profile;
import dev.mica.vm.process.LogTail;
import dev.mica.vm.process.Program;
import dev.mica.vm.process.SmallFile;
import dev.mica.vm.qemu.Accel;
import dev.mica.vm.qemu.Boot;
import dev.mica.vm.qemu.Qemu;
import dev.mica.vm.qemu.Template;
import dev.mica.vm.share.FileServer;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a guest: finds its parts, keeps what was made from them, and makes sure that it answers.
 */
final class Starter {
  /**
   * The settings of a start.
   *
   * @param deadline a boot that takes longer counts as hanging
   * @param extra more options for the kernel
   * @param templates whether guests are saved and restored
   */
  record Settings(
      Map<String, String> environment,
      Path root,
      Duration deadline,
      String extra,
      boolean templates) {
    /** Ten times what it takes on a quiet machine, so that a busy one does not count as hanging. */
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    static Settings of(Map<String, String> environment) {
      return new Settings(environment, Path.of("/"), DEADLINE, "", true);
    }
  }

  /** Loaded only when there is something to log, which is rare. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(Starter.class);
  }

  private static final String QEMU_FIX = "apt install qemu-system-x86";
  private static final String KERNEL_FIX =
      "apt install linux-image-cloud-amd64, or name one in MICA_KERNEL";

  /** The guest that was started, and how. */
  record Started(Machine.Start how, Accel accel, Kernel kernel) {}

  /** A warm start takes a fraction of a second; one that takes this long is broken. */
  private static final Duration WARM = Duration.ofSeconds(10);

  private static final Duration LAST_WORDS = Duration.ofSeconds(5);
  private static final Duration PROBE = Duration.ofSeconds(15);

  private final StateDir state;
  private final MachineSpec spec;
  private final Settings settings;
  private final Kernels kernels;
  private final BootFiles files;

  Starter(StateDir state, MachineSpec spec, Settings settings) {
    this.state = state;
    this.spec = spec;
    this.settings = settings;
    this.kernels = new Kernels(settings.environment(), settings.root(), cache().resolve("kernel"));
    this.files = new BootFiles(cache());
  }

  private Path cache() {
    return state.path().resolve("cache");
  }

  Kernels kernels() {
    return kernels;
  }

  static Optional<Path> program() {
    return Program.find("qemu-system-x86_64");
  }

  /** Why no guest can be started on this host. */
  Optional<MicaException> refusal() {
    if (program().isEmpty()) {
      return Optional.of(
          MicaException.failed("find the program", "qemu-system-x86_64", "it is not installed")
              .hint(QEMU_FIX));
    }
    return Stream.of(
            kernels.refusal(),
            FileServer.refusal(settings.environment()),
            spec.profile().hasRuntime()
                ? ContainerRuntime.refusal()
                : Optional.<MicaException>empty(),
            privilege())
        .flatMap(Optional::stream)
        .findFirst();
  }

  private Optional<MicaException> privilege() {
    String what = spec.profile() == Profile.HELPER ? "helper VM" : "VM";
    return System.getProperty("user.name").equals("root")
        ? Optional.empty()
        : Optional.of(
            MicaException.denied("share folders with", "a " + what, "only root may")
                .hint("run as root"));
  }

  /**
   * Starts a guest in that QEMU. It is restored if there is a good template, and booted otherwise.
   *
   * @param told gets each step
   */
  Started start(Qemu qemu, Duration idle, Activity told) {
    refusal()
        .ifPresent(no -> {
          throw no;
        });
    told.step("find a kernel");
    Kernel kernel = kernels.get();
    Path initramfs = files.initramfs(kernel, spec.profile());
    told.step("try its kernel with KVM");
    Accel accel = accel(kernel, initramfs);
    told.step("take it from its template");
    Boot boot = boot(accel.kind(), files.image(kernel, accel.kind()), initramfs, spec.disks());
    Template template = files.template(boot);
    if (settings.templates() && template.exists() && isRestored(qemu, boot, template, idle)) {
      return new Started(Machine.Start.WARM, accel, kernel);
    }
    told.step("boot its kernel");
    bootTwice(qemu, boot);
    told.step("load its modules");
    boolean hasModules;
    try (AgentConnection agent = AgentConnection.connect(qemu.agent(), WARM)) {
      agent.idle(idle);
      hasModules = settings.templates() && hasAllModules(agent);
    }
    if (hasModules) {
      told.step("keep it for the next start");
      save(qemu, template);
    }
    return new Started(Machine.Start.COLD, accel, kernel);
  }

  private Boot boot(Accel.Kind accel, Path image, Path initramfs, List<Path> disks) {
    return new Boot(
        program().orElseThrow(),
        accel,
        image,
        initramfs,
        spec.profile(),
        settings.extra(),
        spec.memory(),
        spec.processors(),
        disks,
        Optional.empty());
  }

  /** Boots it. If it hangs, it is ended and the guest is booted again, once. */
  private void bootTwice(Qemu qemu, Boot boot) {
    try {
      bootOnce(qemu, boot, settings.deadline());
    } catch (MicaException first) {
      Log.LOG.warn("the guest is booted once more", first);
      try {
        bootOnce(qemu, boot, settings.deadline());
      } catch (MicaException second) {
        second.addSuppressed(first);
        throw second;
      }
    }
  }

  private static void bootOnce(Qemu qemu, Boot boot, Duration limit) {
    qemu.daemon().kill();
    qemu.start(boot);
    try {
      AgentConnection.connect(qemu.agent(), limit).close();
    } catch (MicaException failure) {
      boolean late = failure.getCause() instanceof SocketTimeoutException;
      boolean died = !late && qemu.daemon().ends(LAST_WORDS); // it hangs up a little before that
      qemu.daemon().kill();
      throw MicaException.failed(
              "boot the " + qemu.guest() + " with",
              boot.kernel(),
              (died ? "QEMU ended" : "it did not answer within " + limit.toSeconds() + " s")
                  + "; its console ends with: "
                  + LogTail.end(qemu.console())
                  + (died ? "; QEMU says: " + LogTail.end(qemu.log()) : ""))
          .hint("see " + qemu.console())
          .because(failure);
    }
  }

  private static boolean isRestored(Qemu qemu, Boot boot, Template template, Duration idle) {
    try {
      qemu.daemon().kill();
      qemu.start(boot.restoring(template.incoming()));
      template.restore(qemu);
      try (AgentConnection agent = AgentConnection.connect(qemu.agent(), WARM)) {
        agent.idle(idle);
      }
      return true;
    } catch (MicaException broken) {
      Log.LOG.warn("the template cannot be used, and the guest is booted", broken);
      qemu.daemon().kill();
      template.discard(); // it is only a short cut: the longer way still works
      return false;
    }
  }

  /** If this fails, a request that needs the missing modules will say which they are. */
  private static boolean hasAllModules(AgentConnection agent) {
    try {
      agent.awaitModules();
      return true;
    } catch (MicaException missing) {
      Log.LOG.warn("no template is made", missing);
      return false;
    }
  }

  /**
   * Without a template the next start is a cold one. That is no reason to fail this start, unless
   * the guest is gone.
   */
  private void save(Qemu qemu, Template template) {
    try {
      files.forgetOld(template);
      template.save(qemu);
    } catch (MicaException broken) {
      Log.LOG.warn("no template is made", broken);
      template.discard();
      AgentConnection.connect(qemu.agent(), WARM).close();
    }
  }

  private Accel accel(Kernel kernel, Path initramfs) {
    return Accel.choose(
        wanted(),
        state.records("cache").ofProcesses(),
        key(kernel),
        kind -> {
          Qemu probe = new Qemu(cache().resolve("probe"), spec.object());
          try {
            bootOnce(
                probe, boot(kind, files.readable(kernel.image()), initramfs, List.of()), PROBE);
          } finally {
            probe.daemon().kill();
            Core.remove(probe.directory());
          }
        });
  }

  private String wanted() {
    return settings.environment().getOrDefault("MICA_ACCEL", "");
  }

  /** The parts of a VM, as far as they can be checked without booting one. */
  List<Machine.Part> parts() {
    Optional<MicaException> noKernel = kernels.refusal();
    String kernel =
        kernels
            .present()
            .map(found -> found.image().toString())
            .orElse("fetched when it is needed");
    return List.of(
        part("QEMU", program(), QEMU_FIX),
        part("virtiofsd", FileServer.program(settings.environment()), FileServer.FIX),
        noKernel
            .map(no -> new Machine.Part("guest kernel", false, true, no.why(), KERNEL_FIX))
            .orElseGet(() -> new Machine.Part("guest kernel", true, true, kernel, "")),
        accelPart());
  }

  private static Machine.Part part(String name, Optional<Path> found, String fix) {
    return found
        .map(program -> new Machine.Part(name, true, true, program.toString(), ""))
        .orElseGet(() -> new Machine.Part(name, false, true, "it is not installed", fix));
  }

  private Machine.Part accelPart() {
    if (program().isEmpty()) {
      return new Machine.Part(
          "acceleration", false, false, "there is no QEMU to try it with", QEMU_FIX);
    }
    return knownAccel()
        .map(accel ->
            new Machine.Part(
                "acceleration",
                accel.kind() == Accel.Kind.KVM,
                false,
                accel.kind().word() + ": " + accel.why(),
                "use a host whose KVM boots a guest; without it all works, slower"))
        .orElseGet(() ->
            new Machine.Part("acceleration", true, false, "found out when a VM starts first", ""));
  }

  /** What is known without booting anything; empty if nothing is known yet. */
  Optional<Accel> knownAccel() {
    if (wanted().equals("kvm") || wanted().equals("tcg")) {
      return Optional.of(
          Accel.choose(wanted(), state.records("cache").ofProcesses(), "", kind -> {}));
    }
    return kernels
        .present()
        .flatMap(kernel -> Accel.known(state.records("cache").ofProcesses(), key(kernel)));
  }

  /** QEMU's version by its file, because asking QEMU takes as long as all other checks together. */
  private static String key(Kernel kernel) {
    return String.join(
        "; ",
        host(),
        System.getProperty("os.version"),
        Program.stamp(program().orElseThrow()),
        kernel.release());
  }

  private static String host() {
    return SmallFile.read(Path.of("/proc/sys/kernel/hostname"));
  }
}
