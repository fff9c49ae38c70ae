package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The content of a guest's disk as it was at one moment, which the guest reads from another,
 * read-only disk while it goes on writing to the first. QEMU's filter {@code copy-before-write}
 * copies what is about to be written over to a scratch file, and its {@code snapshot-access} shows
 * the content of before. The disk itself is always the file that it was: a QEMU that is killed
 * takes nothing of it along.
 *
 * <p>Of each disk there is one snapshot at a time.
 */
public final class Snapshots {
  private static final String DEVICE = "snapshot-";
  private static final String FILTER = "filter-";
  private static final String SCRATCH = "scratch-";
  private static final String VIEW = "view-";

  /**
   * QEMU 7.2 answers a read that begins in a cluster which was written over, and ends in one which
   * was not, from the disk of now: it takes the first of the two states for that of all. So each
   * read is made to be of one whole cluster, by a node that can align and bound them. It stands on
   * top: below a node that only bounds them, a read that begins in the middle of a cluster would
   * come in pieces that each touch two, and all would be read twice.
   */
  private static final String CLUSTERS = "clusters-";

  /**
   * QEMU 7.2's snapshot-access refuses a read that has any flag, and virtio-blk gives each a hint
   * on its memory. A quorum of one passes the read on without.
   */
  private static final String PLAIN = "plain-";

  /** What is read of a snapshot, from the device down to the filter. */
  private static final List<String> VIEWS = List.of(CLUSTERS, PLAIN, VIEW);

  /** What the device shows while there is no snapshot: zeros. */
  private static final String NOTHING = "nothing-";

  private final Qemu qemu;
  private final Disks disks;

  public Snapshots(Qemu qemu, Disks disks) {
    this.qemu = qemu;
    this.disks = disks;
  }

  /** What QEMU has of the scratch file from its start on, as it has the disk. */
  static String node(int disk) {
    return "driver=raw,node-name=" + SCRATCH + disk + ",discard=unmap";
  }

  /** An empty one, as large as the disk: it takes the space of what is written over meanwhile. */
  static void makeScratch(Path file, long size) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (RandomAccessFile scratch = new RandomAccessFile(file.toFile(), "rw")) {
      scratch.setLength(size);
    }
  }

  /** How the device of the snapshot is called, its serial number too. */
  public static String device(int disk) {
    return DEVICE + disk;
  }

  /**
   * Keeps the disk's content of this moment. Its guest holds its file system still meanwhile, for a
   * short time: all that can be done before or afterwards is not done here.
   */
  public void take(int disk) {
    ObjectNode filter = Records.object().put("driver", "copy-before-write");
    filter.put("node-name", FILTER + disk).put("file", Disks.id(disk));
    // A scratch file that cannot grow spoils the snapshot, not the guest's own writing.
    filter.put("target", SCRATCH + disk).put("on-cbw-error", "break-snapshot");
    boolean done = false;
    try (Qmp qmp = qemu.qmp()) {
      try {
        qmp.run("blockdev-add", filter);
        setDrive(qmp, Disks.id(disk), FILTER + disk);
        done = true;
      } finally {
        if (!done) {
          release(qmp, disk);
        }
      }
    }
  }

  /**
   * Gives the guest the snapshot as a disk. The device stays when the snapshot ends, and shows
   * nothing then: to find a device and to let it go takes the guest longer than all the rest.
   */
  public void plug(int disk) {
    try (Qmp qmp = qemu.qmp()) {
      Map<String, JsonNode> nodes = nodes(qmp);
      if (!nodes.containsKey(CLUSTERS + disk)) {
        view(qmp, disk, cluster(nodes.get(FILTER + disk)));
      }
      if (isPlugged(qmp, disk)) {
        setDrive(qmp, DEVICE + disk, CLUSTERS + disk);
      } else {
        disks.plug(qmp, DEVICE + disk, CLUSTERS + disk);
      }
    }
  }

  private static boolean isPlugged(Qmp qmp, int disk) {
    return Qemu.plugged(qmp, DEVICE + disk).contains("");
  }

  private static void view(Qmp qmp, int disk, long cluster) {
    ObjectNode view = Records.object().put("driver", "snapshot-access");
    view.put("node-name", VIEW + disk).put("file", FILTER + disk).put("read-only", true);
    ObjectNode plain = Records.object().put("driver", "quorum");
    plain.put("node-name", PLAIN + disk).put("vote-threshold", 1).put("read-pattern", "fifo");
    plain.put("read-only", true).putArray("children").add(VIEW + disk);
    ObjectNode clusters = Records.object().put("driver", "blkdebug");
    clusters.put("node-name", CLUSTERS + disk).put("image", PLAIN + disk).put("read-only", true);
    clusters.put("align", cluster).put("max-transfer", cluster);
    for (ObjectNode node : List.of(view, plain, clusters)) {
      qmp.run("blockdev-add", node);
    }
  }

  /** What the filter copies at a time, bytes: QEMU chooses it, and notes it with its bitmaps. */
  private long cluster(@Nullable JsonNode filter) {
    if (filter == null) {
      throw MicaException.failed("read the snapshot of", qemu.guest(), "there is none");
    }
    long cluster = 0;
    for (JsonNode bitmap : filter.path("dirty-bitmaps")) {
      cluster = Math.max(cluster, bitmap.path("granularity").asLong(0));
    }
    if (cluster == 0) {
      throw MicaException.failed(
          "read the snapshot of", qemu.guest(), "QEMU does not say in what clusters it is kept");
    }
    return cluster;
  }

  /**
   * Ends a snapshot at whatever step it is, and gives back the space of its scratch file. None is
   * fine. The guest has unmounted it before, and is not asked.
   */
  public void release(int disk) {
    try (Qmp qmp = qemu.qmp()) {
      release(qmp, disk);
    }
  }

  private void release(Qmp qmp, int disk) {
    Map<String, JsonNode> nodes = nodes(qmp);
    if (!nodes.containsKey(FILTER + disk)) {
      return;
    }
    if (isPlugged(qmp, disk)) {
      if (!nodes.containsKey(NOTHING + disk)) {
        nothing(qmp, disk);
      }
      setDrive(qmp, DEVICE + disk, NOTHING + disk);
    }
    for (String view : VIEWS) {
      if (nodes.containsKey(view + disk)) {
        delete(qmp, view + disk);
      }
    }
    setDrive(qmp, Disks.id(disk), Disks.id(disk));
    delete(qmp, FILTER + disk);
    empty(qemu.scratch(disk));
  }

  /** As large as the disk, for the device goes on being that. */
  private void nothing(Qmp qmp, int disk) {
    ObjectNode nothing = Records.object().put("driver", "null-co").put("node-name", NOTHING + disk);
    nothing.put("size", size(qemu.scratch(disk))).put("read-zeroes", true).put("read-only", true);
    qmp.run("blockdev-add", nothing);
  }

  private static long size(Path scratch) {
    try {
      return Files.size(scratch);
    } catch (IOException broken) {
      throw MicaException.failed("look at", scratch, Why.of(broken)).because(broken);
    }
  }

  private static void delete(Qmp qmp, String node) {
    qmp.run("blockdev-del", Records.object().put("node-name", node));
  }

  private static Map<String, JsonNode> nodes(Qmp qmp) {
    Map<String, JsonNode> nodes = new HashMap<>();
    for (JsonNode node : qmp.run("query-named-block-nodes", Records.object().put("flat", true))) {
      nodes.put(node.path("node-name").asString(""), node);
    }
    return nodes;
  }

  private static void setDrive(Qmp qmp, String device, String node) {
    ObjectNode drive = Records.object().put("path", "/machine/peripheral/" + device);
    qmp.run("qom-set", drive.put("property", "drive").put("value", node));
  }

  /** QEMU has it open and uses it no more; a sparse file of the same size has the same content. */
  private static void empty(Path scratch) {
    try (RandomAccessFile file = new RandomAccessFile(scratch.toFile(), "rw")) {
      long size = file.length();
      file.setLength(0);
      file.setLength(size);
    } catch (IOException broken) {
      throw MicaException.failed("empty", scratch, Why.of(broken)).because(broken);
    }
  }
}
