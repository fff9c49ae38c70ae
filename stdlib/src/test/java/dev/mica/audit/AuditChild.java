package dev.mica.audit;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.time.InstantSource;

/** Another process that writes into the same audit. */
final class AuditChild {
  private AuditChild() {}

  /** HOME, what it is called, and how many lines; without end if that is negative. */
  public static void main(String[] words) {
    AuditLog log =
        new AuditLog(StateDir.at(Path.of(words[0])), AuditTest.SMALL, InstantSource.system());
    Caller caller = Caller.ofProcess().seenBy(log);
    int lines = Integer.parseInt(words[2]);
    for (int i = 0; i != lines; i++) {
      caller.run(Role.OPERATOR, "write", words[1] + " " + i, () -> {});
      if (i == 0) {
        System.out.println("begun");
      }
    }
  }
}
