package dev.mica.test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** QEMU, the file servers, monitors and others that a state directory's VMs have running. */
public final class Daemons {
  private Daemons() {}

  /** The command lines of those of the state directory {@code home}. */
  public static List<String> of(Path home) {
    String mark = "MICA_DAEMON=" + home;
    return ProcessHandle.allProcesses()
        .map(process -> Path.of("/proc", Long.toString(process.pid())))
        .filter(process -> text(process.resolve("environ")).contains(mark))
        .map(process -> text(process.resolve("cmdline")).replace('\0', ' '))
        .filter(command -> !command.isEmpty()) // it has ended, and waits for its parent
        .toList();
  }

  private static String text(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException gone) {
      return "";
    }
  }
}
