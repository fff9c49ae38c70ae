package dev.mica.vm.qemu;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.LogTail;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/**
 * One QEMU process and its directory: sockets, process id, logs. {@code mica-launch} gives QEMU its
 * own user and its own root: it sees nothing of this host except what is listed here.
 */
public final class Qemu {
  /** What QEMU's root has the folder of {@link #peers} as. */
  public static final String PEERS = "peers";

  private static final int FIRST_USER = 61184;
  private static final int USERS = 4336;

  private static final Duration START = Duration.ofSeconds(30);
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);

  private final Path directory;
  private final String guest;

  /**
   * The QEMU in that directory.
   *
   * @param guest the name of the machine for people: "helper VM", "VM web"
   */
  public Qemu(Path directory, String guest) {
    this.directory = directory;
    this.guest = guest;
  }

  /** The name of the machine for people. */
  public String guest() {
    return guest;
  }

  public Path directory() {
    return directory;
  }

  public Path console() {
    return directory.resolve("console.log");
  }

  public Path consoleSocket() {
    return directory.resolve("console.sock");
  }

  public Path agent() {
    return directory.resolve("agent.sock");
  }

  public Path log() {
    return directory.resolve("qemu.log");
  }

  public Daemon daemon() {
    return new Daemon(directory.resolve("qemu.pid"));
  }

  Path monitor() {
    return directory.resolve("qmp.sock");
  }

  public Qmp qmp() {
    return Qmp.connect(monitor());
  }

  public Qmp qmp(Duration limit) {
    return Qmp.connect(monitor(), limit);
  }

  /** The folder in which QEMU's user makes sockets, and nobody else can make anything. */
  Path ports() {
    return directory.resolve("ports");
  }

  /** The folder of the sockets that it connects to; it makes none there. */
  public Path peers() {
    return directory.resolve(PEERS);
  }

  /** The file that keeps what is overwritten while a snapshot of that disk exists. */
  Path scratch(int disk) {
    return directory.resolve("scratch-" + disk);
  }

  /** Lets QEMU's user connect to a socket of {@link #peers} that was just bound. */
  public static void admit(Path socket) throws IOException {
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
  }

  /** Starts it. When this returns, its sockets exist and the guest's processor runs. */
  public void start(Boot boot) {
    try {
      Core.remove(directory);
      make(directory, "rwx------");
      make(ports(), "rwx------");
      make(peers(), "rwx--x--x");
      for (int i = 0; i < boot.disks().size(); i++) {
        Snapshots.makeScratch(scratch(i), Files.size(boot.disks().get(i)));
      }
    } catch (IOException broken) {
      throw MicaException.failed("make the directory", directory, Why.of(broken)).because(broken);
    }
    daemon().start(new CommandLine(this, boot).words(), directory, log(), START);
    awaitGreeting();
  }

  private static void make(Path directory, String mode) throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
  }

  /**
   * Waits for its first message, which comes when all devices exist; or it has ended and said why.
   */
  private void awaitGreeting() {
    try {
      qmp(START).close();
    } catch (MicaException silent) {
      boolean ended = daemon().ends(LAST_WORDS);
      daemon().kill();
      String said =
          ended ? LogTail.end(log()) : "it did not answer within " + START.toSeconds() + " s";
      throw MicaException.failed("start", "qemu-system-x86_64", said).because(silent);
    }
  }

  /**
   * A number that belongs to no user of this host, and is always the same. It is from the range
   * from which systemd, too, takes users for programs that shall have none.
   */
  public int user() {
    return FIRST_USER + Math.floorMod(directory.toString().hashCode(), USERS);
  }
}
