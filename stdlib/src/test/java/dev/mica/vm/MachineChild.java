package dev.mica.vm;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.test.Guests;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Another process with a helper VM, until it is killed. */
final class MachineChild {
  private MachineChild() {}

  public static void main(String[] words) {
    Machine machine =
        new QemuMachine(
            StateDir.at(Path.of(words[0])),
            MachineSpec.HELPER,
            Starter.Settings.of(Guests.environment()));
    if (words.length == 1) {
      System.out.println(tried(machine));
      return;
    }
    machine.boot(Duration.ZERO);
    try (OpenDirectory folder = OpenDirectory.of(Path.of(words[1]))) {
      machine.plugShare(folder, true);
    }
    System.out.println("up");
    while (true) {
      LockSupport.park();
    }
  }

  private static String tried(Machine machine) {
    try {
      return machine.boot(Duration.ZERO).toString();
    } catch (MicaException failure) {
      return String.valueOf(failure.getMessage());
    }
  }
}
