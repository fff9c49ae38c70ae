package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The process that wrote a journal entry, so told that no other can be taken for it.
 *
 * @param started in the kernel's ticks since boot: another process of the same number has another
 * @param boot the kernel's id of this boot
 */
record Writer(long pid, long started, String boot) {
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final int STARTED_AFTER_NAME = 19; // field 22 of proc_pid_stat(5), the name is 2

  static Writer self() {
    long pid = ProcessHandle.current().pid();
    return new Writer(pid, startOf(pid).orElse(0L), thisBoot());
  }

  /** Whether that very process is still there. */
  boolean isAlive() {
    return boot.equals(thisBoot()) && startOf(pid).filter(start -> start == started).isPresent();
  }

  ObjectNode toJson() {
    return Records.object().put("pid", pid).put("started", started).put("boot", boot);
  }

  static Writer of(JsonNode json) {
    return new Writer(
        json.path("pid").asLong(0),
        json.path("started").asLong(-1),
        json.path("boot").asString(""));
  }

  private static String thisBoot() {
    try {
      return Files.readString(BOOT).strip();
    } catch (IOException broken) {
      throw MicaException.failed("read", BOOT, Why.of(broken)).because(broken);
    }
  }

  private static Optional<Long> startOf(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return Optional.of(Long.parseLong(fields[STARTED_AFTER_NAME]));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }
}
