package dev.mica.vm.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a guest is for, and so what its kernel is told and has loaded. */
public enum Profile {
  /**
   * Serves unions: one program, ours. Its kernel leaves out what protects a system from its own
   * programs, and what nobody asks of it.
   */
  HELPER(
      "mitigations=off rodata=off lsm=capability" + " cgroup_disable=memory,pids,cpuset,freezer,io",
      ""),
  /** Runs containers: programs of others. They are held by what the helper's kernel leaves out. */
  CONTAINER("", "virtio_blk ext4 virtio_net");

  /** What brings up the agent's port. */
  static final List<String> FIRST = List.of("virtio_pci", "virtio_console");

  private static final List<String> THEN = List.of("fuse", "virtiofs", "overlay");

  /**
   * What the kernel would set up and neither guest uses: tracing, the types that eBPF looks up,
   * checks of signatures, the driver of the bridges' slots. Names that a kernel does not have do
   * nothing.
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

  /** Each was measured, see docs/adr. panic=-1 ends QEMU, which is heard at once. */
  private static final String WORDS =
      "console=ttyS0 quiet panic=-1 cryptomgr.notests noreplace-smp pci=nomsi init_on_alloc=0"
          + " retain_initrd audit=0 nowatchdog initcall_blacklist="
          + String.join(",", WITHOUT);

  private final String words;
  private final String modules;

  Profile(String words, String modules) {
    this.words = words;
    this.modules = modules;
  }

  /**
   * The kernel's words. ACPI costs a part of each boot; but Debian's kernel for clouds learns of a
   * second processor from nothing else (it has no CONFIG_X86_MPPARSE).
   */
  public String words(int processors) {
    return (WORDS + (needsAcpi(processors) ? " " : " acpi=off ") + words).strip();
  }

  /** Whether the machine must have it. */
  public static boolean needsAcpi(int processors) {
    return processors > 1;
  }

  /** The modules that are loaded once the agent can be reached, less what they need. */
  List<String> modules() {
    List<String> all = new ArrayList<>(THEN);
    Stream.of(modules.split(" ")).filter(name -> !name.isEmpty()).forEach(all::add);
    return List.copyOf(all);
  }

  /** Whether it has the program that runs containers. */
  public boolean hasRuntime() {
    return this == CONTAINER;
  }
}
