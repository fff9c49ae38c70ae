package dev.mica.container;

import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The process that has the streams of a container's first process: {@code mica-monitor}. It writes
 * the log, keeps how the process ended, and serves whoever attaches. It outlives the JVM.
 */
record Monitor(VmFiles files) {
  private static final Duration START = Duration.ofSeconds(30);

  private Daemon daemon() {
    return new Daemon(files.pid());
  }

  boolean isAlive() {
    return daemon().isAlive();
  }

  /** That process, if it is there. */
  Optional<ProcessHandle> process() {
    return daemon().process();
  }

  /**
   * Starts it: the guest may be told of the token then.
   *
   * @param port where QEMU listens
   * @param peer QEMU's process id: whatever else listens there is told nothing
   * @param atEnd the program that it runs when the process has ended, and arguments; none
   */
  void start(Path port, long peer, String token, boolean input, List<String> atEnd) {
    List<String> words = new ArrayList<>(List.of(Program.ours("mica-monitor").toString()));
    words.addAll(List.of("--port", port.toString(), "--peer", Long.toString(peer)));
    words.addAll(List.of("--token", token, "--attach", files.attach().toString()));
    words.addAll(List.of("--log", files.log().toString(), "--exit", files.exit().toString()));
    words.addAll(List.of("--pid", files.pid().toString()));
    if (input) {
      words.add("--stdin");
    }
    if (!atEnd.isEmpty()) {
      words.add("--");
      words.addAll(atEnd);
    }
    daemon().start(words, files.directory(), files.said(), START);
  }

  /**
   * Ends it, and the program that it runs at the end; what it would have told of the process's end
   * is lost. It ends by itself if we are that program.
   */
  void stop() {
    long us = ProcessHandle.current().pid();
    boolean waitsForUs =
        process().stream()
            .flatMap(ProcessHandle::descendants)
            .anyMatch(process -> process.pid() == us);
    if (!waitsForUs) {
      daemon().kill();
    }
  }
}
