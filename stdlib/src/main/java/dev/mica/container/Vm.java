package dev.mica.container;

import dev.mica.folder.Folder;
import dev.mica.vm.Console;
import dev.mica.vm.stream.Attachable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A container in a virtual machine of its own. Every answer is looked up when it is asked for. */
public interface Vm {
  /** What it can be at. */
  enum State {
    /** Its program was never started; a start may be under way, or was cut short. */
    CREATED,
    /** Its program runs. */
    RUNNING,
    /** Its program stands still, and is not ended. */
    PAUSED,
    /** Its program has ended. */
    EXITED,
    /** Its VM ended before its program did, or was never there to run it. */
    FAILED,
    /** It is no longer there, though another may have its name by now. */
    REMOVED
  }

  /** How it is called. */
  String name();

  /** What its files are called, for good. */
  String id();

  /** What it is at. */
  State state();

  /** The same for people: {@code exited 137 (out of memory)}. */
  String status();

  /** The exit status of its program; empty while that runs, and where nobody heard it. */
  Optional<Integer> exitStatus();

  /** The start folder: an image, or a folder. */
  String from();

  /** What it runs. */
  List<String> program();

  /** What it was given, bytes. */
  long memory();

  /** How many it has. */
  int processors();

  /** What people say of it. */
  Map<String, String> labels();

  /** When it was made. */
  Instant created();

  /** QEMU's process id; 0 where it does not run. */
  long pid();

  /** What its program said, as far as that is kept: both its outputs, as it was said. */
  String logs();

  /** The same as bytes, the outputs apart, and what it will say; to be closed. */
  VmLog log(LogQuery query);

  /** What its guest said on its console since it was started. */
  Folder consoleLog();

  /** The console of its guest, live; to be closed. */
  Console console();

  /** Starts its program. Fails if that runs. */
  Vm start();

  /** Starts its program, to be attached to from its first word on. */
  Attachable startAttached();

  /** Its program that runs, to be attached to. It goes on without. */
  Attachable attach();

  /**
   * Has its program end: SIGTERM, and SIGKILL if it is still there when the time is up. Then its VM
   * ends. Not running is fine, and so is one that is no longer there.
   */
  Vm stop(Duration patience);

  /** The same with ten seconds. */
  default Vm stop() {
    return stop(Duration.ofSeconds(10));
  }

  /** Ends it at once. Not running is fine, and so is one that is no longer there. */
  Vm kill();

  /** Has it stand still. */
  Vm pause();

  /** Lets it go on. */
  Vm resume();

  /** Stops and starts it. */
  Vm restart();

  /** Waits for the end of its program; the exit status. */
  int await();

  /**
   * Starts a program in it, besides its own; to be attached to. It ends with the container, whoever
   * attaches to it.
   */
  Attachable open(ExecSpec spec);

  /** Runs a program in it to its end. */
  Ran exec(String... program);

  /** What it uses: memory and CPU, by the agent's words. */
  Map<String, String> stats();

  /**
   * Removes it, with all that its program wrote. Fails while it runs; one that is no longer there
   * is fine.
   */
  void remove();
}
