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
 * A machine of a state directory: one QEMU with its guest. The helper machine is one, which any
 * number of unions share; each container has another.
 *
 * <p>Its processes (QEMU, one file server for each share) are in sessions of their own and outlive
 * the JVM; whatever process opens the state directory next finds them again, for everything asked
 * here is answered from what is really there. It boots with no share and no port: those are plugged
 * while it runs. Every method may fail with a {@link MicaException} that names the step, the path
 * and the cause.
 *
 * <p>Methods that change something lock the machine while they do, and never the state directory
 * besides; a caller that does several things in a row locks it around them.
 */
public interface Machine {
  /** What the helper machine's lock is called: {@link StateDir#hold}. */
  String HELPER = MachineSpec.HELPER.object();

  /** What it can be at. */
  enum State {
    /** There is no QEMU of this state directory. */
    NONE,
    /** QEMU runs the guest. */
    RUNNING,
    /**
     * QEMU is there, and the guest stands still: what it wants to write to a disk has no room on
     * this host. Nothing is lost; {@link #resume} has it written once there is.
     */
    PAUSED,
    /** There is a QEMU process, but it does not answer: only {@link #kill} helps. */
    STUCK
  }

  /** How a machine came to run. */
  enum Start {
    /** It ran already. */
    ADOPTED,
    /** Restored as it was saved right after an earlier boot. */
    WARM,
    /** Booted from its kernel. */
    COLD
  }

  /**
   * What the machine is at.
   *
   * @param state what it is at
   * @param pid QEMU's process id; 0 where there is none
   * @param started when that process began; empty where there is none
   * @param accel {@code kvm} or {@code tcg}; "" where there is none
   * @param kernel the release of the guest's kernel; "" where there is none
   * @param memory what the guest was given, bytes; 0 where there is none
   */
  record Status(
      State state, long pid, Optional<Instant> started, String accel, String kernel, long memory) {}

  /** One of that state directory; nothing is done yet. */
  static Machine of(StateDir state, MachineSpec spec) {
    return of(state, spec, System.getenv());
  }

  /** The same with other variables than the process's own, {@code MICA_VIRTIOFSD} for one. */
  static Machine of(StateDir state, MachineSpec spec, Map<String, String> environment) {
    return new QemuMachine(state, spec, Starter.Settings.of(environment));
  }

  /**
   * A part that a machine is made of, for {@code mica doctor}.
   *
   * @param works whether it is there and as good as it can be
   * @param fatal whether without it there is no machine
   * @param found what was found, or why it is not there
   * @param fix the line that mends it; "" where nothing is to mend
   */
  record Part(String name, boolean works, boolean fatal, String found, String fix) {}

  /** The parts, as far as they can be looked at without booting one. */
  List<Part> parts();

  /** Why no machine can be booted here, with what to do, as one line; a quick look. */
  Optional<MicaException> refusal();

  /**
   * Sees that it runs and its agent answers. A start that hangs is ended at its deadline and done
   * once more; the second failure shows the end of the console's log. Also after {@link
   * State#STUCK}: what does not answer is killed first.
   *
   * @param idle after how long without a union it powers itself off; zero: never
   */
  Start boot(Duration idle);

  /** What it is at; takes no lock. */
  Status status();

  /** Lets a guest that is {@link State#PAUSED} go on; it may stop again at once. */
  void resume();

  /**
   * A conversation with the agent, greeted; to be closed. The agent hears one client at a time:
   * keep it short and have the machine locked.
   */
  Agent agent();

  /**
   * Gives the folder to the guest, the directory that is open and nothing else that its path may
   * lead to by now; returns when the guest can mount it. A folder already plugged read-only is
   * plugged once, and the same share is returned; read-write ones are always new.
   */
  Share plugShare(OpenDirectory folder, boolean readOnly);

  /**
   * Gives a folder to the guest that programs of this host use too, the directory that is open:
   * each side sees at once what the other has written, and nobody in the guest can make a device in
   * it, or a program with set-id bits or capabilities.
   */
  Share plugVolume(OpenDirectory folder, boolean readOnly);

  /**
   * Gives folders to the guest as one share, which nobody in there can write to: the first is the
   * directory {@code 0} in it, the next {@code 1}, and so on. It goes by the first of them.
   */
  Share plugLayers(List<OpenDirectory> folders);

  /**
   * Where the guest's kernel has the share's device: its PCI address, as {@code 0000:01:05.0};
   * empty where it is not plugged.
   */
  Optional<String> device(String tag);

  /**
   * Takes a share away; the guest has unmounted it before and let go of its device, and is not
   * asked. One that is not there is fine.
   */
  void unplugShare(String tag);

  /**
   * Ends the share's file server, if it runs, and forgets the share; the guest keeps the device
   * until its end, for its kernel would wait for ever for the server before it let that go.
   */
  void abandonShare(String tag);

  /**
   * Gives the guest, which has none yet, a network card with that link; returns when the guest can
   * find it. What is carried then ends with the machine.
   */
  void plugNetwork(Link link);

  /** Whether what carries the link of {@link #plugNetwork} runs; takes no lock. */
  boolean isLinked();

  /** The shares whose file server runs. */
  List<Share> shares();

  /**
   * The shares that were plugged and whose file server has ended, with 0 for its process id. A
   * guest that uses one waits for ever. A machine that ends takes its file servers along.
   */
  List<Share> lostShares();

  /**
   * Gives the guest a virtio-serial port of that name, at most 63 characters of {@code [a-z0-9.-]}.
   *
   * @return the unix socket of its host side, where QEMU listens for one client at a time; may be
   *     longer than the 107 bytes that a socket's address has room for
   */
  Path plugPort(String name);

  /** Takes a port away; whoever is connected is cut off. One that is not there is fine. */
  void unplugPort(String name);

  /** The names of the plugged ports. */
  List<String> ports();

  /** Those of them to whose socket a client is connected. */
  Set<String> busyPorts();

  /**
   * Keeps the content of a disk, by its place in the spec, as it is now; its guest holds the file
   * system on it still meanwhile. There is one snapshot of a disk at a time. Until {@link
   * #releaseSnapshot} what the guest writes over is kept in a file beside the disk.
   */
  void takeSnapshot(int disk);

  /**
   * Gives the guest that snapshot as a read-only disk, which it keeps, with nothing on it, when the
   * snapshot has ended.
   *
   * @return its serial number
   */
  String plugSnapshot(int disk);

  /** Ends a snapshot, whatever it is at; the guest has unmounted it. None is fine. */
  void releaseSnapshot(int disk);

  /** What the guest wrote on its console since it booted. Last lines matter most. */
  Path consoleLog();

  /** Its console, live; to be closed. Fails where somebody else has it. Takes no lock. */
  Console console();

  /**
   * Has the guest flush, unmount and power off; kills it if it does not within its deadline.
   * Returns when every process of it is gone. Not running is fine.
   */
  void shutdown();

  /** Ends QEMU and the file servers at once; returns when they are gone. Not running is fine. */
  void kill();
}
