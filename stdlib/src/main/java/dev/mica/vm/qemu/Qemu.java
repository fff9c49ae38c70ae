package dev.mica.vm.qemu;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import dev.mica.vm.guest.Profile;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.LogTail;
import dev.mica.vm.process.Program;
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
 * One QEMU process and its directory: sockets, process id, logs. {@code mica-launch} gives QEMU its
 * own user and its own root: it sees nothing of this host except what is listed here.
 */
public final class Qemu {
  /**
   * What a guest is started with.
   *
   * @param initramfs one file, which may be several archives one after the other
   * @param extra more words for the kernel
   * @param memory bytes
   * @param disks files that QEMU has open for reading and writing; they are not devices yet
   * @param incoming the devices of a saved guest, for which it waits instead of booting
   */
  public record Boot(
      Path program,
      Accel.Kind accel,
      Path kernel,
      Path initramfs,
      Profile profile,
      String extra,
      long memory,
      int processors,
      List<Path> disks,
      Optional<Path> incoming) {
    public Boot {
      disks = List.copyOf(disks);
    }

    /** The options of the kernel on every host. */
    public String words() {
      return (profile.words(processors) + " " + extra).strip();
    }

    /** The same, but waiting until the devices in that file are read. */
    public Boot restoring(Path devices) {
      return new Boot(
          program,
          accel,
          kernel,
          initramfs,
          profile,
          extra,
          memory,
          processors,
          disks,
          Optional.of(devices));
    }

    /**
     * An emulated processor has the time stamp counter of the host. On a busy host, a kernel that
     * measures it against other clocks may be wrong by a factor, or may measure for ever.
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
   * The bridges behind which shares are plugged in. Shares are unplugged without asking the guest:
   * their slots count as switched off, because nothing in the guest would switch them on.
   */
  private static final String BRIDGE = "bridge";

  private static final int BRIDGES = 2;
  private static final int SLOTS = 31;

  /** The files that it finds in its root. The sockets of its ports are in its current folder. */
  private static final String KERNEL = "kernel";

  private static final String INITRAMFS = "initramfs";
  public static final String PEERS = "peers";

  /** The files that it gets as descriptors, in this order. */
  private static final int MONITOR_SOCKET = 3;

  private static final int AGENT_SOCKET = 4;
  private static final int CONSOLE_SOCKET = 5;
  private static final int CONSOLE_LOG = 6;

  /** The template, if there is one. The disks come after it. */
  static final int TEMPLATE = 7;

  private static final int LOG_SET = 1;
  private static final int FIRST_DISK_SET = 2;

  private static final int FIRST_USER = 61184;
  private static final int USERS = 4336;

  private static final Duration START = Duration.ofSeconds(30);
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);

  /** The ports of its serial bus, the old console and the agent's port among them. */
  private static final int ALL_PORTS = 64;

  /** How many can be plugged in. */
  public static final int PORTS = ALL_PORTS - 2;

  private final Path directory;
  private final String guest;

  /**
   * The QEMU in that directory.
   *
   * @param guest the name of the machine for people: "helper VM", "VM web"
   */
  public Qemu(Path directory, String guest) {
    this.directory = directory;
    this.guest = guest;
  }

  /** The name of the machine for people. */
  public String guest() {
    return guest;
  }

  public Path directory() {
    return directory;
  }

  public Path console() {
    return directory.resolve("console.log");
  }

  public Path consoleSocket() {
    return directory.resolve("console.sock");
  }

  public Path agent() {
    return directory.resolve("agent.sock");
  }

  public Path log() {
    return directory.resolve("qemu.log");
  }

  public Daemon daemon() {
    return new Daemon(directory.resolve("qemu.pid"));
  }

  private Path monitor() {
    return directory.resolve("qmp.sock");
  }

  public Qmp qmp() {
    return Qmp.connect(monitor());
  }

  public Qmp qmp(Duration limit) {
    return Qmp.connect(monitor(), limit);
  }

  /** The folder in which QEMU's user makes sockets, and nobody else can make anything. */
  Path ports() {
    return directory.resolve("ports");
  }

  /** The folder of the sockets that it connects to; it makes none there. */
  public Path peers() {
    return directory.resolve(PEERS);
  }

  /** The file that keeps what is overwritten while a snapshot of that disk exists. */
  Path scratch(int disk) {
    return directory.resolve("scratch-" + disk);
  }

  /** Lets QEMU's user connect to a socket of {@link #peers} that was just bound. */
  public static void admit(Path socket) throws IOException {
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
  }

  /** Starts it. When this returns, its sockets exist and the guest's processor runs. */
  public void start(Boot boot) {
    try {
      Core.remove(directory);
      make(directory, "rwx------");
      make(ports(), "rwx------");
      make(peers(), "rwx--x--x");
      for (int i = 0; i < boot.disks().size(); i++) {
        Snapshots.makeScratch(scratch(i), Files.size(boot.disks().get(i)));
      }
    } catch (IOException broken) {
      throw MicaException.failed("make the directory", directory, Why.of(broken)).because(broken);
    }
    List<String> command = new ArrayList<>(launcher(boot));
    command.addAll(command(boot));
    daemon().start(command, directory, log(), START);
    awaitGreeting();
  }

  private static void make(Path directory, String mode) throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
  }

  /**
   * Waits for its first message, which comes when all devices exist; or it has ended and said why.
   */
  private void awaitGreeting() {
    try {
      qmp(START).close();
    } catch (MicaException silent) {
      boolean ended = daemon().ends(LAST_WORDS);
      daemon().kill();
      String said =
          ended ? LogTail.end(log()) : "it did not answer within " + START.toSeconds() + " s";
      throw MicaException.failed("start", "qemu-system-x86_64", said).because(silent);
    }
  }

  /**
   * A number that belongs to no user of this host, and is always the same. It is from the range
   * from which systemd, too, takes users for programs that shall have none.
   */
  public int user() {
    return FIRST_USER + Math.floorMod(directory.toString().hashCode(), USERS);
  }

  /** The files of this host that QEMU gets; {@link #command} says where it finds them. */
  private List<String> launcher(Boot boot) {
    List<String> words = new ArrayList<>(List.of(Program.ours("mica-launch").toString()));
    words.addAll(List.of("--pid", daemon().pidFile().toString()));
    words.addAll(List.of("--user", Integer.toString(user()), "--directory", ports().toString()));
    for (Path socket : List.of(monitor(), agent(), consoleSocket())) {
      words.addAll(List.of("--listen", socket.toString()));
    }
    words.addAll(List.of("--append", console().toString()));
    boot.incoming().ifPresent(file -> words.addAll(List.of("--read", file.toString())));
    for (int i = 0; i < boot.disks().size(); i++) {
      words.addAll(List.of("--write", boot.disks().get(i).toString()));
      words.addAll(List.of("--write", scratch(i).toString()));
    }
    words.addAll(List.of("--see", KERNEL + "=" + boot.kernel()));
    words.addAll(List.of("--see", INITRAMFS + "=" + boot.initramfs()));
    words.addAll(List.of("--see", PEERS + "=" + peers()));
    if (boot.accel() == Accel.Kind.KVM) {
      words.add("--kvm");
    }
    words.add("--");
    return words;
  }

  private List<String> command(Boot boot) {
    long megabytes = boot.memory() >> 20;
    List<String> words = new ArrayList<>();
    words.addAll(List.of(boot.program().toString(), "-name", "mica-" + directory.getFileName()));
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
      String bridge = "pci-bridge,id=" + BRIDGE + i + ",chassis_nr=" + i;
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

  /**
   * A place where a device can be plugged in.
   *
   * @param bus the bridge's id
   */
  public record Slot(String bus, int number) {}

  /** A place that is free. */
  public static Optional<Slot> freeSlot(Qmp qmp) {
    for (JsonNode bridge : bridges(qmp)) {
      BitSet taken = new BitSet();
      taken.set(0); // QEMU does not plug anything in there
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

  /** The address at which the guest's kernel has a device that is plugged in behind a bridge. */
  public static Optional<String> address(Qmp qmp, String id) {
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

  /** The ids with that prefix of the devices that were plugged in, without the prefix. */
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

  /** Unplugs a device and waits until it is gone. Returns whether it went. */
  public static boolean unplug(Qmp qmp, String id, Duration limit) {
    if (!plugged(qmp, id).contains("")) {
      return true;
    }
    // QEMU refuses it if it was asked before and is doing it.
    boolean _ = qmp.tried("device_del", Records.object().put("id", id));
    return qmp.await(
        event ->
            event.path("event").asString("").equals("DEVICE_DELETED")
                && event.path("data").path("device").asString("").equals(id),
        limit);
  }
}
