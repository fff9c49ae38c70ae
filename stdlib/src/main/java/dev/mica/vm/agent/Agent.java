package dev.mica.vm.agent;

import dev.mica.failure.MicaException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with the agent in the guest; the methods are the verbs of {@code
 * docs/agent-protocol.md}. Every verb may be repeated. A failure is a {@link MicaException} with
 * the step, the guest's path and the cause. If an answer does not come within the verb's time
 * limit, that is a failure too, and the conversation is over then.
 *
 * <p>Guest paths: shares are at {@code /shares/NAME}, unions at {@code /unions/NAME}.
 */
public interface Agent extends AutoCloseable {
  /**
   * What the agent says about itself.
   *
   * @param version the version of the protocol
   * @param digest of the agent's own binary
   * @param kernel the guest kernel's release
   * @param uptime since the guest's kernel began
   */
  record Hello(int version, String digest, String kernel, Duration uptime) {}

  /**
   * What a mounted share can do, found out by trying it in the guest.
   *
   * @param can the words of the protocol that are true: {@code xattr trusted whiteout exchange
   *     noreplace link tmpfile acl times case}
   * @param maxName length of the longest name in bytes
   */
  record Probe(Set<String> can, int maxName) {}

  /**
   * A request on which the agent works until somebody waits for it. Any number of these may be
   * under way at once, and other verbs too.
   */
  interface Answer<T> {
    /** Waits for the answer; fails if the verb has failed. */
    T await();
  }

  /** The answer to the greeting that began this conversation. */
  Hello hello();

  /**
   * Mounts the share of that tag, which is plugged in, at {@code /shares/NAME}. Returns its probe.
   */
  Answer<Probe> mountShare(String tag, String name, boolean readOnly);

  /** Mounts it read-write, and tries only those words of the protocol. */
  Answer<Probe> mountShare(String tag, String name, Set<String> asked);

  /** Mounts it without trying anything in it, because its files are not only the guest's. */
  Answer<Boolean> mountVolume(String tag, String name);

  /**
   * Unmounts {@code /shares/NAME} and releases its device.
   *
   * @param device its PCI address, as the machine gives it; empty if it is not plugged in
   */
  void unmountShare(String name, Optional<String> device);

  /**
   * Abandons a share whose file server is gone. A process that waits for the server goes on
   * waiting, but blocks nobody else.
   */
  void abandonShare(String name);

  /**
   * Mounts a union at {@code /unions/NAME}.
   *
   * @param lowers topmost first, each {@code SHARE} or {@code SHARE/sub}
   * @param upper in the same form; null: read-only
   * @param work in the same form, in the same share as the upper
   */
  void union(String name, List<Path> lowers, @Nullable Path upper, @Nullable Path work);

  /**
   * The same for a container, with another lower below all others, which has only mount points, so
   * that the runtime does not make them in the upper.
   *
   * @param skeleton the mount points, each {@code d:/path} for a directory or {@code f:/path} for
   *     an empty file; if the lowers have something of that name, it is seen instead
   */
  void union(String name, List<Path> lowers, Path upper, Path work, List<String> skeleton);

  /** Unmounts a union. */
  void unmount(String name);

  /**
   * Abandons a union if one of its file servers is gone, and ends its export; nothing is flushed.
   */
  void abandonUnion(String name);

  /**
   * Starts serving a union as FUSE over a port that is plugged in; what is sent there before waits.
   *
   * @param files how many files each of its shares' file servers can have open, at least
   */
  Answer<Boolean> exportFuse(String name, String port, long files);

  /** Stops serving the union. */
  void unexport(String name);

  /**
   * The port and session for the streams of a process.
   *
   * @param port a port that is plugged in
   * @param token token of the session, hexadecimal
   * @param terminal whether the process has a terminal
   */
  record Streams(String port, String token, boolean terminal) {}

  /**
   * Mounts the disk of that serial number at {@code /disks/NAME}, and makes these directories in
   * it. A layer of a union on the disk is written {@code @NAME/sub}.
   */
  Answer<Boolean> mountDisk(String serial, String name, List<String> directories);

  /**
   * Mounts the read-only disk of that serial number at {@code /disks/NAME}, as its file system was
   * when it was frozen.
   */
  Answer<Boolean> mountSnapshot(String serial, String name);

  /** Unmounts a disk; its device stays. It is fine if it is not mounted. */
  void unmountDisk(String name);

  /**
   * Freezes a container and the file system of a disk, and everything that was written is then on
   * the disk. After {@code deadline} both go on by themselves.
   */
  void freeze(String name, String disk, Duration deadline);

  /**
   * Lets both go on. Returns how long the container was frozen. Fails if they went on by themselves
   * before that.
   */
  Duration thaw(String name);

  /**
   * Asks the guest to send the folder {@code path} of a disk over a port that is plugged in, with
   * all attributes. The stream itself says how that ends. This does not wait for the answer, so
   * that other verbs can be used meanwhile.
   */
  void capture(String disk, String path, String port, String token);

  /** Makes a network namespace for a container, with only its loopback interface. */
  void network(String name);

  /**
   * Makes one with the guest's network card in it.
   *
   * @param address address of the card, with its network: {@code 10.0.2.15/24}
   * @param gateway the address to which packets for other networks are sent
   */
  void network(String name, String address, String gateway);

  /** Writes a file of a container's bundle. */
  void file(String name, String file, byte[] content);

  /**
   * A user of a container.
   *
   * @param uid number of the user
   * @param gid number of the group
   * @param groups numbers of the other groups that it is in
   * @param home its folder, in the container
   */
  record User(long uid, long gid, List<Long> groups, String home) {
    /** Copies the list. */
    public User {
      groups = List.copyOf(groups);
    }
  }

  /**
   * Looks up {@code USER} or {@code USER:GROUP}, names or numbers, in the union of that name; fails
   * with an {@link AgentFailure} as its cause if there is no such name.
   */
  User user(String name, String user);

  /**
   * Starts a container as its bundle's {@code config.json} says. Returns the process id of its
   * first process once that was started. When that process has ended, the guest powers off.
   */
  Answer<Long> run(String name, Streams streams);

  /**
   * Starts another process in it, as the bundle's {@code exec-ID.json} says. Returns its process
   * id.
   */
  Answer<Long> exec(String name, String id, Streams streams);

  /**
   * Starts a process that writes what is at {@code path} in a running container as a tar to its
   * standard output. It exits with 0 if all was written. Returns its process id.
   */
  Answer<Long> send(String name, String id, String path, Streams streams);

  /**
   * Starts a process that reads a tar from its standard input and puts it into the folder at {@code
   * path}. If there is no folder and {@code into} does not require one, the only entry of the tar
   * becomes the path.
   */
  Answer<Long> receive(String name, String id, String path, boolean into, Streams streams);

  /**
   * Starts a process that serves the files of a running container by {@code docs/files-protocol.md}
   * to whoever has its streams. Returns its process id.
   */
  Answer<Long> files(String name, String id, Streams streams);

  /** Sends a signal to a container's first process, or to all. */
  void signal(String name, int signal, boolean all);

  /** Freezes a container; it is frozen when this returns. */
  void pause(String name);

  /** Thaws it. */
  void resume(String name);

  /** What it uses, by the names of the protocol. */
  Map<String, String> usage(String name);

  /** Kills what is left of a container, and removes it and its bundle. */
  void delete(String name);

  /** Flushes one union's upper, or with null everything. */
  void sync(@Nullable String name);

  /** Numbers of the guest, by the names of the protocol. */
  Map<String, String> stats();

  /** What is mounted and exported, with one map of the protocol's facts for each. */
  List<Map<String, String>> list();

  /** Makes the guest power off when there has been no union for so long; zero: never. */
  void idle(Duration delay);

  /** Makes the guest flush, unmount and power off; after that it does not answer any more. */
  void poweroff();

  /** Hangs up. */
  @Override
  void close();
}
