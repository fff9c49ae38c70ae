package dev.mica.container;

import dev.mica.state.Records;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.guest.ContainerInit;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The description of a container for the runtime: the OCI runtime specification's {@code
 * config.json}, with what users of containers expect. A container's root has only the capabilities
 * that other container programs leave it, sees nothing of the guest's devices, and some files of
 * {@code /proc} and {@code /sys} not at all or not to be written.
 */
final class RuntimeConfig {
  private static final String VERSION = "1.0.2";
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final long PIDS = 2048;
  private static final Ulimit FILES =
      new Ulimit(Ulimit.Kind.NOFILE, Ulimit.MOST_FILES, Ulimit.MOST_FILES);

  /** It is below a mount of the container's own, so its root needs no mount point for it. */
  private static final String INIT = "/dev/init";

  /** The capabilities of podman and of containers.conf(5). */
  private static final List<String> CAPABILITIES =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_KILL",
          "CAP_NET_BIND_SERVICE",
          "CAP_SETFCAP",
          "CAP_SETGID",
          "CAP_SETPCAP",
          "CAP_SETUID",
          "CAP_SYS_CHROOT");

  private static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/devices/virtual/powercap",
          "/sys/firmware",
          "/sys/fs/selinux");

  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private RuntimeConfig() {}

  /**
   * The configuration of a container.
   *
   * @param user the user of its program
   * @param root the path of its root in the guest
   * @param network the path of its network namespace in the guest
   */
  static byte[] of(VmRecord vm, Agent.User user, String root, String network) {
    ObjectNode json = Records.object().put("ociVersion", VERSION);
    json.set("process", process(vm, words(vm), vm.environment(), user, vm.folder(), vm.terminal()));
    json.putObject("root").put("path", root).put("readonly", false);
    json.put("hostname", vm.name());
    mounts(json.putArray("mounts"));
    for (int i = 0; i < vm.shares().size(); i++) {
      folder(json.withArray("mounts"), vm.shares().get(i), "/shares/" + Volumes.name(i));
    }
    for (String name : NameFiles.of(vm).keySet()) {
      file(json.withArray("mounts"), "/etc/" + name, "/bundles/" + vm.id() + "/" + name);
    }
    if (vm.init()) {
      bind(json.withArray("mounts"), INIT, ContainerInit.IN_GUEST, "ro");
    }
    ObjectNode linux = json.putObject("linux");
    namespaces(linux.putArray("namespaces"), network);
    MASKED.forEach(linux.putArray("maskedPaths")::add);
    READ_ONLY.forEach(linux.putArray("readonlyPaths")::add);
    linux.put("cgroupsPath", "/containers/" + vm.id());
    ObjectNode resources = linux.putObject("resources");
    resources.putArray("devices").addObject().put("allow", false).put("access", "rwm");
    resources.putObject("pids").put("limit", PIDS);
    linux.set("seccomp", Seccomp.of(new TreeSet<>(CAPABILITIES)));
    return bytes(json);
  }

  private static List<String> words(VmRecord vm) {
    return vm.init()
        ? Stream.concat(Stream.of(INIT, "--"), vm.program().stream()).toList()
        : vm.program();
  }

  /** Another process that is started in it. */
  static byte[] process(VmRecord vm, ExecSpec spec, Agent.User user, String folder) {
    Map<String, String> environment = new TreeMap<>(vm.environment());
    environment.putAll(spec.environment());
    return bytes(process(vm, spec.program(), environment, user, folder, spec.terminal()));
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static ObjectNode process(
      VmRecord vm,
      List<String> program,
      Map<String, String> more,
      Agent.User user,
      String folder,
      boolean terminal) {
    ObjectNode json = Records.object().put("terminal", terminal).put("cwd", folder);
    ObjectNode ids = json.putObject("user").put("uid", user.uid()).put("gid", user.gid());
    user.groups().forEach(ids.putArray("additionalGids")::add);
    program.forEach(json.putArray("args")::add);
    Map<String, String> environment = new TreeMap<>(Map.of("PATH", PATH, "HOME", user.home()));
    if (terminal) {
      environment.put("TERM", "xterm");
    }
    environment.putAll(more);
    ArrayNode variables = json.putArray("env");
    environment.forEach((name, value) -> variables.add(name + "=" + value));
    ObjectNode capabilities = json.putObject("capabilities");
    for (String set : List.of("bounding", "effective", "permitted")) {
      CAPABILITIES.forEach(capabilities.putArray(set)::add);
    }
    json.put("noNewPrivileges", false);
    limit(json.putArray("rlimits"), vm.ulimits());
    return json;
  }

  /** The largest possible number of open files, unless another limit is set. */
  private static void limit(ArrayNode all, List<Ulimit> said) {
    Map<Ulimit.Kind, Ulimit> limits = new EnumMap<>(Ulimit.Kind.class);
    limits.put(Ulimit.Kind.NOFILE, FILES);
    said.forEach(one -> limits.put(one.kind(), one));
    for (Ulimit one : limits.values()) {
      ObjectNode limit = all.addObject().put("type", one.type());
      limit.put("hard", number(one.hard())).put("soft", number(one.soft()));
    }
  }

  /** Unsigned numbers, as in the runtime: the largest means no limit. */
  private static BigInteger number(long limit) {
    return new BigInteger(Long.toUnsignedString(limit));
  }

  private static void mounts(ArrayNode mounts) {
    mount(mounts, "/proc", "proc", "nosuid", "noexec", "nodev");
    mount(mounts, "/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
    mount(
        mounts,
        "/dev/pts",
        "devpts",
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        "gid=5");
    mount(mounts, "/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k");
    mount(mounts, "/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev");
    mount(mounts, "/sys", "sysfs", "nosuid", "noexec", "nodev", "ro");
    mount(mounts, "/sys/fs/cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
  }

  /**
   * The mount points that a container's root must have, as the agent takes them: directories, and
   * files if a file is mounted. What is mounted below another mount needs none.
   */
  static List<String> mountPoints(VmRecord vm) {
    ArrayNode mounts = Records.object().putArray("mounts");
    mounts(mounts);
    List<String> all = new ArrayList<>();
    mounts.forEach(mount -> all.add(mount.path("destination").asString("")));
    Stream<String> directories =
        all.stream()
            .filter(at -> all.stream().noneMatch(other -> at.startsWith(other + "/")))
            .map(at -> "d:" + at);
    Stream<String> folders = vm.shares().stream().map(share -> "d:" + share.at());
    Stream<String> files = NameFiles.of(vm).keySet().stream().map(name -> "f:/etc/" + name);
    return Stream.of(directories, folders, files).flatMap(each -> each).toList();
  }

  private static void mount(ArrayNode mounts, String at, String type, String... options) {
    ObjectNode mount = mounts.addObject().put("destination", at).put("type", type);
    mount.put("source", type);
    List.of(options).forEach(mount.putArray("options")::add);
  }

  /**
   * Mounts a file that belongs to the container and can be written to; it is not part of its root.
   */
  private static void file(ArrayNode mounts, String at, String source) {
    bind(mounts, at, source, "rw", "noexec");
  }

  private static void bind(ArrayNode mounts, String at, String source, String... options) {
    ObjectNode mount = mounts.addObject().put("destination", at).put("type", "bind");
    mount.put("source", source);
    Stream.concat(Stream.of("bind", "nosuid", "nodev"), Stream.of(options))
        .forEach(mount.putArray("options")::add);
  }

  /**
   * Mounts a share of this host; the file server makes sure that nobody can write to a read-only
   * one.
   */
  private static void folder(ArrayNode mounts, Volume share, String source) {
    ObjectNode mount = mounts.addObject().put("destination", share.at()).put("type", "bind");
    mount.put("source", source);
    List.of("bind", share.readOnly() ? "ro" : "rw", "nosuid", "nodev")
        .forEach(mount.putArray("options")::add);
  }

  private static void namespaces(ArrayNode namespaces, String network) {
    for (String type : List.of("pid", "ipc", "uts", "mount", "cgroup")) {
      namespaces.addObject().put("type", type);
    }
    namespaces.addObject().put("type", "network").put("path", network);
  }
}
