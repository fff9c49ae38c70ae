package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a VM's monitor runs when its program has ended, whoever else is there or not: it removes a
 * VM that is to be removed then. It is a process of its own, and says in {@code hook.log} what goes
 * wrong.
 */
final class AtEnd {
  /** Whoever has the VM locked, to stop it for one, is waited for. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private AtEnd() {}

  /** The program and its arguments. It takes the VM of that id, and never another of that name. */
  static List<String> command(Path home, VmRecord vm) {
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
  public static void main(String[] words) {
    Vms.withoutCommits(StateDir.at(Path.of(words[0])).waiting(PATIENCE)).ended(words[1], words[2]);
  }
}
