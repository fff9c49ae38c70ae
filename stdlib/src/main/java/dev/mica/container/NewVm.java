package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.core.Identity;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.state.StateDir;
import dev.mica.text.Signals;
import dev.mica.union.FoldersInUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A VM that is about to be made: whether it can be, and what is kept of it. */
final class NewVm {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  private static final Pattern MEMORY = Pattern.compile("MemTotal: +(\\d{1,15}) kB");
  private static final long LEAST_MEMORY = 128L << 20;
  private static final long LEAST_DISK = 16L << 20;

  private NewVm() {}

  /** Fails if there can be no such VM on this host. */
  static void requireSound(String name, VmSpec spec) {
    requireName(name);
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
    Users.requireSound("create the VM", name, spec.user());
    if (!spec.stopSignal().isEmpty() && Signals.number(spec.stopSignal()).isEmpty()) {
      throw refuse(name, "there is no signal " + spec.stopSignal())
          .hint("name the one that stops it, as SIGTERM or SIGQUIT");
    }
    if (!spec.folder().startsWith("/")) {
      throw refuse(name, "the working folder " + spec.folder() + " is not absolute");
    }
    if (spec.remove() && spec.restart().isOn()) {
      throw refuse(name, "it cannot be both removed and started again when its program has ended")
          .hint("leave out --rm or --restart");
    }
    spec.network().requireSound(name);
    for (String variable : spec.environment().keySet()) {
      if (variable.isEmpty() || variable.contains("=")) {
        throw refuse(name, "'" + variable + "' is no name of a variable");
      }
    }
  }

  /** Fails if no VM can be called so. */
  static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw refuse(
          name,
          "a name is 1 to 63 letters, digits, '.', '_' or '-', and begins with one of the first"
              + " two");
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

  /**
   * What is to be kept of it, with the directories that its lowers are now.
   *
   * @param caller who named its folders
   * @param own the commits that were made for it
   */
  static VmRecord record(
      Caller caller, StateDir state, String name, String id, VmSpec spec, List<String> own) {
    LayerSource from = spec.from();
    List<Path> lowers = new ArrayList<>();
    List<Identity> is = new ArrayList<>();
    for (Path lower : from.layers()) {
      boolean _ =
          FoldersInUse.opened(
              "create the VM",
              name,
              lower,
              open -> {
                if (from instanceof Folder || !open.openedBy().equals(lower)) {
                  caller.requireWithin(open.openedBy()); // it may lead elsewhere since it was named
                }
                return lowers.add(open.openedBy()) && is.add(open.identity());
              });
    }
    Lowers.requireFew(state.path(), name, from.label(), lowers, spec.shares().size());
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
        spec.network(),
        Volumes.record(caller, state, name, spec.shares(), lowers),
        spec.ulimits(),
        spec.init(),
        spec.stopSignal(),
        spec.restart(),
        spec.remove(),
        own,
        Clock.systemUTC().instant());
  }
}
