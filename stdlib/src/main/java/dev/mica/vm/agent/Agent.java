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
 * A conversation with the agent in the guest: {@code docs/agent-protocol.md}, verb by verb. Every
 * verb may be repeated. A failure is a {@link MicaException} with the step, the guest's path and
 * the cause; an answer that does not come within the verb's time limit is one too, and the
 * conversation is over then.
 *
 * <p>Guest paths: shares are at {@code /shares/NAME}, unions at {@code /unions/NAME}.
 */
public interface Agent extends AutoCloseable {
  /**
   * What the agent says of itself.
   *
   * @param version the protocol's
   * @param digest of the agent's own binary
   * @param kernel the guest kernel's release
   * @param uptime since the guest's kernel began
   */
  record Hello(int version, String digest, String kernel, Duration uptime) {}

  /**
   * What a mounted share can do, found by doing it in the guest.
   *
   * @param can the words of the protocol that hold: {@code xattr trusted whiteout exchange
   *     noreplace link tmpfile acl times case}
   * @param maxName the longest name, bytes
   */
  record Probe(Set<String> can, int maxName) {}

  /**
   * What the agent was asked, and works on until somebody needs to know. Any number may be under
   * way at once, and other verbs besides.
   */
  interface Answer<T> {
    /** Waits for it; fails as the verb did. */
    T await();
  }

  /** The answer to the greeting that began this conversation. */
  Hello hello();

  /** Mounts the share of that tag, which is plugged, at {@code /shares/NAME}; its probe. */
  Answer<Probe> mountShare(String tag, String name, boolean readOnly);

  /** Mounts it to be written to, and tries only those words of the protocol. */
  Answer<Probe> mountShare(String tag, String name, Set<String> asked);

  /** Mounts it as it is: nothing is tried in it, for its files are not only the guest's. */
  Answer<Boolean> mountVolume(String tag, String name);

  /**
   * Unmounts {@code /shares/NAME} and lets go of its device.
   *
   * @param device its PCI address, as the machine says it; empty where it is not plugged
   */
  void unmountShare(String name, Optional<String> device);

  /**
   * Takes away a share whose file server is gone. Whoever waits for the server goes on waiting, but
   * holds up nobody.
   */
  void abandonShare(String name);

  /**
   * Mounts a union at {@code /unions/NAME}.
   *
   * @param lowers topmost first, each {@code SHARE} or {@code SHARE/sub}
   * @param upper likewise; null: read-only
   * @param work likewise, in the same share as the upper
   */
  void union(String name, List<Path> lowers, @Nullable Path upper, @Nullable Path work);

  /**
   * The same of a container, with a lowest lower besides that has nothing but mount points, so that
   * nobody makes them in the upper.
   *
   * @param skeleton what lies there, each {@code d:/path} for a directory or {@code f:/path} for an
   *     empty file; what the lowers have of that name is there instead
   */
  void union(String name, List<Path> lowers, Path upper, Path work, List<String> skeleton);

  /** Unmounts a union. */
  void unmount(String name);

  /** Takes away a union of which a file server is gone, and ends its export; nothing is flushed. */
  void abandonUnion(String name);

  /**
   * Starts serving a union as FUSE over a port that is plugged; what is sent there before waits.
   *
   * @param files how many files each of its shares' file servers can have open, at least
   */
  Answer<Boolean> exportFuse(String name, String port, long files);

  /** Stops that. */
  void unexport(String name);

  /**
   * Where the streams of a process go.
   *
   * @param port that is plugged
   * @param token of the session, hexadecimal
   * @param terminal whether it has one
   */
  record Streams(String port, String token, boolean terminal) {}

  /**
   * Mounts the disk of that serial number at {@code /disks/NAME}, with these directories in it. A
   * layer of a union that lies there is {@code @NAME/sub}.
   */
  Answer<Boolean> mountDisk(String serial, String name, List<String> directories);

  /**
   * Mounts the read-only disk of that serial number at {@code /disks/NAME}, as its file system was
   * when it was frozen.
   */
  Answer<Boolean> mountSnapshot(String serial, String name);

  /** Unmounts a disk, whose device stays. One that is not mounted is fine. */
  void unmountDisk(String name);

  /**
   * Has a container and the file system of a disk stand still, with all on the disk that was
   * written. After {@code deadline} both go on by themselves.
   */
  void freeze(String name, String disk, Duration deadline);

  /**
   * Lets them go on; how long the container stood still. Fails where they went on by themselves
   * before that.
   */
  Duration thaw(String name);

  /**
   * Has the guest send the folder {@code path} of a disk over a port that is plugged, exact to the
   * last attribute. The stream itself says how that ends; its answer is not waited for, so that
   * others can be talked with meanwhile.
   */
  void capture(String disk, String path, String port, String token);

  /** Makes a network namespace for a container, with nothing but its loopback in it. */
  void network(String name);

  /**
   * Makes one with the guest's network card in it.
   *
   * @param address the card's, with its network: {@code 10.0.2.15/24}
   * @param gateway whom all that goes elsewhere is sent to
   */
  void network(String name, String address, String gateway);

  /** Writes a file of a container's bundle. */
  void file(String name, String file, byte[] content);

  /**
   * Who a user of a container is.
   *
   * @param uid the number
   * @param gid of the group
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
   * with an {@link AgentFailure} as its cause where there is no such name.
   */
  User user(String name, String user);

  /**
   * Starts a container as its bundle's {@code config.json} says; once its first process was
   * started, that one's process id. When that process has ended the guest powers off.
   */
  Answer<Long> run(String name, Streams streams);

  /** Starts another process in it, as the bundle's {@code exec-ID.json} says; its process id. */
  Answer<Long> exec(String name, String id, Streams streams);

  /**
   * Has what lies at {@code path} in a container that runs written as a tar to the standard output
   * of a process, which ends with 0 if all of it is; that one's process id.
   */
  Answer<Long> send(String name, String id, String path, Streams streams);

  /**
   * Has a tar read from the standard input of a process and put into the folder at {@code path};
   * or, where none is and {@code into} does not ask for one, its one entry there.
   */
  Answer<Long> receive(String name, String id, String path, boolean into, Streams streams);

  /** Sends a signal to a container's first process, or to all. */
  void signal(String name, int signal, boolean all);

  /** Freezes a container; it stands still when this returns. */
  void pause(String name);

  /** Lets it go on. */
  void resume(String name);

  /** What it uses, by the protocol's names. */
  Map<String, String> usage(String name);

  /** Kills what is left of a container, and forgets it and its bundle. */
  void delete(String name);

  /** Flushes one union's upper, or with null everything. */
  void sync(@Nullable String name);

  /** Figures of the guest, by the protocol's names. */
  Map<String, String> stats();

  /** What is mounted and exported, one map of the protocol's facts each. */
  List<Map<String, String>> list();

  /** Has the guest power off once there has been no union for so long; zero: never. */
  void idle(Duration delay);

  /** Has the guest flush, unmount and power off; it does not answer any more then. */
  void poweroff();

  /** Hangs up. */
  @Override
  void close();
}
