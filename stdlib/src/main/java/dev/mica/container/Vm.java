package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.vm.Console;
import dev.mica.vm.stream.Attachable;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A container in a virtual machine of its own. Every answer is looked up when it is asked for. */
public interface Vm {
  /** The states of a VM. */
  enum State {
    /** Its program was never started; a start may be under way, or was cut short. */
    CREATED,
    /** Its program runs. */
    RUNNING,
    /** Its program is paused. */
    PAUSED,
    /** Its program has ended, and is about to be started again. */
    RESTARTING,
    /** Its program has ended. */
    EXITED,
    /** Its VM ended before its program did, or never came up to run it. */
    FAILED,
    /** It was removed, though another VM may have its name by now. */
    REMOVED
  }

  /** Its name. */
  String name();

  /** The name of its files, which never changes. */
  String id();

  /** Its state. */
  State state();

  /** The same for people: {@code exited 137 (out of memory)}. */
  String status();

  /**
   * The exit status of its program; empty while the program runs, and if the status is not known.
   */
  Optional<Integer> exitStatus();

  /** Whether it is started again when its program has ended: {@code no}, {@code on-failure:3}. */
  String restartPolicy();

  /** How often it was started again by this policy since somebody started it. */
  int restarts();

  /** The start folder: an image, or a folder. */
  String from();

  /** The program that it runs. */
  List<String> program();

  /** The user of its program: {@code USER} or {@code USER:GROUP}. */
  String user();

  /** Its program's working folder, in the container. */
  String workdir();

  /** Its memory in bytes. */
  long memory();

  /** The number of its processors. */
  int processors();

  /** What it can reach: {@code none}, or {@code user} for other hosts. */
  String net();

  /**
   * The ports of this host that lead to it. A port that is chosen at each start has a number only
   * while it runs.
   */
  List<Port> ports();

  /** The folders of this host that are shared with it. */
  List<VmShare> shares();

  /** Its labels. */
  Map<String, String> labels();

  /** When it was made. */
  Instant created();

  /** QEMU's process id; 0 if it does not run. */
  long pid();

  /**
   * The output of its program, as far as it is kept: standard output and standard error in the
   * order in which they were written.
   */
  String logs();

  /**
   * Writes the output of its program as bytes: its standard output to {@code out} and its standard
   * error to {@code error}, in the order in which they were written. The two streams may be the
   * same.
   *
   * @param stop whether to stop waiting for more, if waiting is wanted; asked now and then
   * @throws IOException if a file of the log or one of the two streams throws it
   */
  void logs(LogQuery query, OutputStream out, OutputStream error, BooleanSupplier stop)
      throws IOException, InterruptedException;

  /** The output of its guest's console since it was started. */
  Folder consoleLog();

  /** The console of its guest, live; it must be closed. */
  Console console();

  /** Starts its program. Fails if it runs already. */
  Vm start();

  /** Starts its program, and attaches to it from its first output on. */
  Attachable startAttached();

  /** Attaches to its running program, which goes on after detaching. */
  Attachable attach();

  /**
   * Ends its program: by SIGTERM or the signal that its image names, and by SIGKILL if it still
   * runs when the time is up. Then its VM ends. It is fine if it does not run or was removed.
   */
  Vm stop(Duration patience);

  /** The same with ten seconds. */
  default Vm stop() {
    return stop(Duration.ofSeconds(10));
  }

  /** Ends it at once. It is fine if it does not run or was removed. */
  Vm kill();

  /**
   * Sends its program a signal: {@code SIGHUP}, {@code HUP} or a number. What the program makes of
   * it is its own affair. {@code SIGKILL} is the same as {@link #kill()}.
   */
  Vm kill(String signal);

  /** Pauses it. */
  Vm pause();

  /** Resumes it. */
  Vm resume();

  /** Stops and starts it. */
  Vm restart();

  /** Waits for the end of its program. Returns the exit status. */
  int await();

  /**
   * Starts another program in it, to which the caller can attach. That program ends with the
   * container, even if somebody is attached to it.
   */
  Attachable open(ExecSpec spec);

  /**
   * Copies a file, or a folder with everything in it, out of the running container, with its
   * attributes. Nothing in the container can lead to another place on this host.
   *
   * @param path in the container, absolute; a link as its last name is copied as such
   * @param target an existing folder, to put the copy into; otherwise a path where nothing exists,
   *     or a file
   * @return the path of the copy
   */
  Folder copyOut(String path, Folder target);

  /**
   * Copies a file or folder of this host into the running container, with its attributes. Existing
   * folders are merged, and files are replaced.
   *
   * @param path in the container, absolute: an existing folder, to put the copy into; otherwise its
   *     new path
   */
  Vm copyIn(Folder source, String path);

  /** The same as a tar that is the output of the process, to which the caller can attach. */
  Attachable send(String path);

  /** The same for a tar that is the process's input, into the folder at {@code path}. */
  Attachable receive(String path);

  /** Runs a program in it to its end. */
  Ran exec(String... program);

  /**
   * Keeps what its program has changed in its start folder as a commit, exactly as it was at one
   * moment. A running container is stopped for some milliseconds ({@link Commit#held}), and goes on
   * while its changes are copied. A paused one stays paused. If it has ended, its last state is
   * committed. There is a commit only if the layer in the store is equal to what the guest had, in
   * all attributes. Fails if nothing has changed, unless it is squashed.
   */
  Commit commit(CommitSpec spec);

  /** The same under that name, {@code NAME:TAG}. */
  default Commit commit(String ref) {
    return commit(CommitSpec.of(ref));
  }

  /**
   * What its program has changed in its start folder, exactly as it is at this moment: the same
   * lines as a commit of that moment. The result does not change afterwards. As for a commit, a
   * running container is stopped for some milliseconds, and of one that has ended the last state is
   * compared. The changes need free space.
   */
  Diff diff();

  /**
   * Makes another VM of that name that begins with what this one has changed so far, with a disk
   * and a guest of its own. If the program of this one runs, the program of the other begins anew.
   */
  Vm fork(String other);

  /** What it uses: memory and CPU, by the keys of the agent's protocol. */
  Map<String, String> stats();

  /**
   * Removes it, with everything that its program wrote. Fails while it runs; it is fine if it was
   * removed already.
   */
  void remove();
}
