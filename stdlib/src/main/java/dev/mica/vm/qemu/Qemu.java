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
 * One QEMU process and its directory: sockets, process id, logs. {@code mica-launch} gives QEMU a
 * user and a root of its own: it sees nothing of this host but what is listed here.
 */
public final class Qemu {
  /**
   * What a guest is started with.
   *
   * @param initramfs one file; may be several archives in a row
   * @param extra more words for the kernel
   * @param memory bytes
   * @param disks files that QEMU has open to read and write; no device yet
   * @param incoming the devices of a saved guest that it waits for, rather than boot
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

    /** What the kernel is told, whatever the host. */
    public String words() {
      return (profile.words(processors) + " " + extra).strip();
    }

    /** The same, held back until the devices in that file are read. */
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

  /** What it finds in its root. The sockets of its ports are in its current folder. */
  private static final String KERNEL = "kernel";

  private static final String INITRAMFS = "initramfs";
  public static final String PEERS = "peers";

  /** And as descriptors, in this order. */
  private static final int MONITOR_SOCKET = 3;

  private static final int AGENT_SOCKET = 4;
  private static final int CONSOLE_SOCKET = 5;
  private static final int CONSOLE_LOG = 6;

  /** Where there is one. The disks come after it. */
  static final int TEMPLATE = 7;

  private static final int LOG_SET = 1;
  private static final int FIRST_DISK_SET = 2;

  private static final int FIRST_USER = 61184;
  private static final int USERS = 4336;

  private static final Duration START = Duration.ofSeconds(30);
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);

  /** Of its serial bus, the console of old and the agent's among them. */
  private static final int ALL_PORTS = 64;

  /** How many can be plugged. */
  public static final int PORTS = ALL_PORTS - 2;

  private final Path directory;
  private final String guest;

  /**
   * The one in that directory.
   *
   * @param guest the name of the machine for people: "helper VM", "VM web"
   */
  public Qemu(Path directory, String guest) {
    this.directory = directory;
    this.guest = guest;
  }

  /** What people call the machine. */
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

  /** Where its user makes sockets, and nobody else anything. */
  Path ports() {
    return directory.resolve("ports");
  }

  /** The sockets that it connects to: it makes none there. */
  public Path peers() {
    return directory.resolve(PEERS);
  }

  /** Where what is written over while a snapshot of that disk is held is kept for it. */
  Path scratch(int disk) {
    return directory.resolve("scratch-" + disk);
  }

  /** A socket of {@link #peers} that was just bound: for QEMU's user, too. */
  public static void admit(Path socket) throws IOException {
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
  }

  /** Starts it; when this returns its sockets are there and the guest's processor runs. */
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

  /** Its first word comes when all that it was asked for is there; or it has ended and said why. */
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
   * No user of this host, and the same one each time: of those that systemd, too, gives to programs
   * that shall have none.
   */
  public int user() {
    return FIRST_USER + Math.floorMod(directory.toString().hashCode(), USERS);
  }

  /** What QEMU is given of this host; see {@link #command} for where it finds it. */
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
    if (acpi) { // devices come and go as they do without it: nobody in the guest is asked
      words.addAll(List.of("-global", "PIIX4_PM.acpi-pci-hotplug-with-bridge-support=off"));
    }
    words.addAll(
        List.of("-object", "memory-backend-memfd,id=memory,share=on,size=" + megabytes + "M"));
    words.addAll(List.of("-m", megabytes + "M", "-accel", boot.accel().word()));
    // Where there is one processor there is room for another: without that QEMU takes the guest's
    // barriers for needless and leaves them out, and who serves a queue in another thread misses
    // that something is in it.
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

  /** A node of its block layer, of the file that it has as that descriptor. */
  private static List<String> blockNode(int descriptor, int place, String node) {
    int set = FIRST_DISK_SET + place;
    return List.of(
        "-add-fd",
        "set=" + set + ",fd=" + descriptor,
        "-blockdev",
        node + ",file.driver=file,file.discard=unmap,file.filename=/dev/fdset/" + set);
  }

  /** Of a descriptor that listens. */
  private static String socket(String id, int descriptor) {
    return "socket,id=" + id + ",fd=" + descriptor + ",server=on,wait=off";
  }

  /**
   * Where a device can be plugged.
   *
   * @param bus the bridge's id
   */
  public record Slot(String bus, int number) {}

  /** One that is free. */
  public static Optional<Slot> freeSlot(Qmp qmp) {
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
  public static boolean unplug(Qmp qmp, String id, Duration limit) {
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
