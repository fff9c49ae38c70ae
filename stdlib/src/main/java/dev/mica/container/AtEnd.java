package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.state.StateDir;
import dev.mica.vm.process.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a VM's monitor runs when its program has ended, whoever else is there or not: it removes a
 * VM that is to be removed then, and starts one again that is to be. It is a process of its own,
 * and says in {@code hook.log} what goes wrong.
 */
final class AtEnd {
  /** Whoever has the VM locked, to stop it for one, is waited for. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final List<String> MACHINES =
      List.of("MICA_ACCEL", "MICA_KERNEL", "MICA_VIRTIOFSD");

  private AtEnd() {}

  /**
   * The program and its arguments; none if there is nothing to be done then. It takes the VM of
   * that id, and never another of that name.
   */
  static List<String> command(Path home, VmRecord vm) {
    if (!vm.remove() && !vm.restart().isOn()) {
      return List.of();
    }
    List<String> words = new ArrayList<>(environment(home, vm));
    words.addAll(java(home, vm));
    return List.copyOf(words);
  }

  /**
   * A daemon has little of it: what says how machines are started, as it was when this one was; the
   * encoding in which Java reads its arguments; and whose process it is.
   */
  private static List<String> environment(Path home, VmRecord vm) {
    List<String> words = new ArrayList<>();
    words.add(Program.find("env").map(Path::toString).orElse("/usr/bin/env"));
    words.add("LC_ALL=C.UTF-8");
    VmFiles files = new VmFiles(home.resolve(VmFiles.relative(vm.id())));
    words.add("MICA_DAEMON=" + files.restarter());
    for (String name : MACHINES) {
      String value = System.getenv(name);
      if (value != null) {
        words.add(name + "=" + value);
      }
    }
    return words;
  }

  private static List<String> java(Path home, VmRecord vm) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
        "-Dmica.core=" + Core.library(),
        "-cp",
        System.getProperty("java.class.path"),
        AtEnd.class.getName(),
        home.toString(),
        vm.name(),
        vm.id());
  }

  /** The state directory, the VM's name and its id. */
  public static void main(String[] words) throws InterruptedException {
    Vms vms = Vms.withoutCommits(StateDir.at(Path.of(words[0])).waiting(PATIENCE));
    Optional<VmRecord> again = vms.ended(words[1], words[2]);
    if (again.isPresent()) {
      new Restarter(vms, again.get()).run();
    }
  }
}
