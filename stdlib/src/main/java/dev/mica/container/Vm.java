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
  /** What it can be at. */
  enum State {
    /** Its program was never started; a start may be under way, or was cut short. */
    CREATED,
    /** Its program runs. */
    RUNNING,
    /** Its program stands still, and is not ended. */
    PAUSED,
    /** Its program has ended, and is about to be started again. */
    RESTARTING,
    /** Its program has ended. */
    EXITED,
    /** Its VM ended before its program did, or was never there to run it. */
    FAILED,
    /** It is no longer there, though another may have its name by now. */
    REMOVED
  }

  /** How it is called. */
  String name();

  /** The name of its files, which never changes. */
  String id();

  /** What it is at. */
  State state();

  /** The same for people: {@code exited 137 (out of memory)}. */
  String status();

  /** The exit status of its program; empty while that runs, and where nobody heard it. */
  Optional<Integer> exitStatus();

  /** Whether it is started again when its program has ended: {@code no}, {@code on-failure:3}. */
  String restartPolicy();

  /** How often it was started again by that, since somebody started it. */
  int restarts();

  /** The start folder: an image, or a folder. */
  String from();

  /** What it runs. */
  List<String> program();

  /** What it was given, bytes. */
  long memory();

  /** How many it has. */
  int processors();

  /** What it can reach: {@code none}, or {@code user} for other hosts. */
  String net();

  /** The ports of this host that lead to it; a free one has its number while it runs. */
  List<Port> ports();

  /** The folders of this host that it has too. */
  List<VmShare> shares();

  /** What people say of it. */
  Map<String, String> labels();

  /** When it was made. */
  Instant created();

  /** QEMU's process id; 0 where it does not run. */
  long pid();

  /** What its program said, as far as that is kept: both its outputs, as it was said. */
  String logs();

  /**
   * Writes what its program said as bytes, its standard output to {@code out} and its standard
   * error to {@code error}, in the order in which it was said; the two may be the same.
   *
   * @param stop whether to wait for no more, where that is wanted; asked now and then
   * @throws IOException what a file of the log or one of the two throws
   */
  void logs(LogQuery query, OutputStream out, OutputStream error, BooleanSupplier stop)
      throws IOException, InterruptedException;

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

  /**
   * Copies a file, or a folder with all in it, out of the container that runs, with its attributes.
   * Nothing in the container leads elsewhere on this host.
   *
   * @param path in the container, absolute; a link as its last name is copied as such
   * @param target a folder that is there, to lie in; else where nothing is yet, or a file
   * @return where it is now
   */
  Folder copyOut(String path, Folder target);

  /**
   * Copies a file or folder of this host into the container that runs, with its attributes. What is
   * in a folder that is there already stays, and files are replaced.
   *
   * @param path in the container, absolute: a folder that is there, to lie in; else its new place
   */
  Vm copyIn(Folder source, String path);

  /** The same as a tar that is the process's output; to be attached to. */
  Attachable send(String path);

  /** The same for a tar that is the process's input, into the folder at {@code path}. */
  Attachable receive(String path);

  /** Runs a program in it to its end. */
  Ran exec(String... program);

  /**
   * Keeps what its program changed over its start folder as a commit, exactly as it was at one
   * moment. A container that runs stands still for some milliseconds ({@link Commit#held}), and
   * goes on while its changes are taken; a paused one stays paused; of one that has ended the last
   * state is taken. There is a commit only if the layer in the store is what the guest had, to the
   * last attribute. Fails if nothing has changed, unless it is squashed.
   */
  Commit commit(CommitSpec spec);

  /** The same under that name, {@code NAME:TAG}. */
  default Commit commit(String ref) {
    return commit(CommitSpec.of(ref));
  }

  /**
   * What its program has changed over its start folder, exactly, as it is at this moment: the same
   * lines as a commit of that moment has. What is returned does not change afterwards. As with a
   * commit, a container that runs stands still for some milliseconds, and of one that has ended the
   * last state is compared; free space is needed for what was changed.
   */
  Diff diff();

  /**
   * Makes another VM of that name from what this one has changed by now, with a disk and a guest of
   * its own; its program begins anew, if this one's runs.
   */
  Vm fork(String other);

  /** What it uses: memory and CPU, by the agent's words. */
  Map<String, String> stats();

  /**
   * Removes it, with all that its program wrote. Fails while it runs; one that is no longer there
   * is fine.
   */
  void remove();
}
