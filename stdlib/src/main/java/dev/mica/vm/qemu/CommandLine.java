package dev.mica.vm.qemu;

import dev.mica.vm.guest.Profile;
import dev.mica.vm.process.Program;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The words that start a QEMU: those of {@code mica-launch}, which gives it its files as
 * descriptors and in a root of its own, and those of QEMU, which names the files as it sees them.
 */
final class CommandLine {
  /** The id of the controller of its virtio-serial ports. */
  static final String BUS = "ports";

  /**
   * The bridges behind which shares are plugged in. Shares are unplugged without asking the guest:
   * their slots count as switched off, because nothing in the guest would switch them on.
   */
  private static final int BRIDGES = 2;

  /** The files that QEMU finds in its root. The sockets of its ports are in its current folder. */
  private static final String KERNEL = "kernel";

  private static final String INITRAMFS = "initramfs";

  /** The files that QEMU gets as descriptors, in this order. */
  private static final int MONITOR_SOCKET = 3;

  private static final int AGENT_SOCKET = 4;
  private static final int CONSOLE_SOCKET = 5;
  private static final int CONSOLE_LOG = 6;

  /** The template, if there is one. The disks come after it. */
  static final int TEMPLATE = 7;

  private static final int LOG_SET = 1;
  private static final int FIRST_DISK_SET = 2;

  /** The ports of its serial bus, the old console and the agent's port among them. */
  private static final int ALL_PORTS = Ports.MOST + 2;

  private final Qemu qemu;
  private final Boot boot;

  CommandLine(Qemu qemu, Boot boot) {
    this.qemu = qemu;
    this.boot = boot;
  }

  List<String> words() {
    List<String> words = launcher();
    words.addAll(qemu());
    return words;
  }

  /** The files of this host that QEMU gets; {@link #qemu} says where it finds them. */
  private List<String> launcher() {
    List<String> words = new ArrayList<>(List.of(Program.ours("mica-launch").toString()));
    words.addAll(List.of("--pid", qemu.daemon().pidFile().toString()));
    words.addAll(
        List.of("--user", Integer.toString(qemu.user()), "--directory", qemu.ports().toString()));
    for (Path socket : List.of(qemu.monitor(), qemu.agent(), qemu.consoleSocket())) {
      words.addAll(List.of("--listen", socket.toString()));
    }
    words.addAll(List.of("--append", qemu.console().toString()));
    boot.incoming().ifPresent(file -> words.addAll(List.of("--read", file.toString())));
    for (int i = 0; i < boot.disks().size(); i++) {
      words.addAll(List.of("--write", boot.disks().get(i).toString()));
      words.addAll(List.of("--write", qemu.scratch(i).toString()));
    }
    words.addAll(List.of("--see", KERNEL + "=" + boot.kernel()));
    words.addAll(List.of("--see", INITRAMFS + "=" + boot.initramfs()));
    words.addAll(List.of("--see", Qemu.PEERS + "=" + qemu.peers()));
    if (boot.accel() == Accel.Kind.KVM) {
      words.add("--kvm");
    }
    words.add("--");
    return words;
  }

  private List<String> qemu() {
    long megabytes = boot.memory() >> 20;
    List<String> words = new ArrayList<>();
    words.addAll(
        List.of(boot.program().toString(), "-name", "mica-" + qemu.directory().getFileName()));
    words.addAll(List.of("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"));
    words.addAll(
        List.of(
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
    boolean acpi = Profile.needsAcpi(boot.processors());
    words.add("-machine");
    words.add("pc,usb=off,vmport=off,memory-backend=memory,acpi=" + (acpi ? "on" : "off"));
    if (acpi) { // devices come and go as without it: nobody in the guest is asked
      words.addAll(List.of("-global", "PIIX4_PM.acpi-pci-hotplug-with-bridge-support=off"));
    }
    words.addAll(
        List.of("-object", "memory-backend-memfd,id=memory,share=on,size=" + megabytes + "M"));
    words.addAll(List.of("-m", megabytes + "M", "-accel", boot.accel().word()));
    // There is room for a second processor even if there is only one. Otherwise QEMU assumes that
    // the guest's memory barriers are needless and leaves them out, and a thread that serves a
    // queue does not see that something is in it.
    String processors = boot.processors() + ",maxcpus=" + Math.max(2, boot.processors());
    words.addAll(List.of("-cpu", boot.accel().cpu(), "-smp", processors));
    words.addAll(List.of("-kernel", "/" + KERNEL, "-initrd", "/" + INITRAMFS));
    for (int i = 1; i <= BRIDGES; i++) {
      String bridge = "pci-bridge,id=" + Devices.BRIDGE + i + ",chassis_nr=" + i;
      words.addAll(List.of("-device", bridge + ",shpc=on"));
    }
    words.addAll(List.of("-append", boot.commandLine()));
    words.addAll(List.of("-add-fd", "set=" + LOG_SET + ",fd=" + CONSOLE_LOG));
    String log = ",logfile=/dev/fdset/" + LOG_SET;
    words.addAll(List.of("-chardev", socket("console", CONSOLE_SOCKET) + log));
    words.addAll(List.of("-serial", "chardev:console"));
    words.addAll(List.of("-chardev", socket("monitor", MONITOR_SOCKET)));
    words.addAll(List.of("-mon", "chardev=monitor,mode=control"));
    words.addAll(List.of("-device", "virtio-serial-pci,id=" + BUS + ",max_ports=" + ALL_PORTS));
    words.addAll(List.of("-chardev", socket("agent", AGENT_SOCKET)));
    words.addAll(
        List.of("-device", "virtserialport,bus=" + BUS + ".0,chardev=agent,name=dev.mica.agent"));
    int descriptor = TEMPLATE;
    if (boot.incoming().isPresent()) {
      words.addAll(List.of("-incoming", "defer"));
      descriptor++;
    }
    for (int i = 0; i < boot.disks().size(); i++) {
      words.addAll(blockNode(descriptor + 2 * i, 2 * i, Disks.node(i)));
      words.addAll(blockNode(descriptor + 2 * i + 1, 2 * i + 1, Snapshots.node(i)));
    }
    return words;
  }

  /** A node of its block layer, for the file that it has as that descriptor. */
  private static List<String> blockNode(int descriptor, int place, String node) {
    int set = FIRST_DISK_SET + place;
    return List.of(
        "-add-fd",
        "set=" + set + ",fd=" + descriptor,
        "-blockdev",
        node + ",file.driver=file,file.discard=unmap,file.filename=/dev/fdset/" + set);
  }

  /** A character device on a descriptor that listens. */
  private static String socket(String id, int descriptor) {
    return "socket,id=" + id + ",fd=" + descriptor + ",server=on,wait=off";
  }
}
