package dev.mica.vm;

import dev.mica.MicaException;
import dev.mica.core.Core;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One QEMU process and its directory: sockets, process id, logs. QEMU reaches the directory through
 * a descriptor it inherits, so that its sockets' addresses are short wherever the directory is.
 */
final class Qemu {
  /** What a guest is started with. */
  record Boot(
      Path program,
      Accel.Kind accel,
      Path kernel,
      Path initramfs,
      String extra,
      long memory,
      Optional<Path> incoming) {
    /** What the kernel is told, whatever the host. */
    String words() {
      return (WORDS + " " + extra).strip();
    }

    /**
     * An emulated processor's time stamp counter is the host's, and a kernel that counts it against
     * other clocks on a busy host may be wrong by a factor, or never end.
     */
    private String commandLine() {
      OptionalInt rate = accel == Accel.Kind.TCG ? Core.timeStampRate() : OptionalInt.empty();
      return rate.isEmpty()
          ? words()
          : "tsc=reliable tsc_early_khz=" + rate.getAsInt() + " " + words();
    }
  }

  static final String BUS = "ports";

  /**
   * Shares are plugged behind these, and taken out whatever the guest says: their slots stand as
   * switched off, for there is nobody in the guest who would switch them on.
   */
  private static final String BRIDGE = "bridge";

  private static final int BRIDGES = 2;
  private static final int SLOTS = 31;
  static final String HERE = "/proc/self/fd/3/";

  /**
   * What the kernel would set up and a guest with one program does not use: tracing, the types that
   * eBPF looks up, checks of signatures, the driver of the bridges' slots. Names that a kernel does
   * not have do nothing.
   */
  private static final List<String> WITHOUT =
      List.of(
          "tracer_init_tracefs",
          "trace_eval_init",
          "event_trace_init",
          "init_trace_printk_function_export",
          "init_kprobe_trace",
          "btf_module_init",
          "kfunc_init",
          "bpf_prog_test_run_init",
          "bpf_tcp_ca_kfunc_init",
          "bpf_key_sig_kfuncs_init",
          "bpf_rstat_kfunc_init",
          "cubictcp_register",
          "crypto_kdf108_init",
          "load_system_certificate_list",
          "shpcd_init");

  /** Kernel words; each was measured, see docs/adr. panic=-1 ends QEMU, which is heard at once. */
  private static final String WORDS =
      "console=ttyS0 quiet panic=-1 cryptomgr.notests noreplace-smp mitigations=off rodata=off"
          + " acpi=off pci=nomsi init_on_alloc=0 retain_initrd lsm=capability audit=0 nowatchdog"
          + " cgroup_disable=memory,pids,cpuset,freezer,io initcall_blacklist="
          + String.join(",", WITHOUT);

  private static final Duration START = Duration.ofSeconds(30);

  /** Of its serial bus, the console of old and the agent's among them. */
  private static final int ALL_PORTS = 64;

  /** How many can be plugged. */
  static final int PORTS = ALL_PORTS - 2;

  private final Path directory;

  Qemu(Path directory) {
    this.directory = directory;
  }

  Path directory() {
    return directory;
  }

  Path console() {
    return directory.resolve("console.log");
  }

  Path consoleSocket() {
    return directory.resolve("console.sock");
  }

  Path agent() {
    return directory.resolve("agent.sock");
  }

  Path log() {
    return directory.resolve("qemu.log");
  }

  Daemon daemon() {
    return new Daemon(directory.resolve("qemu.pid"));
  }

  Qmp qmp() {
    return Qmp.connect(directory.resolve("qmp.sock"));
  }

  Qmp qmp(Duration limit) {
    return Qmp.connect(directory.resolve("qmp.sock"), limit);
  }

  /** Starts it; when this returns its sockets are there and the guest's processor runs. */
  void start(Boot boot) {
    try {
      Core.remove(directory);
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException broken) {
      throw MicaException.failed("make the directory", directory, StateDir.why(broken))
          .because(broken);
    }
    List<String> command = new ArrayList<>();
    command.add("/bin/sh");
    command.add("-c");
    command.add(
        boot.incoming().isPresent()
            ? "umask 077; exec 3<. 4<\"$1\"; shift; exec \"$@\""
            : "umask 077; exec 3<.; shift; exec \"$@\"");
    command.add("sh");
    command.add(boot.incoming().map(Path::toString).orElse(""));
    command.addAll(command(boot));
    daemon().start(command, directory, log(), START);
  }

  private List<String> command(Boot boot) {
    long megabytes = boot.memory() >> 20;
    List<String> words = new ArrayList<>();
    words.addAll(List.of(boot.program().toString(), "-name", "mica-helper"));
    words.addAll(List.of("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"));
    words.addAll(List.of("-daemonize", "-D", HERE + "qemu.log"));
    words.addAll(List.of("-pidfile", daemon().pidFile().toString()));
    // Not spawn=deny and elevateprivileges=deny: QEMU 7 kills itself with them when it daemonizes.
    words.addAll(List.of("-sandbox", "on,obsolete=deny,resourcecontrol=deny"));
    words.addAll(List.of("-machine", "pc,acpi=off,usb=off,vmport=off,memory-backend=memory"));
    words.addAll(
        List.of("-object", "memory-backend-memfd,id=memory,share=on,size=" + megabytes + "M"));
    words.addAll(List.of("-m", megabytes + "M", "-accel", boot.accel().word()));
    words.addAll(List.of("-cpu", boot.accel().cpu(), "-smp", "1"));
    words.addAll(List.of("-kernel", boot.kernel().toString()));
    words.addAll(List.of("-initrd", boot.initramfs().toString()));
    for (int i = 1; i <= BRIDGES; i++) {
      String bridge = "pci-bridge,id=" + BRIDGE + i + ",chassis_nr=" + i;
      words.addAll(List.of("-device", bridge + ",shpc=on"));
    }
    words.addAll(List.of("-append", boot.commandLine()));
    words.addAll(
        List.of(
            "-chardev",
            "socket,id=console,path="
                + HERE
                + "console.sock,server=on,wait=off,logfile="
                + HERE
                + "console.log"));
    words.addAll(List.of("-serial", "chardev:console"));
    words.addAll(List.of("-qmp", "unix:" + HERE + "qmp.sock,server=on,wait=off"));
    words.addAll(List.of("-device", "virtio-serial-pci,id=" + BUS + ",max_ports=" + ALL_PORTS));
    words.addAll(
        List.of("-chardev", "socket,id=agent,path=" + HERE + "agent.sock,server=on,wait=off"));
    words.addAll(
        List.of("-device", "virtserialport,bus=" + BUS + ".0,chardev=agent,name=dev.mica.agent"));
    if (boot.incoming().isPresent()) {
      words.addAll(List.of("-incoming", "defer"));
    }
    return words;
  }

  /**
   * Where a device can be plugged.
   *
   * @param bus the bridge's id
   */
  record Slot(String bus, int number) {}

  /** One that is free. */
  static Optional<Slot> freeSlot(Qmp qmp) {
    for (JsonNode bridge : bridges(qmp)) {
      BitSet taken = new BitSet();
      taken.set(0); // QEMU plugs nothing there
      for (JsonNode device : bridge.path("pci_bridge").path("devices")) {
        taken.set(device.path("slot").asInt(0));
      }
      if (taken.nextClearBit(0) <= SLOTS) {
        return Optional.of(new Slot(bridge.path("qdev_id").asString(""), taken.nextClearBit(0)));
      }
    }
    return Optional.empty();
  }

  private static List<JsonNode> bridges(Qmp qmp) {
    List<JsonNode> bridges = new ArrayList<>();
    for (JsonNode bus : qmp.run("query-pci")) {
      for (JsonNode device : bus.path("devices")) {
        if (device.path("qdev_id").asString("").startsWith(BRIDGE)) {
          bridges.add(device);
        }
      }
    }
    return bridges;
  }

  /** Where the guest's kernel has a device that is plugged behind a bridge. */
  static Optional<String> address(Qmp qmp, String id) {
    for (JsonNode bridge : bridges(qmp)) {
      for (JsonNode device : bridge.path("pci_bridge").path("devices")) {
        if (device.path("qdev_id").asString("").equals(id)) {
          return Optional.of(
              String.format(
                  "0000:%02x:%02x.%x",
                  device.path("bus").asInt(0),
                  device.path("slot").asInt(0),
                  device.path("function").asInt(0)));
        }
      }
    }
    return Optional.empty();
  }

  /** The ids of the devices that were plugged, with that prefix, less the prefix. */
  static List<String> plugged(Qmp qmp, String prefix) {
    ObjectNode where = Records.object().put("path", "/machine/peripheral");
    List<String> ids = new ArrayList<>();
    for (JsonNode device : qmp.run("qom-list", where)) {
      String id = device.path("name").asString("");
      if (id.startsWith(prefix)) {
        ids.add(id.substring(prefix.length()));
      }
    }
    return ids;
  }

  /** Takes a device away, and waits until it is gone; whether it went. */
  static boolean unplug(Qmp qmp, String id, Duration limit) {
    if (!plugged(qmp, id).contains("")) {
      return true;
    }
    // Refused where it was asked for before and is under way.
    boolean _ = qmp.tried("device_del", Records.object().put("id", id));
    return qmp.await(
        event ->
            event.path("event").asString("").equals("DEVICE_DELETED")
                && event.path("data").path("device").asString("").equals(id),
        limit);
  }
}
