package dev.mica.host;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commits;
import dev.mica.container.VmParts;
import dev.mica.container.Vms;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.helper.HelperVm;
import dev.mica.state.StateDir;
import dev.mica.union.Unions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** This machine and what works on it. */
public final class Host {
  private static final Path KERNEL = Path.of("/proc/sys/kernel");

  private final Caller caller;
  private final Doctor doctor;
  private final HelperVm helper;
  private final StateDir state;

  /** The host as {@code caller} sees it, with the state directory that its checks look at. */
  public Host(
      Caller caller, StateDir state, Unions unions, HelperVm helper, Commits commits, Vms vms) {
    this.caller = caller;
    this.helper = helper;
    this.doctor =
        new Doctor(
            state,
            unions,
            helper,
            () -> Stream.of(helper.parts(), VmParts.find()).flatMap(List::stream).toList(),
            () ->
                Stream.of(unions.damaged(), commits.damaged(), vms.damaged())
                    .flatMap(List::stream)
                    .toList());
    this.state = state;
  }

  /** What it calls itself. */
  public String name() {
    return line(KERNEL.resolve("hostname"));
  }

  /** The kernel's release. */
  public String kernel() {
    return line(KERNEL.resolve("osrelease"));
  }

  /** Processors that this process may use. */
  public int cpus() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** Main memory, bytes. */
  public long memory() {
    String total = line(Path.of("/proc/meminfo")); // its first line is MemTotal
    return Long.parseLong(total.replaceAll("\\D", "")) * 1024;
  }

  /** The VM that serves the unions made via guest. */
  public HelperVm helper() {
    return helper;
  }

  /** What works here and what does not, found by trying; takes about a second. */
  public List<Check> checks() {
    return doctor.checks();
  }

  /**
   * Ends an operation that was cut short and waits for a decision, as {@link #checks} tells it:
   * what it made is kept, or the operation is taken back. What holds data is removed by neither.
   */
  public void settle(String id, boolean keep) {
    caller.run(Role.OPERATOR, "settle", id, () -> state.settle(id, keep));
  }

  private static String line(Path file) {
    try (var lines = Files.lines(file)) {
      return lines.findFirst().orElse("").strip();
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }
}
