package dev.mica.shell.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * The programs that a line runs in the foreground. Ctrl-C reaches each that is there; one that is
 * started a moment later, or goes on, would read the next line's keys.
 *
 * @param before those that were there when the line began, which are none of its
 */
public record Children(Set<Long> before) {
  private static final long PATIENCE_MILLIS = 1_000;

  /** Of the line that begins now. */
  public static Children ofLine() {
    return new Children(
        ProcessHandle.current().descendants().map(ProcessHandle::pid).collect(Collectors.toSet()));
  }

  /** Ends those in the foreground, as Ctrl-C was to do. */
  public void end() throws InterruptedException {
    String foreground = group(ProcessHandle.current());
    List<ProcessHandle> left =
        ProcessHandle.current()
            .descendants()
            .filter(child -> !before.contains(child.pid()) && group(child).equals(foreground))
            .toList();
    left.forEach(ProcessHandle::destroy);
    CompletableFuture<?> gone =
        CompletableFuture.allOf(
            left.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new));
    try {
      gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException deaf) {
      left.forEach(ProcessHandle::destroyForcibly);
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** The process group, the third field behind the name; empty if the process is gone. */
  private static String group(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc", String.valueOf(process.pid()), "stat"));
      return stat.substring(stat.lastIndexOf(')') + 2).split(" ", 4)[2];
    } catch (IOException gone) {
      return "";
    }
  }
}
