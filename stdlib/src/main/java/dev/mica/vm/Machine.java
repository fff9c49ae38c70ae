package dev.mica.vm;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.network.Link;
import dev.mica.vm.share.Share;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A machine of a state directory: one QEMU with its guest. One of them is the helper machine, which
 * all unions share; each container has a machine of its own.
 *
 * <p>Its processes (QEMU, one file server for each share) are in sessions of their own and outlive
 * the JVM. The next process that opens the state directory finds them again, because every answer
 * here comes from the running processes. The machine boots without shares and ports: these are
 * plugged in while it runs. Every method may fail with a {@link MicaException} that names the step,
 * the path and the cause.
 *
 * <p>Methods that change something lock the machine meanwhile, and never the state directory in
 * addition. A caller that does several things in a row locks the machine around them.
 */
public interface Machine {
  /** The name of the helper machine's lock: {@link StateDir#hold}. */
  String HELPER = MachineSpec.HELPER.object();

  /** The states of a machine. */
  enum State {
    /** There is no QEMU of this state directory. */
    NONE,
    /** QEMU runs the guest. */
    RUNNING,
    /**
     * QEMU runs, and the guest is stopped, because there is no room on this host for what it wants
     * to write to a disk. Nothing is lost; {@link #resume} writes it when there is room.
     */
    PAUSED,
    /** There is a QEMU process, but it does not answer: only {@link #kill} helps. */
    STUCK
  }

  /** How a machine came to run. */
  enum Start {
    /** The machine ran already. */
    ADOPTED,
    /** Restored as it was saved right after an earlier boot. */
    WARM,
    /** Booted from its kernel. */
    COLD
  }

  /**
   * The state of the machine.
   *
   * @param state the state
   * @param pid QEMU's process id; 0 if there is none
   * @param started when that process began; empty if there is none
   * @param accel {@code kvm} or {@code tcg}; "" if there is none
   * @param kernel the release of the guest's kernel; "" if there is none
   * @param memory the guest's memory in bytes; 0 if there is none
   */
  record Status(
      State state, long pid, Optional<Instant> started, String accel, String kernel, long memory) {}

  /** A machine of that state directory; nothing is done yet. */
  static Machine of(StateDir state, MachineSpec spec) {
    return of(state, spec, System.getenv());
  }

  /**
   * The same with other environment variables than the process's own, for example {@code
   * MICA_VIRTIOFSD}.
   */
  static Machine of(StateDir state, MachineSpec spec, Map<String, String> environment) {
    return new QemuMachine(state, spec, Starter.Settings.of(environment));
  }

  /**
   * A part of a machine, for {@code mica doctor}.
   *
   * @param works whether it exists and works without limits
   * @param fatal whether there can be no machine without it
   * @param found what was found, or why it was not
   * @param fix the command that repairs it; "" if nothing is wrong
   */
  record Part(String name, boolean works, boolean fatal, String found, String fix) {}

  /** The parts, as far as they can be checked without booting a machine. */
  List<Part> parts();

  /** Why no machine can be booted here, and what to do, in one line; a quick check. */
  Optional<MicaException> refusal();

  /**
   * Makes sure that the machine runs and its agent answers. A start that hangs is ended at its
   * deadline and repeated once; the second failure shows the end of the console's log. It also
   * works after {@link State#STUCK}: processes that do not answer are killed first.
   *
   * @param idle the time without a union after which it powers itself off; zero: never
   */
  Start boot(Duration idle);

  /** Its state; takes no lock. */
  Status status();

  /** Resumes a guest that is {@link State#PAUSED}; it may stop again at once. */
  void resume();

  /**
   * A conversation with the agent, which is already greeted; it must be closed. The agent serves
   * one client at a time, so keep it short, with the machine locked.
   */
  Agent agent();

  /**
   * Gives the guest the folder: the directory that is open, even if its path leads elsewhere by
   * now. Returns when the guest can mount it. A folder that is plugged in read-only already is not
   * plugged in again, and the same share is returned; read-write shares are always new.
   */
  Share plugShare(OpenDirectory folder, boolean readOnly);

  /**
   * Gives the guest a folder that programs of this host use too: the directory that is open. Each
   * side sees at once what the other has written, and nobody in the guest can make a device in it,
   * or a program with set-id bits or capabilities.
   */
  Share plugVolume(OpenDirectory folder, boolean readOnly);

  /**
   * Gives the guest folders as one share, to which nobody in the guest can write: the first is the
   * directory {@code 0} in it, the next {@code 1}, and so on. The share is identified by the first
   * one.
   */
  Share plugLayers(List<OpenDirectory> folders);

  /**
   * The PCI address at which the guest's kernel has the share's device, such as {@code
   * 0000:01:05.0}; empty if it is not plugged in.
   */
  Optional<String> device(String tag);

  /**
   * Unplugs a share. The guest has unmounted it and released its device before, and is not asked.
   * It is fine if there is no such share.
   */
  void unplugShare(String tag);

  /**
   * Ends the share's file server, if it runs, and forgets the share. The guest keeps the device
   * until its end, because its kernel would wait for ever for the server before it released the
   * device.
   */
  void abandonShare(String tag);

  /**
   * Gives the guest, which has none yet, a network card with that link. Returns when the guest can
   * find it. The process that carries the link ends with the machine.
   */
  void plugNetwork(Link link);

  /** Whether the process that carries the link of {@link #plugNetwork} runs; takes no lock. */
  boolean isLinked();

  /** The shares whose file server runs. */
  List<Share> shares();

  /**
   * The shares that were plugged in and whose file server has ended, with process id 0. A guest
   * that uses one waits for ever. When a machine ends, its file servers end too.
   */
  List<Share> lostShares();

  /**
   * Gives the guest a virtio-serial port of that name, at most 63 characters of {@code [a-z0-9.-]}.
   *
   * @return the unix socket of its host side, where QEMU listens for one client at a time; its path
   *     may be longer than the 107 bytes for which a socket's address has room
   */
  Path plugPort(String name);

  /** Unplugs a port; a connected client is cut off. It is fine if there is no such port. */
  void unplugPort(String name);

  /** The names of the ports that are plugged in. */
  List<String> ports();

  /** The names of the ports to whose socket a client is connected. */
  Set<String> busyPorts();

  /**
   * Keeps the content of a disk, given by its position in the spec, as it is now. Meanwhile the
   * guest has its file system frozen. There is one snapshot of a disk at a time. Until {@link
   * #releaseSnapshot}, what the guest overwrites is kept in a file beside the disk.
   */
  void takeSnapshot(int disk);

  /**
   * Gives the guest that snapshot as a read-only disk. When the snapshot has ended, the guest keeps
   * the disk, which is empty then.
   *
   * @return its serial number
   */
  String plugSnapshot(int disk);

  /** Ends a snapshot in any state; the guest has unmounted it. It is fine if there is none. */
  void releaseSnapshot(int disk);

  /** What the guest has written on its console since it booted. The last lines matter most. */
  Path consoleLog();

  /** Its console, live; it must be closed. Fails if another process has it. Takes no lock. */
  Console console();

  /**
   * Asks the guest to flush, unmount and power off; kills it if it does not do so before the
   * deadline. Returns when all its processes are gone. It is fine if it does not run.
   */
  void shutdown();

  /**
   * Ends QEMU and the file servers at once. Returns when they are gone. It is fine if it does not
   * run.
   */
  void kill();
}
